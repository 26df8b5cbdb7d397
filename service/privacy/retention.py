"""Erase what has been kept long enough, and certify what was erased.

What the database does not let this process erase is left to `gridpatrol retention`, run by the tables' owner.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update

from service import jobs
from service.alarms.models import Alarm, AlarmNotice, AlarmStep
from service.alarms.workflow import CLOSED
from service.audit import actions as audit
from service.coverage import actions as coverage
from service.db import session, transaction, uuid7
from service.matters.models import WebhookDelivery
from service.media import actions as media
from service.media import queries as photos
from service.members.models import Session
from service.patrols.models import CheckIn, Fix, Patrol
from service.privacy import queries
from service.privacy.models import RetentionRun
from service.retries import Retry
from service.settings import Settings
from service.uploads.models import QuarantinedItem

AT_ONCE = 2000  # rows looked up for one transaction
Erased = dict[str, object]


@jobs.task("privacy.retain", every="17 19 * * *")  # at night in Qinghai, when hardly anybody walks
def retain_daily() -> RetentionRun:
    """Erase by the settings of this process."""
    return retain(Settings.from_env(), datetime.now(UTC))


def retain(keep: Settings, now: datetime) -> RetentionRun:
    """Erase whatever is older than it may be, each batch in its own transaction, and keep a certificate.

    What patrols have shown is worked out first: coverage stays when the facts go.
    """
    coverage.rebuild_marked()
    erased = {
        "fixes": _erase("fixes", _erase_fixes, _whole_hour(now, keep.keep_fixes_days)),
        "check_ins": _erase("check_ins", _erase_check_ins, _whole_hour(now, keep.keep_check_ins_days)),
        "photos": _erase("photos", _erase_photos, now - timedelta(keep.keep_photos_days)),
        "sessions": _erase("sessions", _erase_sessions, now - timedelta(keep.keep_sessions_days)),
        "quarantine": _erase(
            "quarantined_items", _erase_quarantine, now - timedelta(keep.keep_quarantine_days)
        ),
        "alarm_positions": _erase("alarms", _erase_alarm_positions, now - timedelta(keep.keep_fixes_days)),
        "alarms": _erase("alarm_steps", _erase_alarms, now - timedelta(keep.keep_alarms_days)),
        "deliveries": _erase(
            "webhook_deliveries", _erase_deliveries, now - timedelta(keep.keep_deliveries_days)
        ),
        "audit": _erase("audit_rows", _trim_audit, now - timedelta(keep.keep_audit_days)),
    }
    with transaction():
        _delete(Retry, Retry.made_at < now - timedelta(days=1))
        run = RetentionRun(id=uuid7(), ran_at=now, erased=erased)
        session.add(run)
        audit.record("retention.run", "retention-run", run.id)
    return run


def _whole_hour(now: datetime, days: int) -> datetime:
    """So that each hour's facts are there or gone as a whole."""
    return (now - timedelta(days)).replace(minute=0, second=0, microsecond=0)


def _erase(table: str, erase: Callable[[datetime], Erased], before: datetime) -> Erased:
    if session.scalar(queries.may("DELETE", table)):
        return erase(before)
    return _certified(before, 0) | {"left": "to the owner of the tables"}


def _erase_fixes(before: datetime) -> Erased:
    partitions, rows = [], 0
    for name, _ in session.execute(queries.EXPIRED_PARTITIONS, {"before": before}).all():
        with transaction():
            rows += _drop(name, before)
        partitions.append(name)
    while True:
        with transaction():
            patrols = set(session.scalars(queries.old_fixes(before, AT_ONCE)))
            _freeze(patrols, before)
            rows += _delete(Fix, Fix.patrol_id.in_(patrols), Fix.recorded_at < before)
        if not patrols:
            return _certified(before, rows) | {"partitions": partitions}


def _drop(partition: str, before: datetime) -> int:
    session.execute(text(f'LOCK TABLE "{partition}" IN ACCESS EXCLUSIVE MODE'))
    _freeze(set(session.scalars(queries.ids_in(partition))), before)
    rows = session.scalars(text(f'SELECT count(*) FROM "{partition}"')).one()
    session.execute(text(f'DROP TABLE "{partition}"'))
    return rows


def _erase_check_ins(before: datetime) -> Erased:
    rows = 0
    while True:
        with transaction():
            found = session.execute(queries.old_check_ins(before, AT_ONCE)).all()
            _freeze({row.patrol_id for row in found}, before)
            rows += _delete(CheckIn, CheckIn.id.in_([row.id for row in found]))
        if not found:
            return _certified(before, rows)


def _freeze(patrol_ids: Collection[UUID], before: datetime) -> None:
    """Let what these patrols have shown before a time be rebuilt no more; their facts are about to go."""
    if patrol_ids:
        wanted = Patrol.id.in_(patrol_ids)
        session.execute(select(Patrol.id).where(wanted).order_by(Patrol.id).with_for_update())
        frozen = func.greatest(Patrol.erased_before, before)
        session.execute(update(Patrol).where(wanted).values(erased_before=frozen))


def _erase_photos(before: datetime) -> Erased:
    rows = 0
    while True:
        with transaction():
            ids = session.scalars(photos.old(before, AT_ONCE)).all()
            rows += media.erase(ids)
        if not ids:
            return _certified(before, rows)


def _erase_sessions(before: datetime) -> Erased:
    return _erase_rows(Session, queries.old_sessions, before)


def _erase_quarantine(before: datetime) -> Erased:
    return _erase_rows(QuarantinedItem, queries.old_quarantine, before)


def _erase_alarm_positions(before: datetime) -> Erased:
    """Where somebody called for help stays known no longer than where they walked."""
    placed = Alarm.received_at < before, Alarm.position.is_not(None), Alarm.status.in_(CLOSED)
    with transaction():
        blank = update(Alarm).where(*placed).values(position=None, accuracy_m=None)
        erased: Any = session.execute(blank.execution_options(synchronize_session=False))
    return _certified(before, erased.rowcount)


def _erase_alarms(before: datetime) -> Erased:
    rows = 0
    while True:
        with transaction():
            ids = session.scalars(queries.old_alarms(before, AT_ONCE)).all()
            for model in (AlarmNotice, AlarmStep):
                _delete(model, model.alarm_id.in_(ids))
            rows += _delete(Alarm, Alarm.id.in_(ids))
        if not ids:
            return _certified(before, rows)


def _erase_deliveries(before: datetime) -> Erased:
    return _erase_rows(WebhookDelivery, queries.old_deliveries, before)


def _erase_rows(model: Any, question: Any, before: datetime) -> Erased:
    rows = 0
    while True:
        with transaction():
            ids = session.scalars(question(before, AT_ONCE)).all()
            rows += _delete(model, model.id.in_(ids))
        if not ids:
            return _certified(before, rows)


def _trim_audit(before: datetime) -> Erased:
    with transaction():
        return _certified(before, audit.trim(before))


def _delete(model: Any, *which: Any) -> int:
    deleted: Any = session.execute(delete(model).where(*which).execution_options(synchronize_session=False))
    return deleted.rowcount


def _certified(before: datetime, rows: int) -> Erased:
    return {"before": before.isoformat(), "rows": rows}
