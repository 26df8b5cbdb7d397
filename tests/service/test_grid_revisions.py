"""Changing grids: proposed, reported on, approved; split, merged, redrawn, ended."""

import json
from contextlib import contextmanager
from threading import Barrier, Thread
from typing import NamedTuple

import pytest
import shapely
from shapely import Polygon, box, union
from shapely.affinity import translate
from shapely.geometry import mapping
from sqlalchemy import delete, func, select

from service import db
from service.areas import actions
from service.areas.models import Area, Grid, GridLineage, GridRevision
from service.errors import Invalid
from service.members.models import Member, SecondFactor, Session
from tests.factories import BEGINNING, COMMUNITY, COUNTY, a_grid, a_member, a_session

FIRST, SECOND, THIRD = (COMMUNITY + number for number in ("001", "002", "003"))
ELSEWHERE = "632801001001"  # a community in Golmud
WEST, EAST = box(97.370, 37.370, 97.373, 37.376), box(97.373, 37.370, 97.376, 37.376)
WHOLE = union(WEST, EAST)
REVISIONS = "/api/v1/grid-revisions"


def feature(shape, **properties):
    return {"type": "Feature", "geometry": mapping(shape), "properties": properties}


def a_file(*features, **members):
    return {"type": "FeatureCollection", "features": list(features), **members}


def tried(client, *features, **members):
    answer = client.post(f"{REVISIONS}?dry_run=true", json=a_file(*features, **members))
    assert answer.status_code == 200, answer.json
    return answer.json


def the_kinds(report):
    return [finding["kind"] for finding in report["findings"]]


def approved(client, *features, **members):
    proposed = client.post(REVISIONS, json=a_file(*features, **members))
    assert proposed.status_code == 201, proposed.json
    answer = client.post(f"{REVISIONS}/{proposed.json['id']}/approve")
    assert answer.status_code == 200, answer.json
    return answer.json


def lineage(client, code):
    return client.get(f"/api/v1/grids/{code}/lineage").json["items"]


def test_a_stranger_proposes_nothing(client):
    assert client.post(REVISIONS, json=a_file(feature(WEST, code=FIRST))).status_code == 401


@pytest.mark.parametrize("role", ["member", "leader", "centre", "auditor"])
def test_only_officers_and_admins_propose(signed_in, role):
    assert signed_in(role=role).post(REVISIONS, json=a_file(feature(WEST, code=FIRST))).status_code == 403


def test_a_dry_run_reports_and_keeps_nothing(officer):
    report = tried(officer, feature(WEST, code=FIRST, name="一号网格"), feature(EAST, code=SECOND))
    assert report["summary"] == {
        "features": 2,
        "errors": 0,
        "warnings": 0,
        "creates": 2,
        "retires": 0,
        "by_kind": {"new": 2, "redraw": 0, "split": 0, "merge": 0, "retire": 0},
    }
    assert report["creates"][0] == {
        "code": FIRST,
        "name": "一号网格",
        "community": COMMUNITY,
        "area_m2": pytest.approx(176_800, rel=0.01),
        "basis": "area",
        "replaces": [],
    }
    assert db.session.scalar(select(func.count()).select_from(GridRevision)) == 0


def test_a_proposal_waits_for_approval(officer):
    proposed = officer.post(REVISIONS, json=a_file(feature(WEST, code=FIRST))).json
    assert (proposed["status"], proposed["number"], proposed["area"]) == ("proposed", None, COMMUNITY)
    assert officer.get(f"{REVISIONS}/{proposed['id']}").json == proposed
    assert officer.get(f"/api/v1/grids/{FIRST}").status_code == 404


def test_an_approved_grid_stands_and_is_placed_in(officer):
    revision = approved(officer, feature(WEST, code=FIRST, basis="checkpoints"))
    assert (revision["status"], revision["number"]) == ("approved", 1)
    assert officer.get(f"/api/v1/grids/{FIRST}").json["properties"]["basis"] == "checkpoints"
    assert officer.get("/api/v1/grids/locate?lon=97.371&lat=37.372").json["code"] == FIRST


def test_ground_that_nobody_had_counts_from_the_beginning(officer):
    approved(officer, feature(WEST, code=FIRST))
    [version] = lineage(officer, FIRST)
    assert (version["kind"], version["valid_from"]) == ("new", "2020-01-01T00:00:00Z")


