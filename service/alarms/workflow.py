"""What can be done about an alarm, by whom, and what becomes of it: one table. No database, no clock."""

from enum import StrEnum
from typing import NamedTuple

STATUSES = ("raised", "acknowledged", "accepted", "arrived", "resolved", "false_alarm")  # only ever forward
CLOSED = ("resolved", "false_alarm")
OPEN = STATUSES[:4]
LEVELS = ("leader", "community", "township", "county", "prefecture")  # climbed until somebody answers
REASONS = ("team", "near", "drawn", "drill", *LEVELS)
ANSWERS = ("acknowledge", "accept", "arrived")  # each helper once
KINDS = ("raise", "climb", "remind", "reinforce", *ANSWERS, "resolve", "false_alarm")


class Part(StrEnum):
    """What somebody has to do with an alarm."""

    CALLER = "caller"  # raised it
    HELPER = "helper"  # was told of it, or leads the team
    OFFICER = "officer"  # answers for the area


class Step(NamedTuple):
    """From which statuses a step can be taken, where it leads at least, and who takes it."""

    begins: tuple[str, ...]
    ends: str
    parts: tuple[Part, ...]


_HELPING = (Part.HELPER, Part.OFFICER)
_ENDING = (Part.CALLER, Part.OFFICER)
STEPS = {
    "acknowledge": Step(("raised",), "acknowledged", _HELPING),
    "accept": Step(OPEN, "accepted", _HELPING),
    "arrived": Step(OPEN, "arrived", _HELPING),
    "resolve": Step(OPEN, "resolved", _ENDING),
    "false_alarm": Step(OPEN, "false_alarm", _ENDING),
}
NEEDS_PIN = ("resolve", "false_alarm")  # of who raised it: a phone that was taken away cannot call help off


def after(status: str, step: str) -> str | None:
    """The status that a step leads to; None where it cannot be taken.

    Whoever sets out after another has arrived does not take the alarm back.
    """
    known = STEPS[step]
    if status not in known.begins:
        return None
    return max(status, known.ends, key=STATUSES.index)


def allowed(status: str, part: Part) -> list[str]:
    """The steps that somebody with this part can take now."""
    return [name for name, step in STEPS.items() if part in step.parts and status in step.begins]


def levels_above(level: str) -> tuple[str, ...]:
    """The levels that an unanswered alarm can still climb to, the next first."""
    return LEVELS[LEVELS.index(level) + 1 :]
