"""Importing teams and members from tables."""

import io
import zipfile

import openpyxl
import pytest
from sqlalchemy import func, select

from service.db import session
from service.members.models import Member
from service.teams.models import Membership, Team
from service.teams.sheets import MOST_ROWS, XLSX
from tests.factories import COMMUNITY, a_member, a_team

TEAMS, MEMBERS = "/api/v1/teams/import", "/api/v1/members/import"
GOLMUD_COMMUNITY = "632801001001"
TEAM = f"t-1,邻里守望一队,neighbour_watch,{COMMUNITY}"


def teams(*rows, header="code,name,kind,area"):
    return "\n".join((header, *rows)).encode()


def members(*rows, header="code,name,phone,role,area,team,is_leader"):
    return "\n".join((header, *rows)).encode()


def send(client, url, body, media_type="text/csv", **query):
    return client.post(url, data=body, content_type=media_type, query_string=query)


def faults(answer):
    assert answer.status_code == 422, answer.text
    return [(each["row"], each["column"]) for each in answer.json["errors"]["rows"]]


def a_workbook(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def count(model):
    return session.scalar(select(func.count()).select_from(model))


def test_teams_are_created_and_a_second_import_changes_nothing(officer):
    first, again = (send(officer, TEAMS, teams(TEAM)).json for _ in range(2))
    assert (first["creates"], first["updates"], first["unchanged"]) == (1, 0, 0)
    assert (again["creates"], again["updates"], again["unchanged"]) == (0, 0, 1)
    assert officer.get("/api/v1/teams").json["items"][0]["name"] == "邻里守望一队"


def test_a_changed_row_is_an_update(officer):
    send(officer, TEAMS, teams(TEAM))
    answer = send(officer, TEAMS, teams(TEAM.replace("一队", "二队"))).json
    assert (answer["creates"], answer["updates"]) == (0, 1)
    session.expire_all()
    assert session.scalars(select(Team.name)).all() == ["邻里守望二队"]


def test_a_dry_run_changes_nothing(officer):
    answer = send(officer, TEAMS, teams(TEAM, "t-2,x,nothing,1"), dry_run="true")
    assert answer.status_code == 200
    assert (answer.json["dry_run"], answer.json["rows"], answer.json["creates"]) == (True, 2, 1)
    assert {each["column"] for each in answer.json["errors"]} == {"kind", "area"}
    assert count(Team) == 0


def test_chinese_headings_and_a_byte_order_mark_are_understood(officer):
    body = "\ufeff编号,名称,类型,区域\r\n".encode() + f"T一,店店联防,店店联防,{COMMUNITY}\r\n".encode()
    assert send(officer, TEAMS, body).json["creates"] == 1
    assert session.scalars(select(Team.kind)).all() == ["shop_watch"]


def test_a_workbook_is_read_with_its_numbers_as_text(officer):
    body = a_workbook(["code", "name", "kind", "area"], [7, "七队", "村警", int(COMMUNITY)])
    assert send(officer, TEAMS, body, XLSX).json["creates"] == 1
    assert session.scalars(select(Team.code)).all() == ["7"]


def test_a_formula_is_kept_as_the_text_that_it_is(officer):
    body = a_workbook(["code", "name", "kind", "area"], ["f", '=HYPERLINK("x")', "村警", COMMUNITY])
    assert send(officer, TEAMS, body, XLSX).status_code == 200
    assert session.scalars(select(Team.name)).all() == ['=HYPERLINK("x")']


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (f"t-2,,村警,{COMMUNITY}", "name"),
        (f"t-2,　　,村警,{COMMUNITY}", "name"),
        (f"t-2,a\x07b,村警,{COMMUNITY}", "name"),
        (f"t-2,a\x00b,村警,{COMMUNITY}", "name"),
        (f"t-2,\u202egpj.exe,村警,{COMMUNITY}", "name"),
        (f't-2,"x\nSet-Cookie: a=b",村警,{COMMUNITY}', "name"),
        (f"t-2,{'长' * 101},村警,{COMMUNITY}", "name"),
        (f"t-2,x,police,{COMMUNITY}", "kind"),
        ("t-2,x,村警,632802", "area"),
        ("t-2,x,村警,632802999999", "area"),
        (f"t-2,x,村警,{GOLMUD_COMMUNITY}", "area"),
        (f"t 2,x,村警,{COMMUNITY}", "code"),
        (f"t-1,x,村警,{COMMUNITY}", "code"),
    ],
)
def test_one_bad_row_keeps_out_the_whole_table(officer, row, column):
    assert faults(send(officer, TEAMS, teams(TEAM, row))) == [(3, column)]
    assert count(Team) == 0


@pytest.mark.parametrize("name", ["ᠪᠠᠲᠤ\u202fᠶᠢᠨ བོད", "👩\u200d👩\u200d👧", "<script>", "Ｔｅａｍ 1"])
def test_names_in_any_script_survive(officer, name):
    assert send(officer, TEAMS, teams(f"t,{name},村警,{COMMUNITY}")).status_code == 200
    assert session.scalars(select(Team.name)).all() == [name]


def test_names_are_composed(officer):
    send(officer, TEAMS, teams(f"t,Cafe\u0301,村警,{COMMUNITY}"))
    assert session.scalars(select(Team.name)).all() == ["Caf\u00e9"]


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("code,name,kind", "area"),
        ("code,name,kind,area,name", "name"),
        ("code,name,kind,area,role", "role"),
        ("", "area"),
    ],
)
def test_headings_are_checked(officer, header, column):
    assert (1, column) in faults(send(officer, TEAMS, teams(header=header)))


