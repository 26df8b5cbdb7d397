"""How many patrols are out now, for who watches an area and knows no persons."""

from datetime import UTC, datetime, timedelta

import pytest

from service.db import uuid7
from tests.factories import COMMUNITY, a_member
from tests.service.phone import a_start, an_end, verdicts

COUNTY, OTHER = "632802000000", "632801000000"
HOUR = timedelta(hours=1)


def set_out(client, ago=HOUR, is_over=False):
    """A member of the community starts to walk."""
    patrol, at = str(uuid7()), datetime.now(UTC).replace(microsecond=0) - ago
    items = [a_start(patrol, at), *([an_end(patrol, at + ago / 2)] if is_over else [])]
    assert verdicts(client, items) == ["stored"] * len(items)


@pytest.fixture
def walker(database):
    return a_member(area=COMMUNITY)


def out(client, query=""):
    return client.get(f"/api/v1/patrols/under-way{query}").json


def test_who_has_set_out_is_counted_where_they_are_at_home(centre, phone):
    set_out(phone)
    told = out(centre, "?by=community")
    assert (told["patrols"], told["items"]) == (1, [{"code": COMMUNITY, "patrols": 1}])


@pytest.mark.parametrize("how", [{"is_over": True}, {"ago": 25 * HOUR}], ids=str)
def test_who_is_back_is_not_counted(centre, phone, how):
    set_out(phone, **how)
    assert out(centre)["patrols"] == 0


def test_another_county_hears_nothing_of_it(signed_in, phone):
    set_out(phone)
    stranger = signed_in(role="centre", area=OTHER)
    assert (out(stranger)["patrols"], out(stranger, f"?area={COMMUNITY}")["status"]) == (0, 404)


def test_a_member_counts_nobody(phone):
    assert phone.get("/api/v1/patrols/under-way").status_code == 403
