"""Coverage by kind of team and way of moving, day by day, and in the grids of another date."""

from datetime import date, timedelta

import pytest

from service.checkpoints.proofs import make_static
from service.coverage.actions import rebuild_marked
from service.coverage.windows import begin_of, local_day
from service.db import uuid7
from tests.factories import COMMUNITY, a_checkpoint, a_grid, a_member, a_square, a_team
from tests.service.phone import a_check_in, a_patrol, a_start, a_track, an_hour_ago, rfc3339, send

DAY = timedelta(days=1)
COVERAGE, TREND = "/api/v1/coverage", "/api/v1/coverage/trend"
SAME = ("share_seen", "share_no_evidence", "visits", "person_minutes", "check_ins")


@pytest.fixture
def walker(grid):
    member = a_member()
    a_team(member)
    return member


@pytest.fixture
def walked(walker, signed_in):
    send(signed_in(walker), a_patrol())
    rebuild_marked()


def visits(client, **query):
    return [each["visits"] for each in client.get(COVERAGE, query_string=query).json["items"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"mode": "foot"}, [1]),
        ({"mode": "car"}, [0]),
        ({"team_kind": "neighbour_watch"}, [1]),
        ({"team_kind": "alarm_bell"}, [0]),
        ({"team_kind": "neighbour_watch", "mode": "car"}, [0]),
    ],
)
def test_only_the_patrols_asked_for_count(centre, walked, query, found):
    assert visits(centre, **query) == found


def test_the_patrols_of_all_ways_of_moving_together_are_the_whole(centre, walked):
    whole = centre.get(COVERAGE).json["items"]
    assert centre.get(f"{COVERAGE}?mode=foot").json["items"] == whole


def test_check_ins_of_other_patrols_do_not_count(centre, walked):
    [found] = centre.get(f"{COVERAGE}?mode=horse").json["items"]
    assert sum(found["check_ins"].values()) == 0


def test_a_checkpoint_that_another_kind_of_team_visited_is_not_visited(centre, database, signed_in):
    a_checkpoint(a_grid(basis="checkpoints"))
    send(signed_in(a_member()), a_patrol())
    rebuild_marked()
    [found] = centre.get(f"{COVERAGE}?team_kind=alarm_bell").json["items"]
    assert found["share_seen"] == 0


def test_a_patrol_by_car_is_found_by_its_way_of_moving(centre, walker, signed_in):
    patrol, at = str(uuid7()), an_hour_ago()
    send(signed_in(walker), [a_start(patrol, at, mode="car"), a_track(patrol, at)])
    rebuild_marked()
    assert visits(centre, mode="car") == [1]


def test_a_date_shows_the_grids_of_that_date(centre, database):
    a_grid(retired_at=an_hour_ago() - 9 * DAY)
    a_grid(COMMUNITY + "002", a_square(97.38), since=an_hour_ago() - 9 * DAY)
    before = rfc3339(an_hour_ago() - 10 * DAY)
    items = centre.get(COVERAGE, query_string={"as_of": before}).json["items"]
    assert [each["code"] for each in items] == [COMMUNITY + "001"]


def test_a_trend_has_an_item_a_local_day(centre, walked):
    today = begin_of(local_day(an_hour_ago()))
    window = {"from": rfc3339(today - 2 * DAY), "to": rfc3339(today + DAY)}
    items = centre.get(TREND, query_string=window).json["items"]
    assert [each["visits"] for each in items] == [0, 0, 1]


def some_days(client):
    """A week in which a grid is redrawn, camps are called at, and one patrol's phone is late."""
    week = begin_of(local_day(an_hour_ago())) - 6 * DAY
    a_grid(COMMUNITY + "002", a_square(97.373), retired_at=week + 3 * DAY)
    a_grid(COMMUNITY + "002", a_square(97.373, size=0.002), since=week + 3 * DAY)
    camps = a_grid(COMMUNITY + "003", a_square(97.376), basis="checkpoints", since=week - DAY)
    mark = a_checkpoint(camps, 97.3772)
    a_checkpoint(camps, 97.3774, since=week + 4 * DAY)
    for day in (1, 5, 2, 0):
        at, patrol = week + day * DAY + timedelta(hours=9), str(uuid7())
        way = [(97.3702 + n * 0.0005, 37.3712) for n in range(10)]
        proof = {"method": "qr", "proof": make_static(mark.secret, mark.code)} if day != 2 else {}
        there = a_check_in(patrol, at + timedelta(minutes=9), lon=97.3772, **proof)
        send(client, [a_start(patrol, at), a_track(patrol, at, way), there])
        rebuild_marked()
    return {"from": rfc3339(week), "to": rfc3339(week + 7 * DAY)}


@pytest.mark.parametrize("of", [{}, {"mode": "foot"}, {"mode": "car"}, {"area": COMMUNITY + "002"}])
@pytest.mark.parametrize("is_as_of", [False, True])
def test_each_day_of_a_trend_is_what_coverage_says_of_it(centre, grid, walker, signed_in, of, is_as_of):
    window = some_days(signed_in(walker))
    of = of | ({"as_of": window["to"]} if is_as_of else {})
    items = centre.get(TREND, query_string=window | of).json["items"]
    assert {each["visits"] for each in items} == ({0} if of.get("mode") == "car" else {0, 1})
    for item in items:
        begin = begin_of(date.fromisoformat(item["day"]))
        day = {"from": rfc3339(begin), "to": rfc3339(begin + DAY)} | of
        grids = centre.get(COVERAGE, query_string=day).json["items"]
        [whole] = centre.get(COVERAGE, query_string=day | {"by": "community"}).json["items"]
        assert {name: item[name] for name in SAME} == {name: whole[name] for name in SAME}
        seen = sum(each["state"] == "seen" for each in grids)
        assert (item["grids"], item["grids_seen"]) == (len(grids), seen)


def test_a_trend_of_a_place_without_grids_is_nought(centre, database):
    assert {each["share_seen"] for each in centre.get(TREND).json["items"]} == {0.0}


def test_offsets_across_midnight_name_the_same_local_days(centre, grid):
    one = centre.get(f"{TREND}?from=2026-03-01T23:30:00-02:00&to=2026-03-02T23:30:00-02:00").json
    other = centre.get(f"{TREND}?from=2026-03-02T01:30:00Z&to=2026-03-03T01:30:00Z").json
    assert one == other and [each["day"] for each in one["items"]] == ["2026-03-02", "2026-03-03"]


def test_an_unchanged_trend_is_not_sent_again(centre, grid):
    window = "from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z"
    tag = centre.get(f"{TREND}?{window}").headers["ETag"]
    assert centre.get(f"{TREND}?{window}", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    "asked",
    [
        "coverage?team_kind=police",
        "coverage?mode=flying",
        "coverage?as_of=yesterday",
        "coverage?mode=foot&from=2026-01-01T00:00:00Z&to=2026-02-02T00:00:00Z",
        "coverage/trend?from=2026-01-01T00:00:00Z&to=2026-05-01T00:00:00Z",
        "coverage/trend?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
        "coverage/trend?from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z",
        "coverage/trend?by=grid",
        "coverage/overdue?at=2026",
        "coverage/overdue?cursor=Im5vdGhpbmci",
        "coverage/gaps?from=2021-01-01T00:00:00Z&to=2099-01-01T00:00:00Z",
    ],
)
def test_a_question_that_makes_no_sense_or_no_end_is_refused(centre, asked):
    answer = centre.get(f"/api/v1/{asked}")
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
