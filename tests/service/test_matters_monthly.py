"""The bulletin of each month: made by itself, once, for counties and the prefecture, and never changed."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select, update

from service.db import session
from service.matters import monthly
from service.matters.models import Matter, MatterBulletin, MatterClass
from service.outbox.models import OutboxEvent
from tests.factories import COMMUNITY, COUNTY, a_grid
from tests.service.matter_steps import URL, report

PREFECTURE = "632800000000"
BULLETINS = f"{URL}/bulletins"
ARREARS = {"class": "wage_arrears", "text": "拖欠三个月", "facts": {"people": 12, "amount_yuan": 86000.5}}
IN_MAY, IN_JUNE, IN_JULY = (datetime(2026, month, 15, tzinfo=UTC) for month in (5, 6, 7))


@pytest.fixture
def officer(signed_in):
    a_grid()
    return signed_in(role="officer", area=COUNTY)


def reported(officer, at, **fields):
    """A matter that arrived at a time."""
    matter = report(officer, **ARREARS | fields)
    session.execute(update(Matter).where(Matter.id == matter["id"]).values(received_at=at))
    return matter


def test_each_county_and_the_prefecture_have_one_of_the_month_that_ended(officer):
    monthly.make(IN_JULY)
    made = session.execute(select(MatterBulletin.area_code, MatterBulletin.month)).all()
    assert {COUNTY, PREFECTURE} <= {area for area, _ in made} and {month for _, month in made} == {
        date(2026, 6, 1)
    }


def test_the_month_is_that_of_qinghai(officer):
    monthly.make(datetime(2026, 6, 30, 16, 20, tzinfo=UTC))  # 00:20 of 1 July
    assert session.scalar(select(func.min(MatterBulletin.month))) == date(2026, 6, 1)


def test_it_tells_what_arrived_in_its_month_and_what_was_left_from_before(officer):
    reported(officer, IN_MAY)
    reported(officer, IN_JUNE, facts={"people": 3, "amount_yuan": 1000})
    monthly.make(IN_JULY)
    (made,) = officer.get(f"{BULLETINS}?area={COUNTY}").json["items"]
    told = officer.get(f"{BULLETINS}/{made['id']}").json
    assert (made["month"], told["total"]["reported"], told["open_from_before"]) == ("2026-06", 1, 1)
    assert told["facts"] == {"people": 3, "amount_yuan": 1000}


def test_it_is_made_once_and_stays_as_it_was_told(officer):
    monthly.make(IN_JULY)
    reported(officer, IN_JUNE)
    assert monthly.make(IN_JULY) == 0
    (made,) = officer.get(f"{BULLETINS}?area={COUNTY}").json["items"]
    assert officer.get(f"{BULLETINS}/{made['id']}").json["total"]["reported"] == 0


def test_classes_that_ask_for_none_or_were_not_valid_have_none(officer):
    wages = update(MatterClass).where(MatterClass.code == "wage_arrears")
    session.execute(wages.values(valid_from=date(2026, 7, 1)))
    assert monthly.make(IN_JULY) == 0


def test_the_newest_come_first(officer):
    monthly.make(IN_JUNE)
    monthly.make(IN_JULY)
    listed = officer.get(f"{BULLETINS}?area={COUNTY}&limit=1")
    assert listed.json["items"][0]["month"] == "2026-06" and listed.json["next_cursor"]


def test_it_is_printed(officer):
    monthly.make(IN_JULY)
    (made,) = officer.get(f"{BULLETINS}?area={COUNTY}").json["items"]
    answer = officer.get(f"{BULLETINS}/{made['id']}?format=pdf")
    assert answer.content_type == "application/pdf" and answer.data.startswith(b"%PDF-")


def test_officers_hear_that_it_was_made(officer):
    monthly.make(IN_JULY)
    told = session.scalars(select(OutboxEvent.area_code).filter_by(kind="bulletin.made")).all()
    assert COUNTY in told


def test_another_countys_is_not_there(officer, signed_in):
    monthly.make(IN_JULY)
    made = session.scalars(select(MatterBulletin.id).filter_by(area_code=PREFECTURE)).one()
    assert officer.get(f"{BULLETINS}/{made}").status_code == 404
    assert (
        signed_in(role="officer", area="632801000000").get(f"{BULLETINS}?area={COUNTY}").json["items"] == []
    )


def test_members_are_shown_none(signed_in):
    assert signed_in(role="member", area=COMMUNITY).get(BULLETINS).status_code == 403
