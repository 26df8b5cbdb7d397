"""How the matters of a class stand in an area: figures by area, stage and department, and no person."""

from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Select

from service import papers
from service.areas.queries import prefix_of
from service.db import session
from service.matters import departments, figures, lists, queries
from service.matters.facts import NUMBERS
from service.matters.models import Matter, MatterClass
from service.matters.workflow import LEVELS

_TEMPLATE = Path(__file__).parent / "data" / "bulletin.typ"


class Asked(NamedTuple):
    """What a bulletin is of."""

    area: str  # 12-digit code
    kind: MatterClass | None  # None: all classes
    start: datetime
    end: datetime


def counted(rows: Any) -> list[dict[str, Any]]:
    """Rows of counts with the rates that follow from them."""
    return [row._asdict() | _rates(row) for row in rows]


def _rates(row: Any) -> dict[str, float | None]:
    return {
        "closing_rate": row.closed / row.reported if row.reported else None,
        "resolution_rate": row.resolved / row.reported if row.reported else None,
        "on_time_rate": row.closed_on_time / row.closed if row.closed else None,
    }


def told(asked: Asked) -> dict[str, Any]:
    """The bulletin of an area's matters, and how many of those that came before are still open."""
    here = queries.figured(prefix_of(asked.area), asked.kind.code if asked.kind else None)
    matters, before = queries.during(here, asked.start, asked.end), queries.during(here, None, asked.start)
    below = LEVELS[max(LEVELS.index(queries.level_of(asked.area)) - 1, 0)]
    by = {name: counted(session.execute(figures.counts(matters, name))) for name in (below, "stage")}
    names = queries.area_names([asked.area, *(each["key"] for each in by[below])])
    return {
        "class": asked.kind.code if asked.kind else None,
        "name_zh": asked.kind.name_zh if asked.kind else "全部事项",
        "name_en": asked.kind.name_en if asked.kind else "All matters",
        "area": {"code": asked.area, "name": names[asked.area]},
        "window": {"from": asked.start, "to": asked.end},
        "total": counted(session.execute(figures.counts(matters, None)))[0],
        "open_from_before": session.scalars(figures.open_among(before)).one(),
        "facts": _sums(asked.kind, matters),
        "by_area": [each | {"name": names.get(each["key"], each["key"])} for each in by[below]],
        "by_stage": by["stage"],
        "by_department": [_department(row) for row in session.execute(figures.by_party(matters))],
    }


def _sums(kind: MatterClass | None, matters: Select[Matter]) -> dict[str, float]:
    names = [name for name in NUMBERS if kind and name in kind.required]
    return session.execute(figures.sums(matters, names)).one()._asdict() if names else {}


def _department(row: Any) -> dict[str, Any]:
    known = departments.by_name().get(row.party)
    name_en = known.name_en if known else row.party
    return {"code": known.code if known else None, "name_zh": row.party, "name_en": name_en,
            "asked": row.asked, "done": row.done, "waiting": row.waiting}  # fmt: skip


def as_pdf(bulletin: dict[str, Any]) -> bytes:
    """A bulletin on A4 pages."""
    window = bulletin["window"]
    facts = {
        "title": f"{bulletin['name_zh']}办理情况通报",
        "about": f"{bulletin['area']['name']} · {lists.local(window['from'])} 至 {lists.local(window['to'])}",
        "sums": [
            f"此前上报、尚未办结：{bulletin['open_from_before']} 件",
            *(f"{lists.FACTS[name]}：{value:,.10g}" for name, value in bulletin["facts"].items()),
        ],
        "areas": [_line("合计", bulletin["total"]), *(_line(x["name"], x) for x in bulletin["by_area"])],
        "stages": [_line(lists.STAGES[x["key"]], x) for x in bulletin["by_stage"]],
        "departments": [
            [x["name_zh"], *(str(x[name]) for name in ("asked", "done", "waiting"))]
            for x in bulletin["by_department"]
        ],
    }
    return papers.pdf(_TEMPLATE, facts)


def _line(name: str, counts: dict[str, Any]) -> list[str]:
    figures = [str(counts[each]) for each in ("reported", "open", "overdue", "closed")]
    shares = [counts[each] for each in ("closing_rate", "resolution_rate", "on_time_rate")]
    return [name, *figures, *("–" if share is None else f"{share:.0%}" for share in shares)]
