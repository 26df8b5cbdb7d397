"""The list of classes as it is shipped, and keeping the database's list the same."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from service.db import session
from service.matters.models import MatterClass
from service.matters.workflow import OPEN

_FILE = Path(__file__).parent / "data" / "classes.csv"


def shipped() -> list[dict[str, Any]]:
    """Every shipped class, as columns of `matter_classes`."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return [_row(line) for line in csv.DictReader(file)]


def _row(line: dict[str, str]) -> dict[str, Any]:
    return {
        "code": line["code"],
        "name_zh": line["name_zh"],
        "name_en": line["name_en"],
        "family": line["family"],
        "urgency": line["urgency"],
        "is_round": line["clock"] == "elapsed",
        "limits": {stage: float(line[stage]) for stage in OPEN if line[stage]},
        "required": line["required"].split(),
        "is_joint": line["joint"] == "yes",
        "bulletin": line["bulletin"] or None,
        "listed_by": line["listed_by"],
        "valid_from": date.fromisoformat(line["valid_from"]),
        "valid_to": date.fromisoformat(line["valid_to"]) if line["valid_to"] else None,
    }


def load() -> int:
    """Make the database's list what is shipped, and keep classes that were added here; gives how many."""
    rows = shipped()
    new = insert(MatterClass)
    values = {name: new.excluded[name] for name in rows[0] if name != "code"}
    session.execute(new.on_conflict_do_update(index_elements=["code"], set_=values), rows)
    return len(rows)
