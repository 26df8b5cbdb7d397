"""Walks beside a shift: what lies outside its grids is marked."""

from datetime import UTC, datetime, timedelta

from service.db import session, uuid7
from service.patrols.models import CheckIn
from tests.factories import a_grid
from tests.service.duty import (
    grids,
    under_way,
)
from tests.service.phone import a_check_in, a_start, a_track, send


def marks_of(client, patrol):
    track = client.get(f"/api/v1/patrols/{patrol}/track", query_string={"purpose": "核对"})
    return {mark for each in track.json["properties"]["marks"] for mark in each}


def walked(client):
    at, patrol = datetime.now(UTC) - timedelta(minutes=30), str(uuid7())
    send(client, [a_start(patrol, at), a_track(patrol, at)])
    return patrol


def test_a_walk_outside_the_grids_of_the_shift_is_marked(officer, signed_in, team, member):
    (elsewhere,) = grids(1)
    under_way(officer, team, elsewhere, member_id=str(member.id))
    assert marks_of(officer, walked(signed_in(member))) == {"outside_assignment"}


def test_the_phone_is_told_at_once_what_lies_outside_the_grids_of_the_shift(officer, signed_in, team, member):
    a_grid()
    under_way(officer, team, *grids(1, "632802001002"), member_id=str(member.id))
    at, patrol = datetime.now(UTC) - timedelta(minutes=30), str(uuid7())
    there = {"lon": 97.3112, "lat": 37.3712}
    items = [
        a_start(patrol, at),
        a_track(patrol, at),
        a_check_in(patrol, at),
        a_check_in(patrol, at, **there),
    ]
    marks = [each["marks"] for each in send(signed_in(member), items).json["results"]]
    assert marks == [[], ["outside_assignment"], ["outside_assignment"], []]


def test_what_the_phone_is_told_of_the_shift_is_not_kept_with_the_check_in(officer, signed_in, team, member):
    a_grid()
    under_way(officer, team, *grids(1, "632802001002"), member_id=str(member.id))
    at, patrol = datetime.now(UTC) - timedelta(minutes=30), str(uuid7())
    send(signed_in(member), [a_start(patrol, at), a_check_in(patrol, at)])
    assert session.query(CheckIn.marks).scalar() == []


def test_a_walk_in_the_grids_of_the_shift_is_not_marked(officer, signed_in, team, member, grid):
    under_way(officer, team, grid)
    assert marks_of(officer, walked(signed_in(member))) == set()


def test_who_has_no_shift_walks_anywhere(officer, signed_in, member, grid):
    assert marks_of(officer, walked(signed_in(member))) == set()


def test_the_mark_does_not_depend_on_what_came_first(officer, signed_in, team, member):
    patrol = walked(signed_in(member))
    under_way(officer, team, *grids(1), member_id=str(member.id))
    assert marks_of(officer, patrol) == {"outside_assignment"}
