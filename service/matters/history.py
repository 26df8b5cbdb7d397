"""The chain of a matter's steps: how a step is digested, and what is wrong with a history. No database."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from service.matters.workflow import State

BEGINNING = bytes(32)  # stands before the first step
SEALED = ("matter_id", "version", "step", "stage", "level", "at", "actor_id", "role", "area_code", "note",
          "reason", "photos", "details", "stage_left", "lasted_s")  # fmt: skip


def step(
    matter_id: UUID, version: int, name: str, then: State, at: datetime, by: dict[str, Any], details: Any
) -> dict[str, Any]:
    """A step as a row that is not sealed yet; `by` says who: actor_id, role, area_code."""
    what = {"matter_id": matter_id, "version": version, "step": name, "stage": then.stage}
    empty: dict[str, Any] = {"note": None, "reason": None, "photos": [], "stage_left": None, "lasted_s": None}
    return what | {"level": then.level, "at": at, **by, "details": details, **empty}


def sealed(row: dict[str, Any], previous: bytes) -> dict[str, Any]:
    """The row in its place behind another."""
    return row | {"previous": previous, "digest": digest(previous, row)}


def digest(previous: bytes, row: Any) -> bytes:
    """The digest of a step behind another: SHA-256 of `previous` and its columns as a JSON list."""
    values = [row[name] if isinstance(row, dict) else getattr(row, name) for name in SEALED]
    return hashlib.sha256(previous + _WRITER.encode(values).encode()).digest()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value)


_WRITER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=_plain)


def faults(steps: Sequence[Any], head: bytes) -> list[str]:
    """What an honest history cannot have; the steps are in the order of their versions."""
    found, previous = [], BEGINNING
    for expected, row in enumerate(steps, 1):
        if row.version != expected:
            found.append(f"step {expected} is missing")
        if row.previous != previous:
            found.append(f"step {row.version} does not follow the one before it")
        if digest(row.previous, row) != row.digest:
            found.append(f"step {row.version} has been changed")
        previous = row.digest
    return found if previous == head else [*found, "the last step is not the one that the matter names"]
