"""When a grid of a shift counts as walked: by evidence alone, never by how long somebody was online."""

from dataclasses import dataclass

SEEN_ENOUGH = 0.25  # of a grid in one shift; several shifts add up in its coverage
REACHED_ENOUGH = 0.5  # of its checkpoints
LEAST = 0.01  # less lies within the error of a footprint


@dataclass(frozen=True)
class Evidence:
    """What a team's patrols have shown of a grid during a shift."""

    share_seen: float = 0.0
    reached: int = 0  # checkpoints proven
    was_there: bool = False  # a patrol or a check-in, whatever it has shown


def outcome(evidence: Evidence, basis: str, checkpoints: int, *, is_over: bool) -> str:
    """What became of the promise; before the end of a shift, what is not walked yet is `ahead`."""
    enough = max(1, checkpoints * REACHED_ENOUGH)
    if evidence.reached >= enough or (basis == "area" and evidence.share_seen >= SEEN_ENOUGH):
        return "walked"
    if not is_over:
        return "ahead"
    if evidence.reached or (basis == "area" and evidence.share_seen >= LEAST):
        return "partly"
    return "no_evidence" if evidence.was_there else "missed"
