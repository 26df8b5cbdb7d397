"""Assignments that change: edited, ended, handed over, carried along when grids are redrawn."""

from service.db import session
from service.duty.models import AssignmentGrid, Shift
from tests.factories import COMMUNITY, a_square, a_team
from tests.service.duty import URL, grids, made, midnight, shifts_on


def test_a_change_needs_the_version_that_was_read(officer, team, grid):
    kept = made(officer, team, grid)
    assert officer.patch(f"{URL}/{kept['id']}", json={"minutes": 60}).status_code == 428


def test_two_leaders_cannot_undo_each_others_change(officer, team, grid):
    kept = made(officer, team, grid)
    seen = {"If-Match": officer.get(f"{URL}/{kept['id']}").headers["ETag"]}
    codes = [
        officer.patch(f"{URL}/{kept['id']}", json={"minutes": n}, headers=seen).status_code for n in (60, 90)
    ]
    assert codes == [200, 412]


def changed(client, kept, **changes):
    seen = {"If-Match": client.get(f"{URL}/{kept['id']}").headers["ETag"]}
    answer = client.patch(f"{URL}/{kept['id']}", json=changes, headers=seen)
    assert answer.status_code == 200, answer.json
    return answer.json


def test_a_change_moves_the_shifts_to_come(officer, team, grid):
    kept = made(officer, team, grid, days=(1, 2))
    changed(officer, kept, starts_at="18:00")
    shifts = {each["starts_at"]: each["state"] for each in shifts_on(officer, midnight(1))}
    assert sorted(shifts.values()) == ["cancelled", "planned"]


def test_a_change_of_grids_frees_the_old_one(officer, team):
    one, other = grids(2)
    changed(officer, made(officer, team, one), grids=[other.code])
    assert made(officer, a_team(), one)


def test_a_change_is_refused_where_another_team_is(officer, team):
    one, other = grids(2)
    made(officer, a_team(), other)
    kept = made(officer, team, one)
    answer = officer.patch(f"{URL}/{kept['id']}", json={"grids": [other.code]}, headers={"If-Match": "*"})
    assert answer.status_code in (409, 412)


def test_a_change_keeps_what_people_have_answered(officer, signed_in, team, member, grid):
    kept = made(officer, team, grid, days=(1, 3), member_id=str(member.id))
    (shift,) = shifts_on(officer, midnight(1))
    signed_in(member).post(f"/api/v1/shifts/{shift['id']}/accept")
    changed(officer, kept, to=midnight(5).isoformat())
    assert shifts_on(officer, midnight(1))[0]["people"][0]["state"] == "accepted"


def test_the_history_says_what_was_done(officer, team, grid):
    kept = made(officer, team, grid)
    changed(officer, kept, minutes=60)
    officer.post(f"{URL}/{kept['id']}/end", json={"note": "队伍解散"})
    steps = officer.get(f"{URL}/{kept['id']}/history").json["items"]
    assert [(each["kind"], each["note"]) for each in steps] == [
        ("made", None),
        ("changed", None),
        ("ended", "队伍解散"),
    ]
    assert steps[1]["before"]["minutes"] == 120


def test_an_assignment_that_has_ended_frees_its_grids(officer, team, grid):
    kept = made(officer, team, grid)
    officer.post(f"{URL}/{kept['id']}/end", json={})
    assert made(officer, a_team(), grid)


def test_an_assignment_ends_once(officer, team, grid):
    kept = made(officer, team, grid)
    assert [officer.post(f"{URL}/{kept['id']}/end", json={}).status_code for _ in range(2)] == [200, 409]


def test_handing_over_gives_the_rest_to_another_team(officer, team, grid):
    kept, other = made(officer, team, grid), a_team()
    body = {"team_id": str(other.id), "at": midnight(3).isoformat(), "note": "换防"}
    new = officer.post(f"{URL}/{kept['id']}/hand-over", json=body).json
    per_team = [
        [shift["team"]["id"] for shift in shifts_on(officer, midnight(day)) if shift["state"] == "planned"]
        for day in (2, 3)
    ]
    assert per_team == [[str(team.id)], [str(other.id)]] and new["follows_id"] == kept["id"]


def test_a_handed_over_rhythm_of_two_weeks_keeps_its_step(officer, team, grid):
    kept = made(officer, team, grid, days=(1, 60), rrule="FREQ=DAILY;INTERVAL=14;COUNT=4")
    body = {"team_id": str(a_team().id), "at": midnight(10).isoformat(), "note": "换防"}
    new = officer.post(f"{URL}/{kept['id']}/hand-over", json=body).json
    changed(officer, new, minutes=60)
    planned = (
        session.query(Shift).filter_by(assignment_id=new["id"], state="planned").order_by(Shift.starts_at)
    )
    assert [(each.starts_at - midnight(1)).days for each in planned] == [14, 28, 42]


def test_a_revision_carries_an_assignment_to_the_successors_and_says_so(officer, team, grid):
    kept = made(officer, team, grid)
    west, east = a_square(97.37, 37.37, 0.0015), a_square(97.3715, 37.37, 0.0015)
    halves = [
        {"type": "Feature", "geometry": shape.__geo_interface__,
         "properties": {"community": COMMUNITY, "replaces": [grid.code]}}
        for shape in (west, east)
    ]  # fmt: skip
    proposal = officer.post("/api/v1/grid-revisions", json={"type": "FeatureCollection", "features": halves})
    assert officer.post(f"/api/v1/grid-revisions/{proposal.json['id']}/approve").status_code == 200
    carried = officer.get(f"{URL}/{kept['id']}").json["grids"]
    assert {each["carried_from"] for each in carried} == {grid.code} and len(carried) == 2
    steps = officer.get(f"{URL}/{kept['id']}/history").json["items"]
    assert steps[-1]["kind"] == "carried" and grid.code in steps[-1]["note"]


def redrawn(client, grid):
    """The grid gets smaller, by a revision."""
    outline = a_square(97.37, 37.37, 0.002).__geo_interface__
    properties = {"community": COMMUNITY, "replaces": [grid.code]}
    file = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "geometry": outline, "properties": properties}],
    }
    proposal = client.post("/api/v1/grid-revisions", json=file).json
    assert client.post(f"/api/v1/grid-revisions/{proposal['id']}/approve").status_code == 200


def test_what_was_promised_before_a_revision_stays_with_the_old_grid(officer, team, grid):
    kept = made(officer, team, grid, days=(-3, 8))
    redrawn(officer, grid)
    session.expire_all()
    old, new = (
        session.query(AssignmentGrid).filter_by(assignment_id=kept["id"]).order_by(AssignmentGrid.grid_id)
    )
    assert old.during[-1].upper <= new.during[0].lower


def test_a_grid_that_was_dropped_does_not_come_back_with_the_next_change(officer, team):
    one, other = grids(2)
    kept = made(officer, team, one, other, days=(-2, 8))
    changed(officer, kept, grids=[other.code])
    changed(officer, kept, minutes=60)
    assert [each["code"] for each in officer.get(f"{URL}/{kept['id']}").json["grids"]] == [other.code]


def test_a_carried_assignment_can_be_changed_afterwards(officer, team, grid):
    kept = made(officer, team, grid, days=(-3, 8))
    redrawn(officer, grid)
    assert [each["carried_from"] for each in changed(officer, kept, minutes=60)["grids"]] == [grid.code]
