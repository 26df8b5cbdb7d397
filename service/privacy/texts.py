"""The words that members agree to; a text is never changed, only followed by one with a new id."""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

_FOLDER = Path(__file__).parent / "data"
CURRENT = {"track": "track-1"}  # kind → the text that is agreed to now


class ConsentText(NamedTuple):
    """One version of the words, in both languages."""

    id: str
    zh: str
    en: str


@cache
def current(kind: str) -> ConsentText:
    """The words that are agreed to now."""
    text = json.loads((_FOLDER / f"{CURRENT[kind]}.json").read_text(encoding="utf-8"))
    return ConsentText(text["id"], text["zh-CN"], text["en"])
