"""The rules of alarms, for any input: nothing that is sent stops a call, no step leads backwards."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.alarms.calls import made_id, read, when
from service.alarms.workflow import CLOSED, STATUSES, STEPS, Part, after, allowed
from service.values import EARLIEST

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NAMES = ("id", "at", "lon", "lat", "accuracy_m", "mock", "crs")
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
whenever = st.datetimes(timezones=st.just(UTC))


@given(st.dictionaries(st.sampled_from(NAMES), anything), anything)
def test_every_call_is_understood(raw, crs):
    call = read(raw, crs)
    assert (call.position is None) == ("no_position" in call.marks)


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_a_good_position_is_kept(lon, lat):
    assert read({"lon": lon, "lat": lat}, "wgs84").position == (lon, lat)


@given(st.dictionaries(st.sampled_from(NAMES), anything))
def test_the_same_call_has_the_same_content(raw):
    assert read(raw, "wgs84").content == read(dict(raw), "wgs84").content


@given(whenever, st.timedeltas())
def test_a_call_never_lies_ahead_or_before_all_time(at, offset):
    true, _ = when(at, offset, NOW)
    assert EARLIEST <= true <= NOW


@given(
    st.timedeltas(timedelta(0), timedelta(days=365)), st.timedeltas(timedelta(days=-900), timedelta(days=900))
)
def test_a_wrong_clock_is_corrected_to_within_the_skew(ago, offset):
    true, _ = when(NOW - ago + offset, offset, NOW)
    assert abs(NOW - ago - true) <= timedelta(minutes=2)


@given(st.text(), st.text())
def test_made_ids_differ_with_their_parts(one, other):
    assert (made_id(one) == made_id(other)) == (one == other)
    assert (made_id(one).version, made_id(one).variant) == (8, "specified in RFC 4122")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("step", STEPS)
def test_no_step_leads_backwards(status, step):
    then = after(status, step)
    assert then is None or STATUSES.index(then) >= STATUSES.index(status)


@pytest.mark.parametrize("status", CLOSED)
@pytest.mark.parametrize("part", Part)
def test_nothing_can_be_done_after_the_end(status, part):
    assert allowed(status, part) == []


@pytest.mark.parametrize("part", Part)
def test_what_is_allowed_can_be_taken(part):
    for status in STATUSES:
        assert all(after(status, step) for step in allowed(status, part))
