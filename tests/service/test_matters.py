"""Matters: reported, placed, listed, counted, and seen by those who may."""

from datetime import date

import pytest
from sqlalchemy import update

from service.db import session, uuid7
from service.matters import classes
from service.matters.models import MatterClass
from tests.factories import COMMUNITY, COUNTY, a_member, a_report
from tests.service.matter_steps import URL, history, report, step, steps

pytestmark = pytest.mark.usefixtures("grid")

OTHER = "632801001001"  # in another county


def test_a_matter_lies_in_the_grid_around_it(worker, grid):
    matter = report(worker)
    assert (matter["grid"], matter["level"], matter["stage"]) == (grid.code, "grid", "reported")


def test_an_officers_own_report_is_filed_at_once(clerk):
    matter = report(clerk)
    assert matter["stage"] == "filed" and history(clerk, matter) == ["report", "file"]


def test_a_class_that_is_not_listed_is_refused(worker):
    answer = worker.post(URL, json=a_report(**{"class": "petitioner"}))
    assert answer.status_code == 422 and "class" in answer.json["errors"]


def test_a_class_that_has_expired_is_refused(worker):
    session.execute(update(MatterClass).where(MatterClass.code == "other").values(valid_to="2026-01-02"))
    assert worker.post(URL, json=a_report(**{"class": "other"}, text="事")).status_code == 422


def test_a_class_asks_for_its_facts(worker):
    answer = worker.post(URL, json=a_report(**{"class": "wage_arrears"}, text="拖欠三个月"))
    assert set(answer.json["errors"]) == {"people", "amount_yuan"}
    facts = {"people": 12, "amount_yuan": 86000.5}
    assert report(worker, **{"class": "wage_arrears"}, text="拖欠", facts=facts)["facts"] == facts


def test_the_listed_classes_are_shown_with_their_limits(worker):
    items = worker.get("/api/v1/matter-classes").json["items"]
    assert {"fire_hazard", "wage_arrears"} < {each["code"] for each in items}
    assert all(each["limits"]["filed"] > 0 for each in items)


def test_listing_the_classes_again_changes_nothing_and_keeps_those_added_here(worker):
    before = worker.get("/api/v1/matter-classes").json["items"]
    added = {
        "code": "local",
        "name_zh": "本地",
        "name_en": "Local",
        "limits": {"reported": 8},
        "required": [],
    }
    about = {"family": "other", "urgency": "routine", "listed_by": "德令哈市", "valid_from": date(2026, 1, 1)}
    session.add(MatterClass(**added, **about))
    session.execute(update(MatterClass).where(MatterClass.code == "other").values(name_zh="改过"))
    classes.load()
    after = worker.get("/api/v1/matter-classes").json["items"]
    assert [each for each in after if each["code"] != "local"] == before and len(after) == len(before) + 1


def test_who_only_looks_on_adds_no_photos(clerk, signed_in):
    matter = report(signed_in(role="officer", area=COUNTY))
    steps(clerk, matter, "escalate", "escalate")
    other = signed_in(role="officer", area=COMMUNITY)
    assert step(other, matter, "note", note="看", photos=["a" * 64]).status_code == 403
    assert step(other, matter, "note", note="看").status_code == 201


def test_a_report_sent_again_is_the_same_matter(worker):
    id = str(uuid7())
    assert report(worker, id=id)["received_at"] == report(worker, id=id)["received_at"]


def test_another_report_with_a_known_id_is_refused(worker):
    id = str(uuid7())
    report(worker, id=id)
    assert worker.post(URL, json=a_report(id=id, title="另一件事")).status_code == 409


def test_near_duplicates_are_offered_and_not_merged(worker, clerk):
    one = report(worker)
    other = report(clerk, lon=97.3716)
    far = report(clerk, lon=97.3727, lat=37.3727)
    assert other["near_by"] == [one["id"]] and far["near_by"] == []
    near = clerk.get(f"{URL}/{one['id']}/duplicates").json["items"]
    assert [each["id"] for each in near] == [other["id"]] and near[0]["stage"] == "filed"


def test_a_merged_matter_names_the_one_it_went_into(clerk):
    one, other = report(clerk), report(clerk)
    merged = steps(clerk, other, ("merge", {"into_id": one["id"]}))
    assert (merged["stage"], merged["merged_into_id"]) == ("merged", one["id"])


