"""Suggestions that are applied: they become assignments, once, as long as nothing has changed."""

import pytest

from service.db import session
from service.duty.models import Assignment
from tests.service.suggestions import a_ground, answered, applied, asked

pytestmark = pytest.mark.usefixtures("short_of_time")


def test_an_applied_suggestion_becomes_assignments(officer):
    a_ground()
    found = answered(officer)
    made = applied(officer, found).json["items"]
    assert len(made) == len(found["answer"]["lines"]) > 0


def test_a_suggestion_is_applied_once(officer):
    a_ground()
    found = answered(officer)
    assert (applied(officer, found).status_code, applied(officer, found).status_code) == (200, 409)


def test_what_changed_in_between_makes_a_suggestion_stale(officer):
    a_ground()
    first, second = answered(officer), answered(officer)
    applied(officer, first)
    answer = applied(officer, second)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/stale")


def test_a_suggestion_says_what_would_change(officer):
    a_ground()
    first = answered(officer)
    applied(officer, first)
    again = answered(officer)["answer"]["diff"]
    assert (again["added"], again["removed"], again["kept"]) == ([], [], first["answer"]["diff"]["added"])


def test_what_had_the_grids_ends_when_the_suggestion_begins(officer):
    a_ground()
    applied(officer, answered(officer))
    applied(officer, answered(officer))
    open_ones = session.query(Assignment).filter(Assignment.ended_at.is_(None)).count()
    assert open_ones == session.query(Assignment).count() // 2


def test_a_suggestion_that_is_not_ready_cannot_be_applied(officer):
    a_ground()
    assert applied(officer, asked(officer).json).status_code == 409
