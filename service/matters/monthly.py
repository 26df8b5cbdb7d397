"""The bulletin of each month, made by itself for every county and the prefecture, and kept as it was told."""

from datetime import UTC, date, datetime, time, timedelta

from service import jobs
from service.db import announce, ask, session, transaction, uuid7
from service.matters import bulletin
from service.matters.clocks import ZONE, day_of
from service.matters.figures_json import BulletinSchema
from service.matters.models import MatterBulletin, MatterClass

_LEVELS = ("prefecture", "county")
_TURN = 0x62756C6C  # the advisory lock of who makes them
_MISSING = """
SELECT matter_classes.code AS class_code, areas.code AS area_code FROM matter_classes CROSS JOIN areas
WHERE bulletin = 'monthly' AND valid_from < %(until)s AND (valid_to IS NULL OR valid_to > %(month)s)
    AND areas.level = ANY(%(levels)s) AND NOT EXISTS (
        SELECT FROM matter_bulletins
        WHERE month = %(month)s AND class_code = matter_classes.code AND area_code = areas.code)
ORDER BY areas.code, matter_classes.code"""


def month_before(day: date) -> tuple[date, date]:
    """The first day of the month before a day's, and the first day after it."""
    until = day.replace(day=1)
    return (until - timedelta(days=1)).replace(day=1), until


@jobs.task("matters.bulletins", every="20 16 * * *")  # soon after midnight in Qinghai
def make_now() -> int:
    """Make those of the last whole month that there are not yet: a night that was missed is made up for."""
    return make(datetime.now(UTC))


def make(now: datetime) -> int:
    """Make the bulletins of the month before a time's that are missing; gives how many."""
    month, until = month_before(day_of(now))
    with transaction():
        ask("SELECT pg_advisory_xact_lock(%(turn)s)", turn=_TURN)
        missing = ask(_MISSING, month=month, until=until, levels=list(_LEVELS))
        for each in missing:
            _make(each.class_code, each.area_code, month, until)
    return len(missing)


def _make(class_code: str, area_code: str, month: date, until: date) -> None:
    start, end = (datetime.combine(day, time(), ZONE) for day in (month, until))
    asked = bulletin.Asked(area_code, session.get_one(MatterClass, class_code), start, end)
    told = BulletinSchema().dump(bulletin.told(asked))
    made = MatterBulletin(id=uuid7(), class_code=class_code, area_code=area_code, month=month, told=told)
    session.add(made)
    session.flush()
    announce("bulletin made", bulletin_id=made.id, area_code=area_code)
