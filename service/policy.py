"""Who may do what, and how far they see: role × permission → scope."""

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
    TEAM = "team"  # people of the teams that the caller leads
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


ENROLLING = "me:sign-in"  # one's own sessions, password and second factor
current: ContextVar[Caller | None] = ContextVar("current", default=None)  # who is calling; None in jobs
trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)  # of the request that is answered

ROLES = ("member", "leader", "officer", "centre", "admin", "auditor")
OWN, TEAM, COUNTY, AREA = Scope.OWN, Scope.TEAM, Scope.COUNTY, Scope.AREA
_EVERYONE = dict.fromkeys(ROLES, OWN)

POLICY: dict[str, dict[str, Scope]] = {
    "me": _EVERYONE,
    ENROLLING: _EVERYONE,
    "areas:read": dict.fromkeys(("member", "leader"), COUNTY)
    | dict.fromkeys(("officer", "centre", "admin"), AREA),
    "grids:read": dict.fromkeys(("member", "leader"), COUNTY)
    | dict.fromkeys(("officer", "centre", "admin"), AREA),
    "grids:revise": {"officer": AREA, "admin": AREA},
    "coverage:read": dict.fromkeys(("member", "leader"), COUNTY) | dict.fromkeys(("officer", "centre"), AREA),
    "teams:read": {"member": OWN, "leader": TEAM, "officer": AREA, "centre": AREA, "admin": AREA},
    "members:read": {"member": OWN, "leader": TEAM, "officer": AREA, "admin": AREA},
    "members:invite": {"leader": TEAM, "officer": AREA, "admin": AREA},
    "people:import": {"officer": AREA, "admin": AREA},
    "patrols:read": {"member": OWN, "leader": TEAM, "officer": AREA},
    "tracks:read": {"member": OWN, "leader": TEAM, "officer": AREA},
    "uploads:send": {"member": OWN, "leader": OWN},
    "members:erase": {"admin": AREA},
    "audit:read": {"auditor": AREA},
}
