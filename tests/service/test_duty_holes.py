"""When and where nobody is on duty, and why."""

from datetime import UTC, timedelta

from tests.factories import COMMUNITY, a_team
from tests.service.duty import HOLES, SHIFTS, grids, hours, made, midnight, shifts_on, tell, uncovered


def test_a_declined_own_shift_leaves_a_hole(officer, signed_in, member, own, grid):
    before = hours(officer, midnight(1), midnight(2))
    tell(signed_in(member), f"{own}/decline", reason="发烧")
    assert (before, hours(officer, midnight(1), midnight(2))) == ({grid.code: 22.0}, {grid.code: 24.0})


def test_a_grid_that_nobody_has_is_uncovered_all_the_time(officer, grid):
    assert hours(officer, midnight(1), midnight(3)) == {grid.code: 48.0}


def test_a_grid_that_somebody_always_has_is_no_hole(officer, team, grid):
    made(officer, team, grid, days=(0, 5), starts_at="00:00", minutes=1440)
    assert hours(officer, midnight(1), midnight(3)) == {}


def reasons(client, start, end):
    return {each["code"]: each["why"] for each in uncovered(client, start, end).json["items"]}


def test_a_hole_says_why_it_is_open(officer, signed_in, leader, team, grid):
    never, other = grids(2, "632802001002")
    made(officer, team, grid, days=(1, 2))
    made(officer, team, other, days=(3, 4))
    tell(
        signed_in(leader), f"{shifts_on(officer, midnight(1))[0]['id']}/decline", reason="雪", whole_team=True
    )
    assert reasons(officer, midnight(1), midnight(2)) == {
        grid.code: "declined",
        never.code: "nobody",
        other.code: "other_times",
    }


def test_the_spans_between_shifts_are_holes(officer, team, grid):
    made(officer, team, grid, days=(1, 3))
    (hole,) = uncovered(officer, midnight(1), midnight(2)).json["items"]
    at = [
        (midnight(1) + timedelta(hours=n)).astimezone(UTC).isoformat().replace("+00:00", "Z")
        for n in (0, 20, 22, 24)
    ]
    assert hole["spans"] == [{"from": at[0], "to": at[1]}, {"from": at[2], "to": at[3]}]


def test_a_shared_grid_is_covered_by_both_teams(officer, team, grid):
    made(officer, team, grid, days=(1, 2))
    made(officer, a_team(), grid, days=(1, 2), starts_at="21:00", reason="庙会")
    assert hours(officer, midnight(1), midnight(2)) == {grid.code: 21.0}


def test_holes_of_one_area_only(officer, grid):
    grids(1, "632802001002")
    assert hours(officer, midnight(1), midnight(2), area=COMMUNITY) == {grid.code: 24.0}


def test_holes_as_csv(officer, grid):
    window = {"from": midnight(1).isoformat(), "to": midnight(2).isoformat()}
    lines = officer.get(HOLES, query_string=window, headers={"Accept": "text/csv"}).text.splitlines()
    assert lines[0] == "code,name,from,to" and lines[1].startswith(f"{grid.code},{grid.name},")


def test_holes_come_in_pages(officer):
    codes = [each.code for each in grids(3)]
    first = uncovered(officer, midnight(1), midnight(2), limit=2).json
    second = uncovered(officer, midnight(1), midnight(2), limit=2, cursor=first["next_cursor"]).json
    assert [each["code"] for page in (first, second) for each in page["items"]] == codes


def test_a_window_of_holes_has_at_most_31_days(officer, grid):
    assert uncovered(officer, midnight(1), midnight(40)).status_code == 422


def test_who_leaves_the_team_is_expected_in_its_shifts_no_more(officer, team, member, own, grid):
    officer.delete(f"/api/v1/teams/{team.id}/members/{member.id}")
    shown = officer.get(f"{SHIFTS}/{own}").json
    assert (shown["state"], hours(officer, midnight(1), midnight(2))) == ("cancelled", {grid.code: 24.0})
