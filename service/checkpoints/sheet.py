"""What is printed and put up: QR codes with a name below, as one page that needs nothing else."""

import io
from collections.abc import Sequence
from html import escape

import segno

from service.checkpoints.models import Checkpoint
from service.checkpoints.proofs import make_static

_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title><style>
@page {{ size: A4; margin: 12mm }}
body {{ margin: 0; font: 11pt/1.4 "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; color: #000 }}
main {{ display: grid; grid-template-columns: repeat(3, 1fr); gap: 6mm }}
figure {{ margin: 0; padding: 3mm; border: .2mm dashed #999; text-align: center; break-inside: avoid }}
figure svg {{ width: 46mm; height: 46mm }}
code {{ letter-spacing: .1em }}
</style></head><body><h1>{title}</h1><main>
{codes}
</main></body></html>
"""


def page(title: str, checkpoints: Sequence[Checkpoint]) -> str:
    """A page of A4 sheets to print, cut and put up."""
    codes = "\n".join(_figure(each) for each in checkpoints)
    return _PAGE.format(title=escape(title), codes=codes)


def _figure(checkpoint: Checkpoint) -> str:
    where = " ".join(filter(None, (checkpoint.unit, checkpoint.floor)))
    words = f"<b>{escape(checkpoint.name)}</b><br>{escape(where)}<br><code>{checkpoint.code}</code>"
    return f"<figure>{_qr(checkpoint).svg_inline(border=4)}<figcaption>{words}</figcaption></figure>"


def drawn(checkpoint: Checkpoint, kind: str) -> bytes:
    """One printed code as an SVG or PDF file."""
    out = io.BytesIO()
    _qr(checkpoint).save(out, kind=kind, scale=8)
    return out.getvalue()


def _qr(checkpoint: Checkpoint) -> segno.QRCode:
    return segno.make_qr(make_static(checkpoint.secret, checkpoint.code), error="q")
