"""Reports: what comes again, what lies outside all grids, what its class asks for."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from service.db import session, uuid7
from service.matters.clocks import day_of
from service.matters.models import MatterClass
from tests.factories import COMMUNITY, a_report
from tests.service.matter_steps import URL, report, steps
from tests.service.phone import rfc3339, verdicts

pytestmark = pytest.mark.usefixtures("grid")

DESERT = {"lon": 97.9, "lat": 37.9}  # no grid lies there


def test_a_report_sent_again_is_known_after_its_class_was_put_right(worker, clerk):
    sent = a_report(id=str(uuid7()))
    steps(clerk, report(worker, **sent), ("file", {"class": "safety_hazard"}))
    again = worker.post(URL, json=sent)
    assert (again.status_code, again.json["class"]) == (201, "safety_hazard")


@pytest.mark.parametrize(
    "other", [{"photos": ["a" * 64]}, {"lon": 97.372}, {"accuracy_m": 5}, {"class": "theft_risk"}]
)
def test_the_same_id_with_anything_else_is_a_conflict(worker, other):
    sent = a_report(id=str(uuid7()))
    report(worker, **sent)
    assert worker.post(URL, json=sent | other).status_code == 409


def test_what_lies_in_no_grid_belongs_to_the_area_of_who_reports_it(worker, clerk):
    for each in (worker, clerk):
        matter = report(each, **DESERT)
        assert (matter["grid"], matter["area"], matter["marks"]) == (None, COMMUNITY, ["outside_grids"])


def test_an_officer_reports_nothing_in_anothers_grid(signed_in, grid):
    elsewhere = signed_in(role="officer", area="632801001001")
    assert elsewhere.post(URL, json=a_report()).status_code == 404


@pytest.mark.parametrize("facts", [{"people": "很多"}, {"people": -3}, {"people": 3, "amount_yuan": "x"}, {}])
def test_people_and_money_are_numbers_and_not_below_zero(worker, facts):
    sent = a_report(**{"class": "wage_arrears", "text": "工地", "facts": {"amount_yuan": 9} | facts})
    assert worker.post(URL, json=sent).status_code == 422


def test_a_class_counts_by_the_time_of_the_finding_and_not_of_the_report(worker):
    now = datetime.now(UTC)
    ended = update(MatterClass).where(MatterClass.code == "fire_hazard").values(valid_to=day_of(now))
    session.execute(ended)
    before, after = a_report(at=rfc3339(now - timedelta(days=1))), a_report(at=rfc3339(now))
    assert [worker.post(URL, json=each).status_code for each in (before, after)] == [201, 422]
    items = [{"type": "matter", "id": str(uuid7())} | each for each in (before, after)]
    assert verdicts(worker, items) == ["stored", "quarantined"]