def test_ground_of_an_ended_grid_counts_from_the_approval(officer):
    approved(officer, feature(WEST, code=FIRST))
    approved(officer, retires=[FIRST])
    revision = approved(officer, feature(WEST, code=SECOND))
    assert lineage(officer, SECOND)[0]["valid_from"] == revision["approved_at"]


def test_the_outline_of_a_grid_runs_counterclockwise(officer):
    clockwise = shapely.orient_polygons(WEST, exterior_cw=True)
    approved(officer, feature(clockwise, code=FIRST))
    [[outline]] = officer.get(f"/api/v1/grids/{FIRST}").json["geometry"]["coordinates"]
    assert shapely.is_ccw(shapely.LinearRing(outline))


def test_a_redraw_keeps_the_code_and_the_old_version(officer):
    a_grid(FIRST, WEST)
    revision = approved(officer, feature(WHOLE, code=FIRST))
    old, new = lineage(officer, FIRST)
    assert old["retired_at"] == new["valid_from"] == revision["approved_at"]
    assert (old["kind"], new["kind"], new["predecessors"]) == ("new", "redraw", [FIRST])
    assert new["revision_id"] == revision["id"]


def test_a_split_has_one_predecessor_and_two_successors(officer):
    a_grid(FIRST, WHOLE)
    approved(
        officer, feature(WEST, code=FIRST, replaces=[FIRST]), feature(EAST, code=SECOND, replaces=[FIRST])
    )
    old, new = lineage(officer, FIRST)
    assert (old["successors"], new["kind"]) == ([FIRST, SECOND], "split")
    assert lineage(officer, SECOND)[0]["predecessors"] == [FIRST]
    assert officer.get("/api/v1/grids/locate?lon=97.375&lat=37.372").json["code"] == SECOND


def test_a_merge_has_two_predecessors(officer):
    a_grid(FIRST, WEST)
    a_grid(SECOND, EAST)
    approved(officer, feature(WHOLE, code=THIRD, replaces=[FIRST, SECOND]))
    [version] = lineage(officer, THIRD)
    assert (version["kind"], version["predecessors"]) == ("merge", [FIRST, SECOND])
    assert officer.get(f"/api/v1/grids/{FIRST}").status_code == 404


def test_a_place_keeps_to_the_grid_of_its_time(officer):
    a_grid(FIRST, WHOLE)
    before = officer.get("/api/v1/grids?at=2026-01-01T00:00:00Z").json["features"]
    approved(
        officer, feature(WEST, code=SECOND, replaces=[FIRST]), feature(EAST, code=THIRD, replaces=[FIRST])
    )
    after = officer.get("/api/v1/grids?at=2026-01-01T00:00:00Z").json["features"]
    assert [f["geometry"] for f in after] == [f["geometry"] for f in before]


def test_a_grid_may_end_without_successor(officer):
    a_grid(FIRST, WEST)
    revision = approved(officer, retires=[FIRST])
    assert revision["report"]["summary"]["by_kind"]["retire"] == 1
    assert officer.get("/api/v1/grids/locate?lon=97.371&lat=37.372").status_code == 404


def test_grids_without_a_code_are_numbered_as_one_reads_a_map(officer):
    a_grid(COMMUNITY + "007", box(97.3, 37.3, 97.303, 37.303))
    report = tried(officer, feature(EAST, community=COMMUNITY), feature(WEST, community=COMMUNITY))
    assert [(c["code"][12:], c["name"]) for c in report["creates"]] == [
        ("009", "第9网格"),
        ("008", "第8网格"),
    ]


def test_what_has_errors_is_not_proposed(officer):
    a_grid(SECOND, WEST)
    answer = officer.post(REVISIONS, json=a_file(feature(WEST, code=FIRST)))
    assert answer.status_code == 422
    [finding] = answer.json["errors"]["findings"]
    assert (finding["feature"], finding["kind"], finding["severity"]) == (0, "overlap", "error")
    assert finding["area_m2"] == pytest.approx(176_800, rel=0.01)


BOWTIE = {"type": "Polygon", "coordinates": [[[97, 37], [98, 38], [98, 37], [97, 38], [97, 37]]]}


