"""Papers to print: a template set as PDF by Typst; what people wrote goes in as data, never as markup."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import typst

FONTS = ("/usr/share/fonts", "/usr/local/share/fonts")


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(font_paths=[path for path in FONTS if Path(path).is_dir()])


def pdf(template: Path, facts: dict[str, Any]) -> bytes:
    """A4 pages as PDF; the template reads the facts from `sys.inputs.facts`, JSON in bytes.

    The template sees no file and no network. Han characters need apt's fonts-wqy-microhei.
    """
    told = {"facts": json.dumps(facts, ensure_ascii=False, default=str)}
    return typst.compile(template.read_bytes(), format="pdf", sys_inputs=told, font_paths=_fonts())
