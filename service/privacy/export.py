"""A copy of all that is kept of a member, written piece by piece so that a year needs little memory."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Any
from uuid import UUID

import orjson
from gpxpy.gpx import GPXTrack, GPXTrackPoint, GPXTrackSegment, GPXWaypoint
from gpxpy.gpxfield import gpx_fields_to_xml
from sqlalchemy import Select

from service.db import session
from service.media import queries as media
from service.patrols import track
from service.patrols.models import Patrol
from service.privacy import queries

_LISTS = {
    "memberships": queries.memberships_of,
    "consents": queries.consents_of,
    "sessions": queries.sessions_of,
    "check_ins": queries.check_ins_of,
    "matters": queries.matters_of,
    "matter_steps": queries.matter_steps_of,
    "held_positions": queries.held_positions_of,
    "photos": media.of_member,
    "assignments": queries.assignments_of,
    "shifts": queries.shifts_of,
    "swaps": queries.swaps_of,
    "spot_answers": queries.spot_answers_of,
    "notices_read": queries.notices_read_by,
    "alarms": queries.alarms_of,
    "alarm_steps": queries.alarm_steps_of,
    "alarm_notices": queries.alarm_notices_of,
    "access_log": queries.looks_at,
}
_PATROL = ("id", "mode", "started_at", "ended_at", "first_at", "last_at")
_GPX = b'<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1" creator="Gridpatrol">'


def write_json(member_id: UUID, out: IO[bytes]) -> None:
    """Everything: account, teams, consents, sessions, patrols, check-ins, matters, positions, who looked."""
    account = session.execute(queries.account_of(member_id)).one()
    out.write(b'{"account":' + orjson.dumps(account._asdict()))
    for name, question in _LISTS.items():
        _write_list(out, name, (row._asdict() for row in _few_at_once(question(member_id))))
    patrols = session.scalars(queries.patrols_of(member_id)).all()
    _write_list(out, "patrols", ({name: getattr(each, name) for name in _PATROL} for each in patrols))
    _write_list(out, "tracks", (track.feature(each) for each in patrols))
    out.write(b"}")


def _write_list(out: IO[bytes], name: str, items: Iterator[Any]) -> None:
    out.write(f',"{name}":['.encode())
    for place, item in enumerate(items):
        out.write((b"," if place else b"") + orjson.dumps(item))
    out.write(b"]")


def _few_at_once(select: Select[Any]) -> Any:
    return session.execute(select.execution_options(yield_per=500))


def write_gpx(member_id: UUID, out: IO[bytes]) -> None:
    """What has a place: check-ins as waypoints, patrols as tracks."""
    out.write(b'<?xml version="1.0" encoding="UTF-8"?>\n' + _GPX)
    for row in _few_at_once(queries.check_ins_of(member_id)):
        if row.lon is not None:
            point = GPXWaypoint(row.lat, row.lon, time=row.recorded_at, name=str(row.id), comment=row.note)
            out.write(_xml(point, "wpt"))
    for patrol in session.scalars(queries.patrols_of(member_id)).all():
        out.write(_xml(_gpx_track(patrol), "trk"))
    out.write(b"</gpx>")


def _xml(part: GPXWaypoint | GPXTrack, tag: str) -> bytes:
    return gpx_fields_to_xml(part, tag, "1.1", {}, prettyprint=False).encode()


def _gpx_track(patrol: Patrol) -> GPXTrack:
    fixes = track.ordered(track.fixes_of(patrol.id))
    points = [
        GPXTrackPoint(lat, lon, time=datetime.fromtimestamp(at / 1000, UTC))
        for at, lon, lat in zip(fixes.at.tolist(), fixes.lon.tolist(), fixes.lat.tolist(), strict=True)
    ]
    way = GPXTrack(name=str(patrol.id), description=patrol.mode)
    way.segments.append(GPXTrackSegment(points))
    return way