@pytest.mark.parametrize(
    ("features", "kind"),
    [
        ([feature(WEST, code=FIRST), feature(EAST, code=FIRST)], "duplicate_code"),
        ([feature(WEST, code=FIRST), feature(WHOLE, code=SECOND)], "overlap"),
        ([feature(WEST, code=FIRST) | {"geometry": BOWTIE}], "invalid"),
        ([feature(WEST, code=FIRST) | {"geometry": None}], "bad_geometry"),
        ([feature(WEST, code="G1")], "bad_code"),
        ([feature(WEST, name="x")], "bad_code"),
        ([feature(WEST, code=FIRST, community="632802001002")], "bad_code"),
        ([feature(WEST, community=COUNTY)], "unknown_community"),
        ([feature(WEST, code="632802001999001")], "unknown_community"),
        ([feature(WEST, code=ELSEWHERE + "001")], "unknown_community"),
        ([feature(WEST, code=FIRST, replaces=[SECOND])], "unknown_grid"),
        ([feature(WEST, code=FIRST, replaces=SECOND)], "bad_replaces"),
        ([feature(WEST, code=FIRST, basis="people")], "bad_basis"),
        ([feature(WEST, code=FIRST, name="\u202eabc")], "bad_name"),
        ([feature(WEST, code=FIRST, colour="red")], "unknown_property"),
        ([feature(WEST, code=COMMUNITY + "999"), feature(EAST, community=COMMUNITY)], "no_number_left"),
    ],
)
def test_a_finding_says_what_is_wrong(officer, features, kind):
    report = tried(officer, *features)
    assert kind in the_kinds(report)
    assert report["summary"]["errors"] > 0


def test_a_successor_that_lies_elsewhere_is_pointed_out(officer):
    a_grid(FIRST, WEST)
    far = translate(WEST, xoff=1)
    assert [(f["kind"], f["severity"]) for f in tried(officer, feature(far, code=FIRST))["findings"]] == [
        ("elsewhere", "warning")
    ]
    assert tried(officer, feature(WEST.buffer(0.0001), code=FIRST))["findings"] == []


def test_a_code_is_taken_by_a_grid_that_is_not_replaced(officer):
    a_grid(FIRST, WEST)
    a_grid(SECOND, EAST)
    assert "code_taken" in the_kinds(tried(officer, feature(EAST, code=FIRST, replaces=[SECOND])))


def test_the_code_of_an_ended_grid_is_not_given_to_other_ground(officer):
    approved(officer, feature(WEST, code=FIRST))
    approved(officer, retires=[FIRST])
    assert the_kinds(tried(officer, feature(EAST, code=FIRST))) == ["code_taken"]


def test_a_community_with_a_shape_holds_its_grids_and_shows_its_gaps(officer):
    db.session.get(Area, COMMUNITY).shape = f"SRID=4326;MULTI{WHOLE.wkt.replace('((', '(((')})"
    db.session.flush()
    [gap] = tried(officer, feature(WEST, code=FIRST))["findings"]
    assert (gap["kind"], gap["severity"], gap["feature"]) == ("gap", "warning", None)
    beyond = tried(officer, feature(box(97.37, 37.37, 97.38, 37.376), code=FIRST))
    assert "outside_community" in the_kinds(beyond)
    assert tried(officer, feature(WEST, code=FIRST), feature(EAST, code=SECOND))["findings"] == []


def test_a_sliver_between_grids_is_let_through(officer):
    report = tried(
        officer, feature(WEST, code=FIRST), feature(box(97.373001, 37.37, 97.376, 37.376), code=SECOND)
    )
    assert report["summary"]["errors"] == 0


def test_the_neighbour_outside_the_scope_is_not_named(officer):
    a_grid(ELSEWHERE + "001", WEST)
    [finding] = tried(officer, feature(WEST, code=FIRST))["findings"]
    assert finding["kind"] == "overlap"
    assert ELSEWHERE not in json.dumps(finding)


def test_grids_elsewhere_can_neither_be_replaced_nor_ended(officer):
    a_grid(ELSEWHERE + "001", WEST)
    assert "unknown_grid" in the_kinds(
        tried(officer, feature(WEST, code=FIRST, replaces=[ELSEWHERE + "001"]))
    )
    assert "unknown_grid" in the_kinds(tried(officer, retires=[ELSEWHERE + "001"]))


def test_a_file_keeps_to_the_area_that_was_named(officer):
    file = a_file(feature(WEST, code=FIRST))
    assert (
        officer.post(f"{REVISIONS}?dry_run=true&area={COMMUNITY}", json=file).json["summary"]["errors"] == 0
    )
    other = officer.post(f"{REVISIONS}?dry_run=true&area=632802002000", json=file)
    assert the_kinds(other.json) == ["unknown_community"]
    assert officer.post(f"{REVISIONS}?area=632801000000", json=file).status_code == 404