def test_nothing_is_merged_into_itself_or_into_what_is_not_seen(clerk):
    matter = report(clerk)
    for into in (matter["id"], str(uuid7())):
        assert step(clerk, matter, "merge", into_id=into).status_code == 422


def test_a_member_sees_own_reports_and_what_the_team_was_given(signed_in, clerk, member, team):
    stranger = signed_in(role="member", area=COMMUNITY)
    own, given = report(stranger), report(clerk)
    steps(clerk, given, ("dispatch", {"team_id": str(team.id)}))
    worker = signed_in(member)
    assert [each["id"] for each in worker.get(URL).json["items"]] == [given["id"]]
    assert [each["id"] for each in stranger.get(URL).json["items"]] == [own["id"]]
    assert stranger.get(f"{URL}/{given['id']}").status_code == 404


def test_a_leader_sees_the_community_but_not_who_reported(signed_in, leader, team):
    stranger = a_member("member", COMMUNITY)
    matter = report(signed_in(stranger))
    assert signed_in(leader).get(f"{URL}/{matter['id']}").json["reporter_id"] is None


def test_the_command_centre_sees_matters_without_persons(signed_in, worker):
    matter = report(worker)
    shown = signed_in(role="centre").get(f"{URL}/{matter['id']}").json
    assert (shown["title"], shown["reporter_id"], shown["patrol_id"]) == (matter["title"], None, None)


def test_another_county_sees_nothing(signed_in, worker):
    matter = report(worker)
    stranger = signed_in(role="officer", area=OTHER)
    assert stranger.get(f"{URL}/{matter['id']}").status_code == 404
    assert step(signed_in(role="officer"), matter, "file").status_code == 201
    answer = stranger.post(f"{URL}/{matter['id']}/steps", json={"step": "note", "version": 2, "note": "x"})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("class=fire_hazard", 2), ("class=other", 1), ("stage=filed", 3), ("stage=closed", 0),
        ("level=grid", 3), (f"area={COMMUNITY}", 3), (f"area={OTHER}", 0), (f"grid={COMMUNITY}001", 3),
        ("text=楼道", 2), ("text=FIRE", 1), ("text=100%25", 0), ("open=true", 3), ("open=false", 0),
        ("late=true", 0), ("due_before=2020-01-02T00:00:00Z", 0), ("to=2020-01-02T00:00:00Z", 0),
    ],
)  # fmt: skip
def test_matters_are_found_by(clerk, query, count):
    report(clerk)
    report(clerk)
    report(clerk, **{"class": "other"}, title="a fire place", text="other")
    assert len(clerk.get(f"{URL}?{query}").json["items"]) == count


def test_the_newest_come_first_page_by_page(clerk):
    ids = [report(clerk)["id"] for _ in range(3)]
    page = clerk.get(f"{URL}?limit=2")
    rest = clerk.get(f"{URL}?limit=2&cursor={page.json['next_cursor']}").json
    assert [each["id"] for each in page.json["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None and 'rel="next"' in page.headers["Link"]


def test_an_unknown_filter_or_sort_is_refused(clerk):
    assert clerk.get(f"{URL}?sort=created_at;DROP TABLE matters").status_code == 422


def test_counts_say_what_became_of_matters(clerk, worker, given):
    steps(worker, given, "handle", "feed_back")
    steps(clerk, given, "verify", ("close", {"reason": "mediated"}))
    report(clerk)
    (row,) = clerk.get(f"{URL}/counts?by=community").json["items"]
    assert (row["key"], row["reported"], row["closed"], row["resolved"]) == (COMMUNITY, 2, 1, 1)
    assert (row["closing_rate"], row["resolution_rate"], row["on_time_rate"]) == (0.5, 0.5, 1.0)


def test_stage_times_are_medians_of_stages_that_ended(clerk, given):
    told = {each["stage"]: each for each in clerk.get(f"{URL}/stage-times").json["items"]}
    assert told["dispatched"]["ended"] == 1 and told["dispatched"]["median_s"] >= 0


def test_burden_counts_what_teams_are_asked_and_names_no_person(clerk, worker, given, team):
    steps(worker, given, ("handle", {"photos": ["a" * 64, "b" * 64]}))
    (row,) = clerk.get(f"{URL}/burden").json["items"]
    assert row == {"code": team.code, "name": team.name, "matters": 1, "reports": 2, "photos": 2}
