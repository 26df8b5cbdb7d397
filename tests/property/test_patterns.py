"""Patterns: whatever the rule, shifts are in order, in their period, at their local time, and few."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.duty.pattern import LOCAL, MOST, Pattern, read_rule, shifts, without_end

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
starts = st.datetimes(datetime(2024, 1, 1), datetime(2097, 1, 1), timezones=st.just(UTC))
clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
rules = st.one_of(
    st.builds("FREQ=DAILY;INTERVAL={}".format, st.integers(1, 30)),
    st.builds(
        lambda every, on: f"FREQ=WEEKLY;INTERVAL={every};BYDAY={','.join(on)}",
        st.integers(1, 8), st.lists(st.sampled_from(DAYS), min_size=1, unique=True),
    ),
    st.builds("FREQ=MONTHLY;BYMONTHDAY={}".format, st.sampled_from([1, 15, 31, -1, -31])),
    st.builds("FREQ=YEARLY;BYMONTH={};BYMONTHDAY={}".format, st.integers(1, 12), st.integers(1, 31)),
    st.builds("FREQ=DAILY;COUNT={}".format, st.integers(1, 999)),
)  # fmt: skip
patterns = st.builds(
    lambda start, days, rule, begins, minutes: Pattern(start, start + timedelta(days), rule, begins, minutes),
    starts, st.integers(1, 731), rules, clocks, st.integers(5, 1440),
)  # fmt: skip


def found(pattern):
    try:
        return shifts(pattern)
    except ValueError:
        return []


@given(patterns)
def test_shifts_begin_inside_the_period_at_the_local_time(pattern):
    for start, end in found(pattern):
        assert pattern.start <= start < pattern.end and end - start == timedelta(minutes=pattern.minutes)
        assert f"{start.astimezone(LOCAL):%H:%M}" == pattern.begins


@given(patterns)
def test_shifts_of_a_pattern_do_not_overlap_each_other(pattern):
    spans = found(pattern)
    assert all(one.end <= other.start for one, other in pairwise(spans))


@given(patterns)
def test_there_is_at_least_one_shift_and_not_too_many(pattern):
    try:
        assert 0 < len(shifts(pattern)) <= MOST
    except ValueError as refusal:
        assert "never occurs" in str(refusal) or "more than" in str(refusal)


@given(patterns, st.integers(1, 60))
def test_a_longer_period_only_adds_shifts(pattern, days):
    longer = pattern._replace(end=min(pattern.end + timedelta(days), pattern.start + timedelta(731)))
    spans = found(longer)
    if spans:
        assert [each for each in spans if each.start < pattern.end] == found(pattern)


@given(starts, st.integers(1, 40), clocks, st.lists(st.sampled_from(DAYS), min_size=1, unique=True))
def test_a_weekly_pattern_is_what_a_calendar_says(start, days, begins, on):
    end = start + timedelta(days)
    hour, minute = map(int, begins.split(":"))
    local = start.astimezone(LOCAL).replace(hour=hour, minute=minute, second=0, microsecond=0)
    moments = [local + timedelta(n) for n in range(-1, days + 2)]
    expected = [at for at in moments if DAYS[at.weekday()] in on and start <= at < end]
    spans = found(Pattern(start, end, f"FREQ=WEEKLY;BYDAY={','.join(on)}", begins, 30))
    assert [span.start for span in spans] == expected


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_sentence(text):
    try:
        assert read_rule(text).startswith(("FREQ", "BY", "INTERVAL", "COUNT", "UNTIL", "WKST"))
    except ValueError as refusal:
        assert str(refusal)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=4,6,9,11",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=5",
        "FREQ=DAILY;BYSETPOS=2",
    ],
)
def test_what_never_occurs_is_found_out_without_a_search_of_millennia(rule):
    start = datetime(2026, 3, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match=r"never occurs|Not a recurrence"):
        shifts(Pattern(start, start + timedelta(700), read_rule(rule), "20:00", 60))


def test_the_last_day_of_a_rule_is_included():
    start = datetime(2026, 3, 1, tzinfo=LOCAL)
    spans = shifts(Pattern(start, start + timedelta(30), "FREQ=DAILY;UNTIL=20260303", "23:00", 60))
    assert len(spans) == 3


@pytest.mark.parametrize("until", ["99991231", "99991231T235959", "99991230T000000Z", "20991231"])
def test_a_rule_may_end_in_a_far_year(until):
    start = datetime(2026, 3, 1, tzinfo=LOCAL)
    spans = shifts(Pattern(start, start + timedelta(3), f"FREQ=DAILY;UNTIL={until}", "23:00", 60))
    assert len(spans) == 3


@pytest.mark.parametrize("until", ["99991231T235959Z", "20261301", "20260230", "00000101", "20260101T250000"])
def test_an_end_that_does_not_exist_is_refused(until):
    with pytest.raises(ValueError, match="Not a recurrence rule"):
        read_rule(f"FREQ=DAILY;UNTIL={until}")


def test_a_leap_day_comes_in_leap_years():
    start = datetime(2027, 6, 1, tzinfo=LOCAL)
    (span,) = shifts(
        Pattern(start, start + timedelta(700), "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "08:00", 60)
    )
    assert span.start.astimezone(LOCAL).date().isoformat() == "2028-02-29"


def test_a_rule_without_end_has_neither_count_nor_until():
    assert without_end("FREQ=DAILY;COUNT=4;INTERVAL=2") == "FREQ=DAILY;INTERVAL=2"
