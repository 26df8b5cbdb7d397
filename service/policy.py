"""Who may do what, and how far they see: one table, role × permission → scope.

A route names its permission (`web.needs`); without one it does not pass the standing tests. The caller's
role and area come from the database with every request. Each feature's `visible_to(caller, scope)` turns the
scope into rows: what is not among them is not there (404), whether an id comes by path, query or body.
"""

from contextvars import ContextVar
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from service.errors import Forbidden


class SecondFactorDue(Forbidden):
    title, title_zh = "Enrol a second factor first", "请先启用双因素验证"


class Scope(StrEnum):
    """How far a permission reaches."""

    OWN = "own"  # what the caller did or is
    TEAM = "team"  # people of the teams that the caller leads, and the caller
    COUNTY = "county"  # the county that the caller's area lies in
    AREA = "area"  # the caller's area and all below it


class Caller(NamedTuple):
    """Who is asking, as the database knows them at this request."""

    member_id: UUID
    name: str
    role: str
    area: str  # 12-digit code
    session_id: UUID
    must_enrol: bool = False  # a second factor is due; until then only `ENROLLING` is open

    def scope(self, permission: str) -> Scope:
        """How far this caller's permission reaches; raises Forbidden when the role lacks it."""
        if self.must_enrol and permission != ENROLLING:
            raise SecondFactorDue
        scope = POLICY[permission].get(self.role)
        if scope is None:
            raise Forbidden
        return scope

    def may(self, permission: str) -> bool:
        """Whether this caller's role has a permission at all."""
        return self.role in POLICY[permission]


ENROLLING = "me:sign-in"  # one's own sessions, password and second factor
current: ContextVar[Caller | None] = ContextVar("current", default=None)  # who is calling; None in jobs
trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)  # of the request that is answered

ROLES = ("member", "leader", "officer", "centre", "admin", "auditor")
_LETTERS = {"o": Scope.OWN, "t": Scope.TEAM, "c": Scope.COUNTY, "a": Scope.AREA}


def _row(letters: str) -> dict[str, Scope]:
    """A line of the table: a letter for each role, `-` where the role may not."""
    pairs = zip(ROLES, letters.split(), strict=True)
    return {role: _LETTERS[letter] for role, letter in pairs if letter != "-"}


# fmt: off
POLICY: dict[str, dict[str, Scope]] = {
    # o own, t team, c county, a area   member · leader · officer · centre · admin · auditor
    "me":                         _row("o        o        o         o        o       o"),
    ENROLLING:                    _row("o        o        o         o        o       o"),
    "areas:read":                 _row("c        c        a         a        a       -"),
    "grids:read":                 _row("c        c        a         a        a       -"),
    "grids:revise":               _row("-        -        a         -        a       -"),
    "checkpoints:read":           _row("c        c        a         a        a       -"),
    "checkpoints:write":          _row("-        -        a         -        a       -"),
    "coverage:read":              _row("c        c        a         a        -       -"),
    "coverage:target":            _row("-        -        a         -        -       -"),
    "teams:read":                 _row("o        t        a         a        a       -"),
    "teams:write":                _row("-        -        a         -        a       -"),
    "members:read":               _row("o        t        a         -        a       -"),
    "members:invite":             _row("-        t        a         -        a       -"),
    "members:erase":              _row("-        -        -         -        a       -"),
    "people:import":              _row("-        -        a         -        a       -"),
    "duty:read":                  _row("o        t        a         a        -       -"),
    "duty:write":                 _row("-        t        a         -        -       -"),
    "duty:answer":                _row("o        o        -         -        -       -"),
    "duty:colleagues":            _row("o        o        -         -        -       -"),  # names, for a swap
    "duty:holes":                 _row("-        c        a         a        -       -"),
    "duty:fulfilment":            _row("-        t        a         a        -       -"),
    "notices:read":               _row("o        t        a         a        -       -"),
    "notices:write":              _row("-        t        a         a        -       -"),
    "assignments:suggest":        _row("-        -        a         -        -       -"),
    "patrols:read":               _row("o        t        a         -        -       -"),
    "patrols:count":              _row("-        c        a         a        -       -"),
    "tracks:read":                _row("o        t        a         -        -       -"),
    "matter-classes:read":        _row("o        o        o         o        o       -"),
    "matters:read":               _row("o        t        a         a        -       -"),
    "matters:report":             _row("o        o        a         a        -       -"),
    "matters:step":               _row("o        t        a         a        -       -"),
    "matters:export":             _row("-        -        a         a        -       -"),
    "matters:import":             _row("-        -        a         a        -       -"),
    "webhooks:manage":            _row("-        -        -         -        a       -"),
    "quarantine:read":            _row("-        -        a         -        -       -"),
    "uploads:send":               _row("o        o        -         -        -       -"),
    "media:send":                 _row("o        o        o         -        -       -"),
    "media:read":                 _row("o        t        a         a        -       -"),
    "changes:read":               _row("o        o        -         -        -       -"),
    "events:read":                _row("o        t        a         a        a       -"),
    "alarms:raise":               _row("o        o        o         o        o       o"),
    "alarms:read":                _row("o        t        a         a        o       o"),
    "alarms:answer":              _row("o        t        a         a        o       o"),
    "alarms:reinforce":           _row("-        -        a         a        -       -"),
    "alarms:drill":               _row("-        -        a         -        -       -"),
    "audit:read":                 _row("-        -        -         -        -       a"),
}
# fmt: on


def shown_phone(phone: str | None, owner: UUID, reader: Caller) -> str | None:
    """A phone number as this reader may have it: one's own in whole, others' as 138****1234."""
    if not phone or owner == reader.member_id:
        return phone
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 11 else "****"