def test_a_revision_outside_the_scope_is_not_there(officer, signed_in):
    proposed = officer.post(REVISIONS, json=a_file(feature(WEST, code=FIRST))).json
    stranger = signed_in(role="officer", area="632801000000")
    assert stranger.get(f"{REVISIONS}/{proposed['id']}").status_code == 404
    assert stranger.post(f"{REVISIONS}/{proposed['id']}/approve").status_code == 404


def test_a_revision_is_approved_once(officer):
    proposed = officer.post(REVISIONS, json=a_file(feature(WEST, code=FIRST))).json
    assert officer.post(f"{REVISIONS}/{proposed['id']}/approve").status_code == 200
    assert officer.post(f"{REVISIONS}/{proposed['id']}/approve").status_code == 409


@pytest.mark.parametrize(
    "rival", [feature(WEST, code=FIRST), feature(WEST, code=SECOND), feature(WHOLE, code=FIRST)]
)
def test_a_revision_is_refused_when_another_came_first(officer, rival):
    mine = officer.post(REVISIONS, json=a_file(feature(WEST, code=FIRST))).json
    approved(officer, rival)
    answer = officer.post(f"{REVISIONS}/{mine['id']}/approve")
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/grids-changed")


def test_a_second_redraw_of_the_same_version_is_refused(officer):
    a_grid(FIRST, WEST)
    mine, theirs = (
        officer.post(REVISIONS, json=a_file(feature(shape, code=FIRST))).json for shape in (WHOLE, EAST)
    )
    assert officer.post(f"{REVISIONS}/{theirs['id']}/approve").status_code == 200
    assert officer.post(f"{REVISIONS}/{mine['id']}/approve").status_code == 409


@contextmanager
def committed(app):
    """An officer on real connections: what is written stays until it is taken away here."""
    with app.app_context(), db.transaction():
        member = a_member(role="officer", area=COUNTY, code="approver", consents=False)
        token = a_session(member)
    try:
        yield {"Authorization": f"Bearer {token}"}
    finally:
        with app.app_context(), db.transaction():
            for table in (GridLineage, Grid, GridRevision):
                db.session.execute(delete(table))
            db.session.execute(delete(SecondFactor).where(SecondFactor.member_id == member.id))
            db.session.execute(delete(Session).where(Session.member_id == member.id))
            db.session.execute(delete(Member).where(Member.id == member.id))


def test_of_two_approvals_at_once_one_is_refused(app):
    barrier, statuses = Barrier(2), []

    def approve(path, headers):
        barrier.wait()
        statuses.append(app.test_client().post(path, headers=headers).status_code)

    with committed(app) as headers:
        file = a_file(feature(WEST, code=FIRST))
        ids = [app.test_client().post(REVISIONS, json=file, headers=headers).json["id"] for _ in range(2)]
        threads = [Thread(target=approve, args=(f"{REVISIONS}/{each}/approve", headers)) for each in ids]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(statuses) == [200, 409]


class Plan(NamedTuple):
    code: str
    shape: Polygon
    name: str = "东一"
    basis: str = "area"


def test_planned_grids_are_adopted_in_one_go(officer):
    ids = actions.adopt([Plan(FIRST, WEST), Plan(SECOND, EAST)])
    assert [db.session.get(Grid, each).code for each in ids] == [FIRST, SECOND]
    assert officer.get("/api/v1/grids/locate?lon=97.371&lat=37.372").json["name"] == "东一"


def test_planned_grids_that_overlap_are_not_adopted(database):
    with pytest.raises(Invalid):
        actions.adopt([Plan(FIRST, WEST), Plan(SECOND, WHOLE)])


def test_an_approval_is_announced(officer, monkeypatch):
    heard = []
    monkeypatch.setitem(db._listeners, "grids revised", [lambda **facts: heard.append(facts)])
    old = a_grid(FIRST, WEST)
    approved(officer, feature(WHOLE, code=FIRST))
    [new] = db.session.scalars(select(Grid.id).where(Grid.retired_at.is_(None)))
    assert heard == [{"grids": [new], "retired": [old.id]}]


def test_a_successor_begins_when_its_predecessor_ends(officer):
    a_grid(FIRST, WEST)
    approved(officer, feature(WEST, code=FIRST))
    old, new = lineage(officer, FIRST)
    assert old["valid_from"] == BEGINNING.isoformat().replace("+00:00", "Z")
    assert old["retired_at"] == new["valid_from"]
