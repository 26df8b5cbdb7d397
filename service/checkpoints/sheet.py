"""What is printed and put up: QR codes with a name below."""

import io
from collections.abc import Sequence
from pathlib import Path

import segno

from service import papers
from service.checkpoints.models import Checkpoint
from service.checkpoints.proofs import make_static

_TEMPLATE = Path(__file__).parent / "data" / "sheet.typ"


def pages(grid: str, name: str, checkpoints: Sequence[Checkpoint]) -> bytes:
    """The codes of a grid as a PDF file of A4 pages."""
    codes = [
        {
            "name": each.name,
            "place": " ".join(filter(None, (each.unit, each.floor))),
            "code": each.code,
            "svg": drawn(each, "svg").decode(),
        }
        for each in checkpoints
    ]
    return papers.pdf(_TEMPLATE, {"title": f"{name} {grid}".strip(), "grid": grid, "codes": codes})


def drawn(checkpoint: Checkpoint, kind: str) -> bytes:
    """One printed code as an SVG or PDF file."""
    out = io.BytesIO()
    code = segno.make_qr(make_static(checkpoint.secret, checkpoint.code), error="q")
    code.save(out, kind=kind, scale=8)
    return out.getvalue()
