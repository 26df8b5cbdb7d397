"""Figures beside their limits and peers: measured in turns, printed as a table or as JSON, one a line."""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any, NamedTuple

HEADER = ("case", "measured", "limit", "of limit", "peer", "× peer", "n")


class Mark(NamedTuple):
    """What a figure is held against, and what that is."""

    value: float
    name: str


class Figure(NamedTuple):
    """One measured value; a rate (…/s) is better when higher, anything else when lower."""

    bench: str
    case: str
    value: float
    unit: str
    n: int
    limit: Mark | None = None
    peer: Mark | None = None

    def ratio_to(self, mark: Mark | None) -> float | None:
        """How good it is beside a mark: 1 is as good, 2 twice as good."""
        if mark is None or not self.value or not mark.value:
            return None
        return self.value / mark.value if self.unit.endswith("/s") else mark.value / self.value

    def as_json(self) -> str:
        """The figure as one line of JSON."""
        return json.dumps(
            {
                "bench": self.bench,
                "case": self.case,
                "value": rounded(self.value),
                "unit": self.unit,
                "limit": self.limit and rounded(self.limit.value),
                "peer": self.peer and rounded(self.peer.value),
                "ratio_to_limit": rounded(self.ratio_to(self.limit)),
                "ratio_to_peer": rounded(self.ratio_to(self.peer)),
                "n": self.n,
            },
            ensure_ascii=False,
        )

    def as_row(self) -> Sequence[str]:
        """The figure as the cells of a table's row."""
        ratios = [f"{ratio:.2f}" if (ratio := self.ratio_to(mark)) else "" for mark in self[5:7]]
        limit, peer = (f"{written(mark.value)} {mark.name}" if mark else "" for mark in self[5:7])
        return self.case, f"{written(self.value)} {self.unit}", limit, ratios[0], peer, ratios[1], str(self.n)


def as_table(figures: Iterable[Figure]) -> str:
    """The figures as a Markdown table with aligned columns."""
    rows = [HEADER, *(figure.as_row() for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"


def rounded(value: float | None) -> float | None:
    """The value to four digits, which is more than any of them is good for."""
    return None if value is None else float(f"{value:.4g}")


def written(value: float) -> str:
    """The value to three digits."""
    return f"{float(f'{value:.3g}'):,.0f}" if value >= 100 else f"{value:.3g}"


def seconds(way: Callable[..., Any], *arguments: Any) -> float:
    """How long it takes once."""
    start = time.perf_counter()
    way(*arguments)
    return time.perf_counter() - start


def in_turns(runs: int, *ways: Callable[[], Any]) -> list[float]:
    """The median seconds of each way; they take turns and each begins a round, so that none has it easier."""
    took: list[list[float]] = [[] for _ in ways]
    for run in range(runs):
        for turn in range(len(ways)):
            way = (run + turn) % len(ways)
            took[way].append(seconds(ways[way]))
    return [median(each) for each in took]
