"""Who hears of what: the policy, applied to events."""

from typing import Any, NamedTuple
from uuid import UUID

from service.areas.queries import prefix_of
from service.policy import POLICY, Scope

COUNTY_DIGITS = 6
KINDS = {  # kind of event → the permission under which its thing is seen
    "coverage.rebuilt": "coverage:read",
    "grid.created": "grids:read",
    "grid.retired": "grids:read",
    "patrol.started": "patrols:read",
    "patrol.ended": "patrols:read",
    "upload.quarantined": "quarantine:read",
    "duty.changed": "duty:read",
    "spot_check.asked": "duty:read",
    "shift.begins": "duty:read",
    "hole.opens": "duty:holes",
    "notice.sent": "notices:read",
    "checkpoint.changed": "checkpoints:read",
    "matter.changed": "matters:read",
    "bulletin.made": "matters:export",
    "alarm.changed": "alarms:read",
    "drill.due": "alarms:drill",
}


class Sight(NamedTuple):
    """What decides whether somebody hears of an event, as the database knew it."""

    member_id: UUID
    role: str
    area: str  # 12-digit code
    teams: frozenset[UUID] = frozenset()  # that the member is in
    led: frozenset[UUID] = frozenset()  # that the member leads
    people: frozenset[UUID] = frozenset()  # who are in those

    @property
    def ears(self) -> frozenset[UUID]:
        """By which of their ids the member is told of something."""
        return self.teams | {self.member_id}

    def sees(self, event: Any) -> bool:
        """Whether the policy shows the event's thing; a kind that nobody has placed is shown to none."""
        scope = POLICY[KINDS[event.kind]].get(self.role) if event.kind in KINDS else None
        if scope is None:
            return False
        if event.told and scope in (Scope.OWN, Scope.TEAM) and not self.ears.isdisjoint(event.told):
            return True
        if scope is Scope.OWN:
            return event.member_id == self.member_id or (not event.member_id and event.team_id in self.teams)
        if scope is Scope.TEAM:
            by_person = event.member_id == self.member_id or event.member_id in self.people
            return by_person or (not event.member_id and event.team_id in self.led)
        prefix = prefix_of(self.area)
        return event.area_code.startswith(prefix[:COUNTY_DIGITS] if scope is Scope.COUNTY else prefix)
