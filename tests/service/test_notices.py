"""Notices: whom they reach, and how many have read them."""

from datetime import UTC, datetime, timedelta

import pytest

from service.db import session
from service.notices.models import Notice
from tests.factories import COMMUNITY, a_grid, a_member, a_square, a_team
from tests.service.duty import made

URL = "/api/v1/notices"
NEW = {"title": "大风预警", "text": "今晚大风，请注意防火。", "area": COMMUNITY}
HERE, ELSEWHERE = a_square().__geo_interface__, a_square(94.9, 36.4).__geo_interface__


def sent(client, **more):
    answer = client.post(URL, json={name: value for name, value in (NEW | more).items() if value is not None})
    assert answer.status_code == 201, answer.json
    return answer.json


def teams_of(notice):
    return [each["id"] for each in notice["teams"]]


def test_a_notice_goes_to_the_teams_at_home_in_an_area(officer, team):
    a_team(area="632802001002")
    assert teams_of(sent(officer)) == [str(team.id)]


def test_the_centre_sends_notices_as_well(signed_in, team):
    assert teams_of(sent(signed_in(role="centre"))) == [str(team.id)]


def test_a_leader_reaches_the_own_team_only(signed_in, leader, team):
    a_team()
    assert teams_of(sent(signed_in(leader))) == [str(team.id)]


def test_a_polygon_reaches_who_is_at_home_where_its_grids_are(officer, team):
    a_grid()
    a_team(area="632802001002")
    assert teams_of(sent(officer, area=None, shape=HERE)) == [str(team.id)]


def test_a_polygon_reaches_who_is_on_duty_in_its_grids(officer, team):
    guests = a_team(area="632802001002")
    made(officer, guests, a_grid())
    assert {str(team.id), str(guests.id)} == {*teams_of(sent(officer, area=None, shape=HERE))}


def test_a_notice_that_reaches_nobody_is_refused(officer, team):
    answer = officer.post(URL, json={"title": "a", "text": "b", "shape": ELSEWHERE})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["shape"])


@pytest.mark.parametrize(
    "change",
    [
        {"shape": HERE},
        {"area": None},
        {"area": None, "shape": {"type": "Point", "coordinates": [97, 37]}},
        {
            "area": None,
            "shape": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]},
        },
        {"area": None, "shape": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, "x"], [0, 0]]]}},
        {"title": "x" * 101},
        {"text": "x" * 2001},
        {"text": "\u0000"},
        {"expires_at": "2021-01-01T00:00:00Z"},
        {"sent_at": "2026-01-01T00:00:00Z"},
    ],
)
def test_what_makes_no_sense_is_refused(officer, team, change):
    body = {name: value for name, value in (NEW | change).items() if value is not None}
    assert officer.post(URL, json=body).status_code == 422


def test_a_notice_to_an_area_that_is_not_seen_is_not_sent(signed_in, leader, team):
    assert signed_in(leader).post(URL, json=NEW | {"area": "632801001001"}).status_code == 404


def test_a_member_finds_the_notices_to_the_team(officer, signed_in, member, team):
    a_notice = sent(officer)
    assert [each["id"] for each in signed_in(member).get(URL).json["items"]] == [a_notice["id"]]


def test_whoever_is_in_no_team_that_it_went_to_finds_nothing(officer, signed_in, team):
    a_notice = sent(officer)
    stranger = signed_in(a_member(area=COMMUNITY))
    assert (
        stranger.get(URL).json["items"] == [] and stranger.get(f"{URL}/{a_notice['id']}").status_code == 404
    )


def test_an_expired_notice_is_listed_on_demand_only(officer, team):
    kept = session.get_one(Notice, sent(officer, expires_at="2099-01-01T00:00:00Z")["id"])
    kept.sent_at, kept.expires_at = (datetime.now(UTC) - timedelta(days=n) for n in (2, 1))
    listed = [officer.get(URL, query_string=query).json["items"] for query in ({}, {"expired": "true"})]
    assert [len(items) for items in listed] == [0, 1]


def test_readers_are_counted_per_team(officer, signed_in, member, leader, team):
    a_notice = sent(officer)
    for _ in range(2):
        assert signed_in(member).post(f"{URL}/{a_notice['id']}/read").status_code == 204
    (shown,) = officer.get(f"{URL}/{a_notice['id']}").json["teams"]
    assert (shown["members"], shown["read"]) == (2, 1)


def test_a_member_sees_that_one_has_read_it_but_no_counts(officer, signed_in, member, team):
    a_notice, client = sent(officer), signed_in(member)
    client.post(f"{URL}/{a_notice['id']}/read")
    shown = client.get(f"{URL}/{a_notice['id']}").json
    assert (shown["is_read"], shown["teams"]) == (True, [])


def test_whoever_it_did_not_go_to_is_no_reader(officer, team):
    assert officer.post(f"{URL}/{sent(officer)['id']}/read").status_code == 409