def test_more_cells_than_headings_are_a_fault(officer):
    assert faults(send(officer, TEAMS, teams(TEAM + ",x"))) == [(2, "")]


@pytest.mark.parametrize("body", [teams(TEAM).decode().encode("gbk"), teams(TEAM).decode().encode("utf-16")])
def test_what_is_not_utf_8_is_refused_clearly(officer, body):
    answer = send(officer, TEAMS, body)
    assert answer.status_code == 400
    assert "UTF-8" in answer.json["detail"]


@pytest.mark.parametrize("body", [b"", b"PK", b"not a workbook", a_workbook(["code"])[:-40]])
def test_what_is_no_workbook_is_refused(officer, body):
    assert send(officer, TEAMS, body, XLSX).status_code == 400


def test_a_workbook_that_inflates_too_far_is_not_opened(officer):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(100 * 1024 * 1024))
    assert len(file.getvalue()) < 200_000
    assert send(officer, TEAMS, file.getvalue(), XLSX).status_code == 413


def test_a_workbook_whose_words_multiply_is_refused(officer):
    laughs = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {new} "{f"&{old};" * 50}">' for old, new in zip("abcdef", "bcdefg", strict=True)
    )
    file, plain = io.BytesIO(), io.BytesIO(a_workbook(["code", "name", "kind", "area"]))
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(file, "w") as new:
        for part in old.namelist():
            text = old.read(part)
            if part == "xl/worksheets/sheet1.xml":
                text = f"{laughs}]>".encode() + text.replace(b"code", b"&g;")
            new.writestr(part, text)
    assert send(officer, TEAMS, file.getvalue(), XLSX).status_code in (400, 422)


def test_at_most_50_000_rows(officer):
    body = teams(*(f"t{n},x,村警,{COMMUNITY}" for n in range(MOST_ROWS + 1)))
    assert send(officer, TEAMS, body).status_code == 413


def test_only_tables_are_taken(officer):
    assert send(officer, TEAMS, b"[]", "application/json").status_code == 415


@pytest.mark.parametrize("role", ["member", "leader", "centre", "auditor"])
def test_who_may_not_import_is_refused(signed_in, role):
    assert send(signed_in(role=role), TEAMS, teams(TEAM)).status_code == 403


def test_a_team_out_of_reach_cannot_be_taken_over(officer):
    a_team(code="t-1", area=GOLMUD_COMMUNITY)
    assert faults(send(officer, TEAMS, teams(TEAM))) == [(2, "code")]


def test_members_are_created_with_their_team(officer):
    team = a_team(code="t-1")
    body = members(f"m-1,巴图,+86 100-1234-5678,,{COMMUNITY},t-1,是", f"m-2,才让,10012345679,,{COMMUNITY},,")
    assert send(officer, MEMBERS, body).json["creates"] == 2
    assert send(officer, MEMBERS, body).json["unchanged"] == 2
    leaders = officer.get(f"/api/v1/teams/{team.id}").json["leaders"]
    assert [each["name"] for each in leaders] == ["巴图"]
    roles = select(Member.role).where(Member.phone.is_not(None)).order_by(Member.code)
    assert session.scalars(roles).all() == ["leader", "member"]


def test_a_member_joins_another_team_and_stays_in_the_first(officer):
    member = a_member(code="m-1", name="巴图", phone="10012345678")
    a_team(member)
    a_team(code="t-2")
    answer = send(officer, MEMBERS, members(f"m-1,巴图,10012345678,,{member.area_code},t-2,"))
    assert (answer.json["creates"], answer.json["updates"]) == (0, 1)
    assert count(Membership) == 2


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (f"m,x,1380000,,{COMMUNITY},,", "phone"),
        (f"m,x,,,{COMMUNITY},,", "phone"),
        (f"m,x,１００１２３４５６７８,,{COMMUNITY},,", "phone"),
        (f"m,x,10012345678,officer,{COMMUNITY},,", "role"),
        (f"m,x,10012345678,admin,{COMMUNITY},,", "role"),
        (f"m,x,10012345678,,{COMMUNITY},nowhere,", "team"),
        (f"m,x,10012345678,,{COMMUNITY},far,", "team"),
        (f"m,x,10012345678,,{COMMUNITY},here,perhaps", "is_leader"),
        (f"m,x,10012345678,member,{COMMUNITY},here,yes", "role"),
        (f"m,x,10012345678,,{COMMUNITY},,yes", "team"),
        (f"chief,x,10012345678,,{COMMUNITY},,", "code"),
        (f"stranger,x,10012345678,,{COMMUNITY},,", "code"),
    ],
)
def test_a_bad_member_row_is_told(officer, row, column):
    a_team(code="here")
    a_team(code="far", area=GOLMUD_COMMUNITY)
    a_member("officer", code="chief")
    a_member(code="stranger", area=GOLMUD_COMMUNITY)
    assert faults(send(officer, MEMBERS, members(row))) == [(2, column)]
    assert session.scalars(select(Member).where(Member.code == "m")).all() == []


def test_a_large_table_is_imported_set_wise(officer):
    body = members(*(f"m-{n},x,10000{n:06},,{COMMUNITY},," for n in range(2000)))
    assert send(officer, MEMBERS, body).json["creates"] == 2000
    assert send(officer, MEMBERS, body).json["unchanged"] == 2000
