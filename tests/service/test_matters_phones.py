"""Matters that come with uploads, from phones that were offline."""

import pytest

from service.db import uuid7
from tests.factories import COMMUNITY, COUNTY, a_member
from tests.service.matter_steps import TOWNSHIP, URL, history, report, steps
from tests.service.phone import a_start, an_hour_ago, rfc3339, send, verdicts

pytestmark = pytest.mark.usefixtures("grid")


def an_item(**fields):
    found = {"type": "matter", "id": str(uuid7()), "at": rfc3339(an_hour_ago())}
    return found | {"class": "fire_hazard", "title": "楼道堆物", "lon": 97.3712, "lat": 37.3712} | fields


def test_a_matter_comes_with_an_upload_and_knows_its_patrol(worker):
    patrol, at = str(uuid7()), an_hour_ago()
    item = an_item(patrol_id=patrol)
    assert verdicts(worker, [a_start(patrol, at), item]) == ["stored", "stored"]
    assert worker.get(f"{URL}/{item['id']}").json["patrol_id"] == patrol


def test_a_matter_sent_twice_is_a_duplicate_and_otherwise_a_conflict(worker):
    item = an_item()
    assert verdicts(worker, [item]) == ["stored"]
    assert verdicts(worker, [item, item | {"title": "另一件"}]) == ["duplicate", "conflict"]
    assert len(worker.get(URL).json["items"]) == 1


def test_a_matter_of_an_unlisted_class_is_quarantined_and_spoils_nothing(worker):
    items = [an_item(), an_item(**{"class": "belief"}), an_item(photos=["no"])]
    assert verdicts(worker, items) == ["stored", "quarantined", "quarantined"]


def test_a_matter_on_anothers_patrol_is_rejected(worker, signed_in):
    patrol = str(uuid7())
    verdicts(signed_in(role="member", area=COMMUNITY), [a_start(patrol, an_hour_ago())])
    assert verdicts(worker, [an_item(patrol_id=patrol)]) == ["rejected"]


def test_an_id_that_another_matter_has_is_a_conflict(worker, clerk):
    taken = report(clerk)
    assert verdicts(worker, [an_item(id=taken["id"])]) == ["conflict"]


def test_what_a_phone_lacks_is_kept_and_marked(worker):
    item = an_item(**{"class": "debt_dispute"}, lon=97.9)
    assert send(worker, [item]).json["results"][0]["marks"] == ["outside_grids"]
    assert "incomplete" in worker.get(f"{URL}/{item['id']}").json["marks"]


def test_a_journey_from_an_offline_phone_to_the_county_and_back(signed_in, leader, member, team):
    """Reported beside a patrol, filed, climbed twice, handled by the county, verified, closed, evaluated."""
    phone, township, county = (
        signed_in(member),
        signed_in(role="officer", area=TOWNSHIP),
        signed_in(role="officer"),
    )
    patrol, at = str(uuid7()), an_hour_ago()
    item = an_item(patrol_id=patrol, **{"class": "pasture_boundary"}, text="界桩被移动", photos=["c" * 64])
    assert verdicts(phone, [item, a_start(patrol, at)]) == ["stored", "stored"]
    matter = phone.get(f"{URL}/{item['id']}").json
    steps(signed_in(leader), matter, "file", "escalate")
    steps(signed_in(role="officer", area=COMMUNITY), matter, "escalate")
    steps(township, matter, "escalate")
    expert = a_member("officer", COUNTY)
    steps(county, matter, ("dispatch", {"assignee_id": str(expert.id)}), ("add_party", {"party": "林草局"}))
    steps(signed_in(expert), matter, "accept", "handle", ("party_done", {"party": "林草局"}), "feed_back")
    steps(county, matter, "verify", ("close", {"reason": "mediated"}))
    end = steps(phone, matter, ("evaluate", {"reason": "satisfied"}))
    assert (end["stage"], end["level"]) == ("evaluated", "county")
    told = county.get(f"{URL}/{matter['id']}/file").json
    assert told["chain"]["verified"] and len(told["steps"]) == end["version"] == 14
    assert history(phone, matter)[:3] == ["report", "file", "escalate"]
