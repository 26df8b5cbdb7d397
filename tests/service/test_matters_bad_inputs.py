"""Hostile and careless reports and steps: each is answered clearly, none is a 500."""

import json

import pytest

from service.db import uuid7
from tests.conftest import SHARED
from tests.factories import a_grid, a_report
from tests.service.matter_steps import URL, report, step

STATUS = {"accept": {201}, "accept_clamped": {201}, "reject_422": {422}, "reject_400": {400}, "404": {404}}


def cases():
    file = SHARED / "cases" / "bad_inputs.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return [case for case in known if case["target"] == "matter" and case["group"] in ("json", "unicode")]


@pytest.fixture
def officer(signed_in):
    a_grid()
    return signed_in(role="officer")


def body_of(case):
    if "raw" in case:  # the file gives one field; the others are in order
        others = {name: value for name, value in a_report().items() if name != "title"}
        return json.dumps(others)[:-1].encode() + b", " + case["raw"].encode()[1:]
    if case.get("generator", "").startswith("py:"):
        return eval(case["generator"][3:])
    fields = {"text" if name == "description" else name: value for name, value in case["payload"].items()}
    return json.dumps(a_report(**fields)).encode()


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"])
def test_a_case_of_the_file_is_answered_as_it_says(officer, case):
    answer = officer.post(URL, data=body_of(case), content_type="application/json")
    allowed = set().union(*(STATUS.get(each, set()) for each in [case["expect"], *case.get("also_ok", [])]))
    assert answer.status_code in allowed, answer.json
    assert answer.status_code == 201 or answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"lon": 181}, 422), ({"lat": "37"}, 422), ({"lon": None}, 422), ({"title": " "}, 422),
        ({"title": "x" * 101}, 422), ({"photos": ["x"]}, 422), ({"photos": ["a" * 64] * 21}, 422),
        ({"facts": {str(n): n for n in range(11)}}, 422), ({"facts": {"n": 1e300}}, 422),
        ({"facts": {"n": [1]}}, 422), ({"at": "2099-01-01T00:00:00Z"}, 422), ({"id": "1"}, 422),
        ({"level": "county"}, 422), ({"reporter_id": str(uuid7())}, 422), ({"crs": "epsg"}, 422),
    ],
)  # fmt: skip
def test_a_report_that_cannot_be(officer, fields, status):
    assert officer.post(URL, json=a_report(**fields)).status_code == status


@pytest.mark.parametrize(
    "said",
    [
        {"step": "remind"}, {"step": "report"}, {"step": None}, {"step": "note", "note": "x" * 2001},
        {"step": "note", "note": "a\u0000b"}, {"step": "note", "version": True, "note": "x"},
        {"step": "note", "version": 0, "note": "x"}, {"step": "note", "version": 2**40, "note": "x"},
        {"step": "dispatch"}, {"step": "suspend", "reason": "season"}, {"step": "merge"},
        {"step": "merge", "into_id": str(uuid7())}, {"step": "dispatch", "class": "other"},
    ],
)  # fmt: skip
def test_a_step_that_cannot_be(officer, said):
    matter = report(officer)
    answer = officer.post(f"{URL}/{matter['id']}/steps", json={"version": 2} | said)
    assert answer.status_code in (403, 422), answer.json


def test_a_collection_is_not_put(officer):
    answer = officer.put(URL, json={})
    assert answer.status_code == 405 and "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["%00", "{0}", "urn:uuid:{0}", "{{{0}}}"])
def test_only_the_canonical_path_is_a_matter(officer, path):
    matter = report(officer)
    answer = officer.get(f"{URL}/{path.format(matter['id'])}")
    assert answer.status_code == (200 if path == "{0}" else 404)


def test_an_area_is_not_edited(officer):
    matter = report(officer)
    assert officer.patch(f"{URL}/{matter['id']}", json={"area": "632801000000"}).status_code == 405
    assert step(officer, matter, "note", note="x").status_code == 201
