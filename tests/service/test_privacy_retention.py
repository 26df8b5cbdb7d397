"""What has been kept long enough goes, coverage stays, and a certificate says so."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from service.audit import actions as audit
from service.audit.models import AuditRow
from service.coverage.actions import mark, rebuild_marked
from service.coverage.models import Footprint
from service.db import announce, session, uuid7
from service.media.models import Photo
from service.members.models import Session
from service.patrols.actions import make_partitions
from service.patrols.models import CheckIn, Fix, Patrol
from service.privacy.retention import retain
from service.settings import Settings
from service.uploads.models import QuarantinedItem
from tests.service.phone import a_check_in, a_patrol, a_track, send
from tests.service.photos import a_photo, put

NOW = datetime.now(UTC)
KEEP = Settings("postgresql+psycopg://nobody@/nothing")


def ago(**span):
    return (NOW - timedelta(**span)).replace(minute=20, second=0, microsecond=0)


def footprints():
    rows = session.query(Footprint.grid_id, Footprint.hour, Footprint.seen, Footprint.person_seconds)
    return sorted(rows, key=lambda row: row.hour)


def erased(keep=KEEP, now=NOW):
    session.commit()
    return retain(keep, now).erased


def test_fixes_go_after_thirty_days(phone):
    send(phone, a_patrol(ago(days=31)) + a_patrol(ago(days=29)))
    assert (erased()["fixes"]["rows"], session.query(Fix).count()) == (3, 3)


def test_check_ins_outlive_fixes(phone):
    send(phone, a_patrol(ago(days=31)))
    erased()
    assert session.query(CheckIn).count() == 1


def test_check_ins_go_after_a_year(phone):
    send(phone, a_patrol(ago(days=366)) + a_patrol(ago(days=364)))
    assert (erased()["check_ins"]["rows"], session.query(CheckIn).count()) == (1, 1)


def test_ended_sessions_go_after_ninety_days(signed_in):
    signed_in()
    session.execute(text("UPDATE sessions SET revoked_at = :at"), {"at": ago(days=91)})
    signed_in()
    assert (erased()["sessions"]["rows"], session.query(Session).count()) == (1, 1)


def test_expired_sessions_go_like_revoked_ones(signed_in):
    signed_in()
    session.execute(text("UPDATE sessions SET expires_at = :at"), {"at": ago(days=91)})
    assert erased()["sessions"]["rows"] == 1


def test_quarantined_items_go_after_thirty_days(phone):
    send(phone, [a_check_in(str(uuid7()), NOW, lat=95)])
    session.execute(text("UPDATE quarantined_items SET received_at = :at"), {"at": ago(days=31)})
    assert (erased()["quarantine"]["rows"], session.query(QuarantinedItem).count()) == (1, 0)


def test_audit_rows_go_after_three_years_and_the_chain_holds(database):
    session.execute(text("DELETE FROM audit_rows"))
    audit.record("track.read", "patrol", uuid7()), audit.record("track.read", "patrol", uuid7())
    session.execute(
        text("UPDATE audit_rows SET at = :at WHERE id = (SELECT min(id) FROM audit_rows)"),
        {"at": ago(days=1096)},
    )
    audit.seal(2**62)
    assert (erased()["audit"]["rows"], audit.verify({}).findings) == (1, [])


def test_what_differs_by_a_setting_goes_by_the_setting(phone):
    send(phone, a_patrol(ago(days=10)))
    assert erased(replace(KEEP, keep_fixes_days=7))["fixes"]["rows"] == 3


def test_audit_rows_cannot_be_kept_for_less_than_six_months():
    with pytest.raises(ValueError, match="KEEP_AUDIT_DAYS"):
        replace(KEEP, keep_audit_days=182)


def test_the_start_is_refused_with_less_than_six_months():
    environ = {"GRIDPATROL_DATABASE_URL": "postgresql+psycopg:///x", "GRIDPATROL_KEEP_AUDIT_DAYS": "30"}
    with pytest.raises(ValueError, match="183"):
        Settings.from_env(environ)


def test_whole_partitions_are_dropped(phone):
    old = ago(days=90)
    make_partitions(old.date(), 1)
    send(phone, a_patrol(old))
    certificate = erased()["fixes"]
    assert (f"fixes_{old:%Y_%m}" in certificate["partitions"], certificate["rows"]) == (True, 3)


def test_a_dropped_partition_leaves_the_coverage(phone, grid):
    old = ago(days=90)
    make_partitions(old.date(), 1)
    items = a_patrol(old)
    send(phone, items), rebuild_marked()
    before = footprints()
    erased()
    mark([items[0]["patrol_id"]]), rebuild_marked()
    assert (len(before) > 0, footprints()) == (True, before)


def test_coverage_outlives_its_fixes(phone, grid):
    items = a_patrol(ago(days=31))
    send(phone, items), rebuild_marked()
    before = footprints()
    erased()
    mark([items[0]["patrol_id"]]), rebuild_marked()
    assert (len(before) > 0, footprints()) == (True, before)


def test_coverage_that_was_not_worked_out_yet_is_worked_out_first(phone, grid):
    send(phone, a_patrol(ago(days=31)))
    erased()
    assert len(footprints()) == 1


def test_a_change_of_grids_does_not_empty_what_was_seen_before(phone, grid):
    send(phone, a_patrol(ago(days=31))), rebuild_marked()
    before = footprints()
    erased()
    announce("grids revised", grids=[grid.id], retired=[grid.id]), rebuild_marked()
    assert footprints() == before


def test_younger_hours_of_a_patrol_are_still_rebuilt(phone, grid):
    patrol = str(uuid7())
    old, young = ago(days=30, hours=3), ago(days=29)
    send(phone, [a_track(patrol, old)]), rebuild_marked()
    erased()
    send(phone, [a_track(patrol, young)]), rebuild_marked()
    assert [row.hour.day for row in footprints()] == [old.day, young.day]


def test_hours_are_erased_as_a_whole(phone):
    send(phone, a_patrol(ago(days=31)))
    erased()
    assert session.query(Patrol.erased_before).scalar().minute == 0


def test_a_run_leaves_a_certificate_for_auditors(signed_in, phone):
    send(phone, a_patrol(ago(days=31)))
    erased()
    auditor = signed_in(role="auditor", area="632800000000")
    found = auditor.get("/api/v1/audit/certificates").json["items"]
    assert [each["erased"]["fixes"]["rows"] for each in found] == [3]


def test_a_run_leaves_a_row_in_the_trail(database):
    erased()
    assert session.query(AuditRow.role).filter_by(action="retention.run").scalar() == "system"


@pytest.mark.parametrize("role", ["member", "officer", "admin"])
def test_nobody_but_an_auditor_reads_certificates(signed_in, role):
    assert signed_in(role=role).get("/api/v1/audit/certificates").status_code == 403


@pytest.fixture
def narrow(database):
    """A database role that owns nothing and may not erase the audit trail."""
    for statement in (
        "CREATE ROLE narrow",
        "GRANT USAGE ON SCHEMA haixi, jobs, public TO narrow",
        "GRANT ALL ON ALL TABLES IN SCHEMA haixi, jobs TO narrow",
        "REVOKE DELETE, UPDATE, TRUNCATE ON audit_rows FROM narrow",
        "SET LOCAL ROLE narrow",
    ):
        session.execute(text(statement))


def test_what_the_database_does_not_let_go_is_left_to_the_owner(narrow):
    assert erased()["audit"]["left"] == "to the owner of the tables"


def test_without_owning_partitions_fixes_are_deleted_one_by_one(phone, request):
    old = ago(days=90)
    make_partitions(old.date(), 1)
    send(phone, a_patrol(old))
    request.getfixturevalue("narrow")
    certificate = erased()["fixes"]
    assert (certificate["partitions"], certificate["rows"]) == ([], 3)


def test_a_second_run_finds_nothing(phone):
    send(phone, a_patrol(ago(days=31)))
    erased()
    assert {each["rows"] for each in erased().values()} == {0}


def test_photos_go_after_a_year(phone):
    for days in (366, 364):
        put(phone, a_photo(size=(days, 10)))
        session.execute(
            text("UPDATE photos SET received_at = :at WHERE width = :days"),
            {"at": ago(days=days), "days": days},
        )
    assert (erased()["photos"]["rows"], session.query(Photo).count()) == (1, 1)
