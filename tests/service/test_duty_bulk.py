"""Many assignments at once: from rows, from a season, from last month; all of them or none."""

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from openpyxl import Workbook

from service.teams.sheets import XLSX
from tests.factories import COMMUNITY, a_team
from tests.service.duty import URL, an_assignment, grids, midnight, shifts_on


def bulk(client, *rows, dry_run=False):
    return client.post(
        f"{URL}/bulk", json={"rows": list(rows)}, query_string={"dry_run": json.dumps(dry_run)}
    )


def a_row(team, grid=None, **more):
    where = {"grids": [grid.code]} if grid else {}
    period = {"from": str(midnight(1).date()), "to": str(midnight(2).date())}
    pattern = {"rrule": "FREQ=DAILY", "starts_at": "20:00", "minutes": 120}
    return {"team": team.code, **where, **period, **pattern, **more}


def test_many_are_assigned_at_once(officer, team):
    one, other = grids(2)
    report = bulk(officer, a_row(team, one), a_row(a_team(), other)).json
    assert (report["creates"], report["shifts"], len(shifts_on(officer, midnight(1)))) == (2, 4, 2)


def test_the_last_day_of_a_row_is_included(officer, team, grid):
    bulk(officer, a_row(team, grid))
    assert [len(shifts_on(officer, midnight(n))) for n in (1, 2, 3)] == [1, 1, 0]


def test_a_row_for_an_area_means_all_its_grids(officer, team):
    grids(3)
    bulk(officer, a_row(team, area=COMMUNITY))
    assert len(shifts_on(officer, midnight(1))[0]["grids"]) == 3


def test_a_dry_run_makes_nothing(officer, team, grid):
    report = bulk(officer, a_row(team, grid), dry_run=True).json
    assert (report["creates"], shifts_on(officer, midnight(1))) == (1, [])


def test_one_bad_row_spoils_all_and_is_named(officer, team):
    one, other = grids(2)
    answer = bulk(officer, a_row(team, one), a_row(team, other, rrule="FREQ=SECONDLY"))
    assert answer.status_code == 422 and [each["row"] for each in answer.json["errors"]["rows"]] == [2]
    assert shifts_on(officer, midnight(1)) == []


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"team": "nobody"}, "team"),
        ({"member": "nobody"}, "member"),
        ({"grids": ["632802001001999"]}, "grids"),
        ({"grids": []}, "grids"),
        ({"area": "632801001001"}, "grids"),
        ({"grids": [], "area": "632899999999"}, "area"),
        ({"from": "2026-02-30"}, "from"),
        ({"to": "yesterday"}, "to"),
        ({"minutes": 4}, "minutes"),
        ({"starts_at": "8:00"}, "starts_at"),
        ({"season": "fire_season"}, "year"),
        ({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "rrule"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_of_its_column(officer, team, grid, change, column):
    answer = bulk(officer, a_row(team, grid) | change)
    assert (answer.status_code, {each["column"] for each in answer.json["errors"]["rows"]}) == (422, {column})


def test_rows_that_collide_with_each_other_are_named(officer, team, grid):
    answer = bulk(officer, a_row(team, grid), a_row(a_team(), grid))
    assert [(each["row"], each["column"]) for each in answer.json["errors"]["rows"]] == [(2, "grids")]


def test_a_table_may_come_from_a_spreadsheet(officer, team, grid):
    day = midnight(1).date()
    row = f"{team.code},{grid.code},{day},{day},FREQ=DAILY,20:00,120"
    table = f"队伍,网格,开始,结束,规则,上岗,分钟\n{row}"
    answer = officer.post(f"{URL}/bulk", data=table.encode(), content_type="text/csv")
    assert (answer.status_code, answer.json["creates"]) == (200, 1)


def test_a_season_brings_its_own_period_and_pattern(officer, team, grid):
    year = datetime.now(UTC).year + 1
    report = bulk(
        officer, {"team": team.code, "grids": [grid.code], "season": "caterpillar_fungus", "year": year}
    )
    assert (report.json["creates"], report.json["shifts"]) == (1, 62)


def test_the_seasons_are_listed(officer):
    codes = [each["code"] for each in officer.get(f"{URL}/seasons").json["items"]]
    assert {"spring_move", "caterpillar_fungus"} <= set(codes)


def copy(client, month, **query):
    body = {"area": "632802000000", "month": f"{month:%Y-%m}"}
    return client.post(f"{URL}/copy", json=body, query_string=query)


def next_month():
    first = (midnight().replace(day=1) + timedelta(days=32)).replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


def in_next_month(client, team, grid):
    first, after = next_month()
    times = {"from": first.isoformat(), "to": after.isoformat()}
    assert client.post(URL, json=an_assignment(team, grid) | times).status_code == 201
    return first, after


def test_last_month_is_copied_into_the_next(officer, team, grid):
    first, after = in_next_month(officer, team, grid)
    assert copy(officer, first).json["creates"] == 1
    assert len(shifts_on(officer, after)) == 1


def test_a_copy_can_be_rehearsed(officer, team, grid):
    first, after = in_next_month(officer, team, grid)
    assert copy(officer, first, dry_run="true").json["creates"] == 1 and shifts_on(officer, after) == []


def test_a_second_copy_collides_for_members_only_where_they_are_busy(officer, team, member, grid):
    first, after = next_month()
    times = {"from": first.isoformat(), "to": after.isoformat(), "member_id": str(member.id)}
    officer.post(URL, json=an_assignment(team, grid) | times)
    assert [copy(officer, first).status_code for _ in range(2)] == [200, 422]


def test_a_month_without_assignments_cannot_be_copied(officer):
    assert copy(officer, next_month()[0]).status_code == 422


def test_a_workbook_is_read_as_well(officer, team, grid):
    book, out, day = Workbook(), BytesIO(), str(midnight(1).date())
    book.active.append(["team", "grids", "from", "to", "rrule", "starts_at", "minutes"])
    book.active.append([team.code, grid.code, day, day, "FREQ=DAILY", "20:00", 120])
    book.save(out)
    answer = officer.post(f"{URL}/bulk", data=out.getvalue(), content_type=XLSX)
    assert (answer.status_code, answer.json["shifts"]) == (200, 1)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"rows": []}', b'{"rows": [{}]}', b'{"rows": 7}', b"\xff"])
def test_a_body_that_is_no_rows_is_refused(officer, body):
    answer = officer.post(f"{URL}/bulk", data=body, content_type="application/json")
    assert answer.status_code in (400, 422)
