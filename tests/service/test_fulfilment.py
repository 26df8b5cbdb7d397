"""What was promised against what was walked: evidence in the grids and the window of a shift."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from service.checkpoints import proofs
from service.coverage.actions import rebuild_marked
from service.db import uuid7
from service.duty.pattern import LOCAL
from service.fulfilment.rule import Evidence, outcome
from tests.factories import COMMUNITY, a_checkpoint, a_grid, a_member, a_square, a_team
from tests.service.duty import a_shift
from tests.service.phone import WALK, a_check_in, a_start, a_track, an_end, an_hour_ago, send

URL = "/api/v1/duty/fulfilment"


def walk(client, places=WALK, at=None, *extra):
    at, patrol = at or an_hour_ago(), str(uuid7())
    end = at + timedelta(seconds=30 * len(places))
    items = [a_start(patrol, at), a_track(patrol, at, places), an_end(patrol, end)]
    verdicts = send(client, [*items, *(a_check_in(patrol, at, **each) for each in extra)]).json["results"]
    assert {each["status"] for each in verdicts} == {"stored"}, verdicts
    rebuild_marked()


def tally(client, **query):
    return client.get(URL, query_string=query).json["items"]


def what_became(client, **query):
    (found,) = tally(client, **query)
    names = ("walked", "partly", "no_evidence", "missed", "ahead")
    assert sum(found[name] for name in names) == found["promised"]
    return [name for name in names if found[name]]


def there_and_back(rows=6, steps=14):
    """A walk that sees most of the square of `a_grid`."""
    lat = np.linspace(37.3702, 37.3728, rows)
    lon = np.linspace(97.3702, 97.3728, steps)
    return [(float(x), float(y)) for n, y in enumerate(lat) for x in (lon if n % 2 == 0 else lon[::-1])]


def test_a_shift_that_nobody_walked_is_missed(officer, team, grid):
    a_shift(officer, team, grid)
    assert what_became(officer) == ["missed"]


def test_a_shift_whose_grid_was_seen_is_walked(officer, signed_in, team, member, grid):
    a_shift(officer, team, grid)
    walk(signed_in(member), there_and_back())
    assert what_became(officer) == ["walked"]


def test_a_short_walk_fulfils_a_shift_in_part(officer, signed_in, team, member):
    wide = a_grid(shape=a_square(97.369, 37.37, 0.008))
    a_shift(officer, team, wide)
    walk(signed_in(member))
    assert what_became(officer) == ["partly"]


def test_a_check_in_alone_is_presence_without_evidence(officer, signed_in, team, member, grid):
    a_shift(officer, team, grid)
    at, patrol = an_hour_ago(), str(uuid7())
    send(signed_in(member), [a_start(patrol, at), a_check_in(patrol, at)])
    rebuild_marked()
    assert what_became(officer) == ["no_evidence"]


def test_the_walk_of_another_team_fulfils_nothing(officer, signed_in, team, grid):
    stranger = a_member(area=COMMUNITY)
    a_team(stranger)
    a_shift(officer, team, grid)
    walk(signed_in(stranger), there_and_back())
    assert what_became(officer) == ["missed"]


def test_a_walk_before_the_shift_fulfils_nothing(officer, signed_in, team, member, grid):
    a_shift(officer, team, grid, hours_ago=1, minutes=30)
    walk(signed_in(member), there_and_back(), an_hour_ago() - timedelta(hours=3))
    assert what_became(officer) == ["missed"]


def test_being_online_for_the_whole_shift_counts_for_nothing(officer, signed_in, team, member, grid):
    a_shift(officer, team, grid)
    far = [(97.5, 37.5)] * 60
    walk(signed_in(member), far)
    assert what_became(officer) == ["missed"]


def test_checkpoints_fulfil_a_pastoral_grid(officer, signed_in, team, member):
    pasture = a_grid(basis="checkpoints")
    mark = a_checkpoint(pasture)
    a_shift(officer, team, pasture)
    at = an_hour_ago()
    proof = proofs.make(mark.secret, mark.code, proofs.step_at(at))
    walk(signed_in(member), WALK, at, {"method": "qr", "proof": proof})
    assert what_became(officer) == ["walked"]


def test_a_shift_that_is_not_over_is_ahead(officer, team, grid):
    a_shift(officer, team, grid, hours_ago=1, minutes=180)
    assert what_became(officer) == ["ahead"]


def test_a_declined_shift_is_promised_no_more(officer, signed_in, team, member, grid):
    shift = a_shift(officer, team, grid, hours_ago=1, minutes=180, member_id=str(member.id))
    signed_in(member).post(f"/api/v1/shifts/{shift}/decline", json={"reason": "发烧"})
    assert tally(officer) == []


def test_a_walk_that_arrives_late_fulfils_the_shift_all_the_same(officer, signed_in, team, member, grid):
    a_shift(officer, team, grid, hours_ago=20)
    before = what_became(officer)
    walk(signed_in(member), there_and_back(), an_hour_ago() - timedelta(hours=18, minutes=30))
    assert (before, what_became(officer)) == (["missed"], ["walked"])


CODES = {
    "grid": COMMUNITY + "001",
    "community": COMMUNITY,
    "township": "632802001000",
    "county": "632802000000",
}


@pytest.mark.parametrize(("by", "code"), CODES.items())
def test_promises_are_added_up_by_grid_and_area(officer, team, grid, by, code):
    a_shift(officer, team, grid)
    (found,) = tally(officer, by=by)
    assert (found["code"], found["promised"], found["shifts"]) == (code, 1, 1)


def test_promises_are_added_up_by_team(officer, team, grid):
    a_shift(officer, team, grid)
    assert [each["code"] for each in tally(officer, by="team")] == [team.code]


def test_promises_are_told_for_each_shift(officer, team, grid):
    shift = a_shift(officer, team, grid)
    assert [each["code"] for each in tally(officer, by="shift")] == [shift]


def test_no_figure_is_about_a_person(officer, team, grid):
    a_shift(officer, team, grid)
    assert officer.get(URL, query_string={"by": "member"}).status_code == 422


def test_a_shift_whose_first_patrol_begins_late_is_flagged(officer, signed_in, team, member, grid):
    a_shift(officer, team, grid)
    walk(signed_in(member), there_and_back())
    assert tally(officer)[0]["late_starts"] == 1


def test_a_shift_that_is_begun_in_time_is_not_flagged(officer, signed_in, team, member, grid):
    a_shift(officer, team, grid, hours_ago=1, minutes=59)
    walk(signed_in(member), there_and_back(), an_hour_ago() + timedelta(minutes=2))
    assert tally(officer)[0]["late_starts"] == 0


def test_a_leader_is_told_of_the_own_teams_only(officer, signed_in, leader, team):
    one, other = a_grid(), a_grid(COMMUNITY + "002", a_square(97.4))
    a_shift(officer, team, one)
    a_shift(officer, a_team(), other)
    assert [each["code"] for each in tally(signed_in(leader), by="grid")] == [one.code]


def test_the_answer_comes_in_pages(officer, team):
    codes = [a_grid(f"{COMMUNITY}{n:03}", a_square(97.3 + n / 100)) for n in (1, 2, 3)]
    a_shift(officer, team, *codes)
    first = officer.get(URL, query_string={"limit": 2}).json
    second = tally(officer, limit=2, cursor=first["next_cursor"])
    assert [each["code"] for each in (*first["items"], *second)] == [each.code for each in codes]


def test_a_window_has_at_most_31_days(officer):
    assert officer.get(URL, query_string={"from": "2026-01-01T00:00:00Z"}).status_code == 422


def roll(client, shift):
    (found,) = client.get(f"/api/v1/shifts/{shift}/spot-checks").json["items"]
    return found["expected"], found["answered"]


def called(client, shift):
    return client.post(f"/api/v1/shifts/{shift}/spot-checks", json={"minutes": 5}).json["id"]


def test_a_spot_check_expects_whoever_is_in_the_shift(officer, team, grid):
    shift = a_shift(officer, team, grid, hours_ago=1, minutes=180)
    called(officer, shift)
    assert roll(officer, shift) == (2, 0)


def test_whoever_answers_has_shown_up(officer, signed_in, team, member, grid):
    shift = a_shift(officer, team, grid, hours_ago=1, minutes=180)
    signed_in(member).post(f"/api/v1/spot-checks/{called(officer, shift)}/answer")
    assert roll(officer, shift) == (2, 1)


def test_whoever_checks_in_within_the_window_has_shown_up(officer, signed_in, team, member, grid):
    shift = a_shift(officer, team, grid, hours_ago=1, minutes=180)
    called(officer, shift)
    patrol, now = str(uuid7()), datetime.now(LOCAL)
    send(signed_in(member), [a_start(patrol, now - timedelta(minutes=5)), a_check_in(patrol, now)])
    assert roll(officer, shift) == (2, 1)


@pytest.mark.parametrize(
    ("evidence", "basis", "marks", "is_over", "what"),
    [
        (Evidence(0.25), "area", 0, True, "walked"),
        (Evidence(0.24), "area", 0, True, "partly"),
        (Evidence(0.0, was_there=True), "area", 0, True, "no_evidence"),
        (Evidence(), "area", 4, True, "missed"),
        (Evidence(0.9), "checkpoints", 4, True, "missed"),
        (Evidence(0.9, was_there=True), "checkpoints", 4, True, "no_evidence"),
        (Evidence(0, 1), "checkpoints", 4, True, "partly"),
        (Evidence(0, 2), "checkpoints", 4, True, "walked"),
        (Evidence(0, 2), "area", 4, True, "walked"),
        (Evidence(0, 2), "area", 4, False, "walked"),
        (Evidence(0.2), "area", 0, False, "ahead"),
    ],
)
def test_the_rule(evidence, basis, marks, is_over, what):
    assert outcome(evidence, basis, marks, is_over=is_over) == what
