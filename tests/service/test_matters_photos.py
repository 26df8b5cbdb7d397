"""Photos of matters: shown to those who see the matter, and to nobody else."""

import pytest

from service.db import uuid7
from tests.factories import COMMUNITY, COUNTY, a_grid, a_member, a_team
from tests.service.matter_steps import TOWNSHIP, report, steps
from tests.service.phone import a_check_in, an_hour_ago, verdicts
from tests.service.photos import a_photo, name_of, put, url_of

ELSEWHERE = "632801001001"  # in another county


@pytest.fixture
def photo():
    return a_photo()


@pytest.fixture
def reporter(signed_in):
    a_grid()
    return signed_in(role="member", area=COMMUNITY)


@pytest.fixture
def matter(reporter, photo):
    """A matter with a photo that came after it."""
    found = report(reporter, photos=[name_of(photo)])
    assert put(reporter, photo).status_code == 201
    return found


@pytest.mark.parametrize(
    ("role", "area"), [("officer", COMMUNITY), ("officer", COUNTY), ("centre", COUNTY), ("centre", TOWNSHIP)]
)
def test_who_sees_the_matter_sees_its_photo(signed_in, matter, photo, role, area):
    assert signed_in(role=role, area=area).get(url_of(photo)).status_code == 200


@pytest.mark.parametrize("role", ["officer", "centre", "member"])
def test_another_area_sees_no_photo_of_it(signed_in, matter, photo, role):
    stranger = signed_in(role=role, area=ELSEWHERE)
    assert stranger.get(url_of(photo)).status_code == stranger.head(url_of(photo)).status_code == 404


def test_a_colleague_sees_the_photo_once_the_matter_is_theirs(signed_in, clerk, matter, photo):
    person = a_member("member", COMMUNITY)
    given, colleague = str(person.id), signed_in(person)
    assert colleague.get(url_of(photo)).status_code == 404
    steps(clerk, matter, "file", ("dispatch", {"assignee_id": given}))
    assert colleague.get(url_of(photo)).status_code == 200


def test_a_leader_sees_the_photos_of_the_communitys_matters(signed_in, matter, photo):
    leader = a_member("leader", COMMUNITY)
    a_team(leader=leader)
    assert signed_in(leader).get(url_of(photo)).status_code == 200


def test_the_photo_of_a_step_is_shown_to_who_reported(signed_in, clerk, reporter, matter):
    person, proof = a_member("member", COMMUNITY), a_photo(size=(50, 50))
    handler = signed_in(person)
    put(handler, proof)
    steps(clerk, matter, "file", ("dispatch", {"assignee_id": str(person.id)}))
    assert reporter.get(url_of(proof)).status_code == 404
    steps(handler, matter, ("handle", {"photos": [name_of(proof)]}))
    assert reporter.get(url_of(proof)).status_code == 200


def test_naming_a_strangers_photo_in_a_report_opens_nothing(signed_in, reporter, clerk, photo):
    put(signed_in(role="member", area=ELSEWHERE), photo)
    report(reporter, photos=[name_of(photo)])
    assert reporter.get(url_of(photo)).status_code == clerk.get(url_of(photo)).status_code == 404


def test_the_command_centre_sees_no_photo_of_a_check_in(signed_in, reporter, photo):
    put(reporter, photo)
    seen = a_check_in(str(uuid7()), an_hour_ago(), photos=[name_of(photo)])
    assert verdicts(reporter, [seen]) == ["stored"]
    assert signed_in(role="officer", area=COMMUNITY).get(url_of(photo)).status_code == 200
    assert signed_in(role="centre", area=COMMUNITY).get(url_of(photo)).status_code == 404


def test_who_looks_at_a_matters_photo_leaves_a_row(signed_in, reporter, matter, photo):
    signed_in(role="centre", area=COUNTY).get(url_of(photo))
    assert reporter.get("/api/v1/me/access-log").json["items"][0]["action"] == "photo.read"
