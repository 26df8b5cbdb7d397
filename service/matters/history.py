"""The chain of a matter's steps: how a step is digested, and what is wrong with a history. No database."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

BEGINNING = bytes(32)  # stands before the first step
SEALED = ("matter_id", "version", "step", "stage", "level", "at", "actor_id", "role", "area_code", "note",
          "reason", "photos", "details", "stage_left", "lasted_s")  # fmt: skip


def digest(previous: bytes, step: Any) -> bytes:
    """The digest of a step behind another: SHA-256 of `previous` and the step's columns as a JSON list."""
    values = [_plain(step[name] if isinstance(step, dict) else getattr(step, name)) for name in SEALED]
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(previous + text.encode()).digest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value) if isinstance(value, UUID) else value


def faults(steps: Sequence[Any], head: bytes) -> list[str]:
    """What an honest history cannot have; the steps are in the order of their versions."""
    found, previous = [], BEGINNING
    for expected, step in enumerate(steps, 1):
        if step.version != expected:
            found.append(f"step {expected} is missing")
        if step.previous != previous:
            found.append(f"step {step.version} does not follow the one before it")
        if digest(step.previous, step) != step.digest:
            found.append(f"step {step.version} has been changed")
        previous = step.digest
    return found if previous == head else [*found, "the last step is not the one that the matter names"]
