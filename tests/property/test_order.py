"""Whatever order, split and repetition uploads arrive in, the end state is that of the straight upload."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from service.coverage import measure, trend
from service.coverage.actions import rebuild_marked
from service.coverage.windows import Window, whole_days
from service.coverage.windows import days as days_of
from service.db import session, transaction
from service.uploads.actions import Batch, receive
from tests.conftest import thrown_away
from tests.factories import COMMUNITY, a_grid, a_member, a_square

MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
DAY = MIDNIGHT - timedelta(days=2)  # on which everything happens
WEST, SOUTH, SIZE = 97.37, 37.37, 0.003  # four grids, two by two
MEMBERS = 3
CLOCKS = (timedelta(), timedelta(seconds=90), timedelta(minutes=-7))  # how far each phone is ahead
STORIES = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
FEWER_STORIES = settings(STORIES, max_examples=20)

FACTS = {  # without what tells of the arrival
    "patrols": "id, member_id, mode, started_at, ended_at, first_at, last_at, erased_before",
    "patrol_moments": "id, patrol_id, kind, mode, recorded_at, phone_at",
    "fixes": "track_id, place, patrol_id, recorded_at, phone_at, position, accuracy_m, speed_mps,"
    " heading_deg, battery_pct, is_mock",
    "check_ins": "id, patrol_id, recorded_at, phone_at, position, accuracy_m, method, proof, note, photos,"
    " marks, grade, grid_id",
    "upload_items": "id, content, member_id",
    "quarantined_items": "item_id, content, member_id, raw, problem",
}
DERIVED = {
    "coverage_hours": "grid_id, hour, seen, person_seconds, silent_seconds, was_silent, last_seen_at",
    "coverage_days": "grid_id, day, seen, share_seen, person_seconds, silent_seconds, was_silent,"
    " last_seen_at",
    "coverage_visits": "day, community_code",
    "footprints": "patrol_id, grid_id, hour, seen, person_seconds, silent_seconds, last_seen_at, is_enough",
}


class Sent(NamedTuple):
    """An item, and which of the members sends it."""

    member: int
    item: dict[str, Any]


class Arrival(NamedTuple):
    """Some items of one member that come together; the worker may run afterwards."""

    member: int
    items: list[dict[str, Any]]
    then_rebuild: bool


def _id(number: int) -> str:
    return f"0197f3d0-6c1e-7000-8000-{number:012x}"


def _rfc3339(seconds: float) -> str:
    return (DAY + timedelta(seconds=seconds)).isoformat()


places = st.tuples(st.integers(-8, 68), st.integers(-8, 68)).map(
    lambda steps: (round(WEST + steps[0] * 1e-4, 6), round(SOUTH + steps[1] * 1e-4, 6))
)
accuracies = st.sampled_from([3.0, 6.0, 6.0, 20.0, 50.0, 51.0, 400.0, 0.0, None])
seconds = st.integers(0, 24 * 60 * 60 - 1)
pauses = st.sampled_from([0, 0, 5, 30, 30, 60, 290, 301, 900])
flags = st.sampled_from([0, 0, 0, 1])
MODES = ["foot", "bicycle", "car", "horse"]


@st.composite
def tracks(draw: Any, began: int) -> list[list[Any]]:
    """3 to 12 fixes: a walk, with leaps, silence, and fixes that nobody should believe."""
    (lon, lat), at, points = draw(places), began + draw(pauses), []
    for _ in range(draw(st.integers(3, 12))):
        ms = round(DAY.timestamp() * 1000) + at * 1000
        points.append([ms, lon, lat, draw(accuracies), None, None, None, draw(flags)])
        at += draw(pauses)
        leap = draw(st.sampled_from([False] * 7 + [True]))
        if leap:
            lon, lat = draw(places)
        lon, lat = round(lon + draw(st.integers(-3, 3)) * 1e-4, 6), round(lat + 2e-4, 6)
    return points


@st.composite
def walks(draw: Any, patrol: str) -> list[dict[str, Any]]:
    """What a phone records of one patrol; any of it may be missing, come twice or be of no use."""
    began, items = draw(seconds), []
    kinds = ["track", "track", "check_in", "patrol_start", "patrol_end", "bad"]
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=6)):
        at = began + draw(pauses)
        item = {"type": kind, "patrol_id": patrol}
        if kind == "track":
            item["points"] = draw(tracks(began))
        elif kind == "bad":
            item |= {"type": "check_in", "at": _rfc3339(at), "lon": 540, "lat": 37.0}
        else:
            item["at"] = _rfc3339(at)
        if kind == "patrol_start":
            item["mode"] = draw(st.sampled_from(MODES))
        if kind == "check_in":
            lon, lat = draw(places)
            item |= {"lon": lon, "lat": lat, "accuracy_m": draw(accuracies), "mock": draw(st.booleans())}
        items.append(item)
    return items


@st.composite
def days(draw: Any) -> list[Sent]:
    """A day of two or three members with one to three patrols each."""
    sent, number = [], 1
    for member in range(draw(st.integers(2, MEMBERS))):
        for _ in range(draw(st.integers(1, 3))):
            for item in draw(walks(_id(number := number + 1))):
                sent.append(Sent(member, item | {"id": _id(number := number + 1)}))
    return sent


@st.composite
def arrivals(draw: Any, sent: list[Sent]) -> list[Arrival]:
    """The same items shuffled, some of them more than once, cut into uploads anywhere."""
    again = draw(st.lists(st.sampled_from(sent), max_size=6))
    shuffled = draw(st.permutations(sent + again))
    cuts = draw(st.lists(st.booleans(), min_size=len(shuffled), max_size=len(shuffled)))
    parts: list[list[Sent]] = [[]]
    for each, is_cut in zip(shuffled, cuts, strict=True):
        if is_cut:
            parts.append([])
        parts[-1].append(each)
    runs = draw(st.lists(st.booleans(), min_size=len(parts), max_size=len(parts)))
    return [
        Arrival(member, [each.item for each in group], runs[number])
        for number, part in enumerate(parts)
        for member, group in groupby(sorted(part, key=itemgetter(0)), itemgetter(0))
    ]


@st.composite
def stories(draw: Any) -> tuple[list[Arrival], list[Arrival]]:
    """A day sent straight, one upload a member, and the same day as a bad network would have it."""
    sent = draw(days())
    straight = [
        Arrival(member, [each.item for each in group], False)
        for member, group in groupby(sent, itemgetter(0))
    ]
    return straight, draw(arrivals(sent))


@pytest.fixture(scope="module")
def connection(app: Any) -> Iterator[Any]:
    """A transaction around all days; it is thrown away."""
    with thrown_away(app) as connection:
        yield connection


@pytest.fixture(scope="module")
def people(connection: Any) -> list[UUID]:
    """Members of one community with four grids."""
    for number in range(4):
        corner = WEST + SIZE * (number % 2), SOUTH + SIZE * (number // 2)
        a_grid(f"{COMMUNITY}{number + 1:03}", a_square(*corner, SIZE))
    ids = [a_member().id for _ in range(MEMBERS)]
    session.commit()
    return ids


@contextmanager
def undone(connection: Any) -> Iterator[None]:
    """Whatever happens inside has not happened afterwards."""
    undo = connection.begin_nested()
    try:
        yield
    finally:
        session.remove()
        undo.rollback()


def state_after(connection: Any, people: list[UUID], arriving: list[Arrival]) -> dict[str, list[str]]:
    """All rows of all facts and all that is derived from them, when everything has arrived."""
    with undone(connection):
        for minute, each in enumerate(arriving):
            _arrive(people, each, MIDNIGHT + timedelta(minutes=minute))
        rebuild_marked()
        assert _rows("coverage_marks", "patrol_id") == []
        return {table: _rows(table, columns) for table, columns in (FACTS | DERIVED).items()} | {
            "coverage": _coverage()
        }


def _arrive(people: list[UUID], arrival: Arrival, now: datetime) -> None:
    clock = now + CLOCKS[arrival.member]
    with transaction():
        receive(people[arrival.member], Batch(UUID(_id(0)), "wgs84", clock, arrival.items), now)
    if arrival.then_rebuild:
        rebuild_marked()


def _rows(table: str, columns: str) -> list[str]:
    return sorted(map(str, session.execute(text(f"SELECT {columns} FROM {table}")).all()))


def _coverage() -> list[str]:
    """The answers for the day, for a window inside it, and for the community; and day by day."""
    whole, part = (
        Window(DAY, DAY + timedelta(days=2)),
        Window(DAY + timedelta(hours=6), DAY + timedelta(hours=12)),
    )
    answers = [
        *measure.by_grid(whole, measure.Question(COMMUNITY)),
        *measure.by_grid(part, measure.Question(COMMUNITY)),
        *measure.by_area(whole, measure.Question(COMMUNITY), "community"),
    ]
    by_day = trend.by_day(whole_days(*whole), measure.Question(COMMUNITY))
    return [json.dumps(each, default=str) for each in [*map(_told, answers), *map(list, by_day)]]


def _told(measured: measure.Measure) -> list[Any]:
    """What `GET /coverage` says of a grid or area."""
    shares = [measured.code, measured.share_seen, measured.share_no_evidence, measured.state]
    check_ins = sorted(measured.check_ins.items())
    return [*shares, measured.visits, measured.person_minutes, check_ins, measured.last_seen_at]


@STORIES
@given(story=stories())
def test_the_end_state_does_not_depend_on_how_uploads_arrive(connection, people, story):
    straight, otherwise = story
    assert state_after(connection, people, otherwise) == state_after(connection, people, straight)


@FEWER_STORIES
@given(story=stories())
def test_each_day_of_a_trend_is_what_coverage_says_of_it(connection, people, story):
    with undone(connection):
        for minute, each in enumerate(story[1]):
            _arrive(people, each, MIDNIGHT + timedelta(minutes=minute))
        rebuild_marked()
        window = whole_days(DAY, DAY + timedelta(days=2))
        for prefix in (COMMUNITY[:6], COMMUNITY, COMMUNITY + "002"):
            by_day = trend.by_day(window, measure.Question(prefix))
            assert [_of_day(each) for each in by_day] == [_alone(each, prefix) for _, each in days_of(window)]


def _of_day(day: trend.Day) -> list[Any]:
    return [
        day.share_seen,
        day.share_no_evidence,
        day.visits,
        day.person_minutes,
        sorted(day.check_ins.items()),
    ]


def _alone(day: Window, prefix: str) -> list[Any]:
    """What `GET /coverage` says of the only community, or grid, with a prefix."""
    found = _told(measure.by_area(day, measure.Question(prefix), "community")[0])
    return [found[1], found[2], found[4], found[5], found[6]]


def a_plain_day() -> list[Arrival]:
    fixes = [
        [round(DAY.timestamp() * 1000) + n * 30_000, WEST + n * 2e-4, SOUTH + 1e-3, 6.0] for n in range(9)
    ]
    track = {"type": "track", "id": _id(1), "patrol_id": _id(2), "points": fixes}
    start = {"type": "patrol_start", "id": _id(3), "patrol_id": _id(2), "at": _rfc3339(0), "mode": "horse"}
    return [Arrival(0, [track, start], False)]


def test_the_days_leave_something_to_compare(connection, people):
    state = state_after(connection, people, a_plain_day())
    assert [len(state[table]) for table in ("patrols", "fixes", "footprints")] == [1, 9, 1]
    assert '"partly"' in state["coverage"][0]
