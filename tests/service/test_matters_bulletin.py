"""How matters stand: the bulletin of a class, and departments that handle matters jointly."""

import io

import pytest
from pypdf import PdfReader

from tests.factories import COMMUNITY, COUNTY, a_grid, a_member, a_team
from tests.service.matter_steps import TOWNSHIP, URL, report, step, steps

BULLETIN = f"{URL}/bulletin"
ARREARS = {"class": "wage_arrears", "text": "拖欠三个月", "facts": {"people": 12, "amount_yuan": 86000.5}}


@pytest.fixture
def officer(signed_in):
    a_grid()
    return signed_in(role="officer", area=COUNTY)


@pytest.fixture
def matter(officer):
    """Wages that two departments see to, one of which has finished."""
    worker = a_member("member", COMMUNITY)
    team = a_team(worker)
    found = report(officer, **ARREARS)
    steps(
        officer, found, ("dispatch", {"team_id": str(team.id)}), ("add_party", {"party": "human_resources"})
    )
    steps(officer, found, ("add_party", {"party": "某公司"}), ("party_done", {"party": "human_resources"}))
    return found


def test_a_bulletin_counts_by_area_stage_and_department(officer, matter):
    told = officer.get(f"{BULLETIN}?class=wage_arrears").json
    assert (told["total"]["reported"], told["total"]["open"], told["total"]["closed"]) == (1, 1, 0)
    assert [(each["key"], each["reported"]) for each in told["by_area"]] == [(TOWNSHIP, 1)]
    assert [each["key"] for each in told["by_stage"]] == ["dispatched"]
    done = {each["name_zh"]: (each["code"], each["done"], each["waiting"]) for each in told["by_department"]}
    assert done == {"人力资源和社会保障局": ("human_resources", 1, 0), "某公司": (None, 0, 1)}


def test_a_bulletin_adds_up_what_its_class_asks_for(officer, matter):
    report(officer, **ARREARS | {"facts": {"people": 3, "amount_yuan": 1000}})
    assert officer.get(f"{BULLETIN}?class=wage_arrears").json["facts"] == {
        "people": 15,
        "amount_yuan": 87000.5,
    }


def test_a_bulletin_tells_only_its_class_window_and_area(officer, matter):
    queries = ("class=other", "class=wage_arrears&to=2026-01-01T00:00:00Z", "area=632802002000")
    assert [officer.get(f"{BULLETIN}?{each}").json["total"]["reported"] for each in queries] == [0, 0, 0]
    assert officer.get(f"{BULLETIN}?area={COMMUNITY}").json["by_area"][0]["key"] == f"{COMMUNITY}001"


def test_a_bulletin_of_nothing_has_no_rates(officer):
    total = officer.get(BULLETIN).json["total"]
    assert (total["reported"], total["closing_rate"], total["on_time_rate"]) == (0, None, None)


def test_a_bulletin_of_another_area_or_an_unknown_class_is_refused(officer, signed_in):
    assert officer.get(f"{BULLETIN}?area=632801000000").status_code == 404
    assert officer.get(f"{BULLETIN}?class=belief").status_code == 422
    assert signed_in(role="member", area=COMMUNITY).get(BULLETIN).status_code == 403


def test_a_bulletin_is_printed_without_names(officer, matter):
    answer = officer.get(f"{BULLETIN}?class=wage_arrears&format=pdf")
    words = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    assert "86,000.5" in words and "巴图" not in words and matter["title"] not in words


def test_the_departments_are_listed_in_both_languages(officer):
    items = officer.get(f"{URL}/departments").json["items"]
    assert {"code": "justice", "name_zh": "司法局", "name_en": "Justice"} in items


def test_a_department_is_the_same_party_by_code_and_by_name(officer, matter):
    assert step(officer, matter, "add_party", party="人力资源和社会保障局").status_code == 422
    assert steps(officer, matter, ("add_party", {"party": "court"}))["parties"][-1] == "人民法院"
