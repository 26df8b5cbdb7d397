"""What a proposal of grids would do, and what speaks against it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import shapely
from shapely.geometry.base import BaseGeometry

from geo.findings import MOST_VERTICES
from geo.grids import check, reading_order
from geo.index import ALWAYS
from geo.plane import area_m2
from service.areas.places import Places

HIGHEST = 999  # a grid's number has three digits
OVERLAP = 1.0  # m²; less is rounding


class Finding(NamedTuple):
    """Something that the proposer must put right, or should know."""

    feature: int | None  # its place in the file
    code: str | None
    kind: str
    detail: str
    severity: str = "error"
    area_m2: float | None = None


class Wish(NamedTuple):
    """A grid as somebody wishes it to be; without a code it is numbered in its community."""

    shape: BaseGeometry | None
    code: str = ""
    community: str = ""
    name: str = ""
    basis: str = "area"
    replaces: tuple[str, ...] = ()
    feature: int = 0  # its place in the file


class Community(NamedTuple):
    """What there is to know of a community; its shape may not be known."""

    name: str
    shape: BaseGeometry | None


class Standing(NamedTuple):
    """The grids as they are: what a proposal is held against."""

    communities: Mapping[str, Community]  # those that may be revised
    prefix: str  # what the codes of grids that may be revised begin with
    places: Places
    current: dict[str, int]  # code → position in `places`, of those that may be revised
    used: frozenset[str]  # codes of all their versions

    @classmethod
    def of(cls, communities: Mapping[str, Community], prefix: str, places: Places) -> "Standing":
        """Those of `places` with the prefix; no other code is known here, so none can be found out."""
        codes, now = places.codes, (places.index.until == ALWAYS.max).nonzero()[0].tolist()
        current = {codes[position]: position for position in now if codes[position].startswith(prefix)}
        used = frozenset(code for code in codes if code.startswith(prefix))
        return cls(communities, prefix, places, current, used)

    def ids(self, codes: Iterable[str]) -> dict[str, int]:
        """The ids of those of the grids that are current."""
        return {code: int(self.places.ids[self.current[code]]) for code in codes if code in self.current}


@dataclass(frozen=True)
class Proposal:
    """Grids to create and grids to end; an error among the findings forbids it."""

    wishes: list[Wish]
    retires: list[str] = field(default_factory=list)  # those without successors
    findings: list[Finding] = field(default_factory=list)

    @property
    def ended(self) -> list[str]:
        """The codes of all grids that would end."""
        return sorted({*self.retires, *(code for wish in self.wishes for code in wish.replaces)})

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "error"]

    def kinds(self) -> list[str]:
        """How each wish comes to be: new, redraw, split or merge."""
        heirs = Counter(code for wish in self.wishes for code in wish.replaces)
        return [_kind(wish, heirs) for wish in self.wishes]

    def report(self) -> dict[str, Any]:
        """What the proposer is told."""
        by_kind = dict.fromkeys(("new", "redraw", "split", "merge"), 0) | Counter(self.kinds())
        errors = len(self.errors)
        summary = {
            "features": len(self.wishes),
            "errors": errors,
            "warnings": len(self.findings) - errors,
            "creates": len(self.wishes),
            "retires": len(self.ended),
            "by_kind": by_kind | {"retire": len(self.retires)},
        }
        creates = [_created(wish) for wish in self.wishes if wish.shape is not None]
        return {"summary": summary, "findings": [f._asdict() for f in self.findings], "creates": creates}


def _kind(wish: Wish, heirs: Counter[str]) -> str:
    if not wish.replaces:
        return "new"
    if len(wish.replaces) > 1:
        return "merge"
    return "split" if heirs[wish.replaces[0]] > 1 else "redraw"


def _created(wish: Wish) -> dict[str, Any]:
    row = wish._asdict() | {"replaces": list(wish.replaces), "area_m2": _area(wish.shape)}
    return {key: row[key] for key in ("code", "name", "community", "area_m2", "basis", "replaces")}


def _area(shape: Any) -> float | None:
    return round(area_m2(shape), 1) if _is_sound(shape) else None


def _is_sound(shape: Any) -> bool:
    """Whether a shape may be measured; the cheaper test comes first."""
    return shape is not None and shapely.get_num_coordinates(shape) <= MOST_VERTICES and shape.is_valid


def complete(proposal: Proposal, standing: Standing) -> Proposal:
    """The proposal with numbers for wishes without a code, names, and redraws where a code stands already."""
    wishes = _numbered(proposal.wishes, standing.used)
    replaced = {code for wish in wishes for code in wish.replaces} | set(proposal.retires)
    wishes = [
        wish._replace(replaces=(wish.code,))
        if wish.code in standing.current and wish.code not in replaced and not wish.replaces
        else wish
        for wish in wishes
    ]
    named = [wish if wish.name else wish._replace(name=default_name(wish.code)) for wish in wishes]
    return replace(proposal, wishes=named)


def _numbered(wishes: list[Wish], used: Iterable[str]) -> list[Wish]:
    """The wishes in their order; those without a code get the next free numbers as one reads a map."""
    last = last_numbers([*used, *(wish.code for wish in wishes)])
    waiting = defaultdict(list)
    for place, wish in enumerate(wishes):
        if not wish.code and wish.community and _is_sound(wish.shape):
            waiting[wish.community].append(place)
    numbered = list(wishes)
    for community, places in waiting.items():
        for turn, at in enumerate(reading_order([wishes[place].shape for place in places])):
            number = last[community] + 1 + turn
            code = f"{community}{number:03}" if number <= HIGHEST else ""
            numbered[places[at]] = wishes[places[at]]._replace(code=code)
    return numbered


def last_numbers(codes: Iterable[str]) -> Counter[str]:
    """The highest number in use in each community."""
    last: Counter[str] = Counter()
    for code in codes:
        last[code[:12]] = max(last[code[:12]], int(code[12:] or 0))
    return last


def default_name(code: str) -> str:
    """What a grid is called that nobody has named."""
    return f"第{int(code[12:])}网格" if code else "网格"


def examine(proposal: Proposal, standing: Standing) -> Proposal:
    """The proposal with everything that speaks against it, now."""
    findings = [*proposal.findings, *_of_ended(proposal, standing)]
    for wish in proposal.wishes:
        findings += [*_of_code(wish, proposal.ended, standing), *_of_ground(wish, standing)]
    return replace(proposal, findings=[*findings, *_of_shapes(proposal, standing)])


def _of_ended(proposal: Proposal, standing: Standing) -> Iterable[Finding]:
    replaced = {code for wish in proposal.wishes for code in wish.replaces}
    for code in proposal.ended:
        if code not in standing.current:
            yield Finding(None, code, "unknown_grid", "There is no such current grid.")
    for code in sorted(replaced & set(proposal.retires)):
        yield Finding(None, code, "bad_retires", "A grid that is replaced has successors.")


def _of_ground(wish: Wish, standing: Standing) -> Iterable[Finding]:
    """A successor lies where its predecessors lay; else its coordinates may be wrong, or its code."""
    before = [
        standing.places.index.grids[standing.current[c]] for c in wish.replaces if c in standing.current
    ]
    if before and _is_sound(wish.shape) and not shapely.intersects(wish.shape, before).any():
        detail = f"It does not meet {' or '.join(wish.replaces)}, which it replaces."
        yield Finding(wish.feature, wish.code or None, "elsewhere", detail, "warning")


def _of_code(wish: Wish, ended: Sequence[str], standing: Standing) -> Iterable[Finding]:
    told = (wish.feature, wish.code or None)
    if wish.community not in standing.communities:
        if wish.community:
            yield Finding(*told, "unknown_community", "There is no such community in your area.")
    elif not wish.code and _is_sound(wish.shape):
        yield Finding(*told, "no_number_left", f"A community has at most {HIGHEST} grids.")
    elif wish.code in standing.current and wish.code not in ended:
        yield Finding(*told, "code_taken", "Another grid has this code, and this one does not replace it.")
    elif wish.code in standing.used and not wish.replaces:
        yield Finding(*told, "code_taken", "This was the code of a grid that has ended.")


def _of_shapes(proposal: Proposal, standing: Standing) -> list[Finding]:
    """What geometry says, told for the features that it is about."""
    shaped = [wish for wish in proposal.wishes if wish.shape is not None]
    named = {wish.code or f"#{wish.feature}": wish for wish in shaped}
    pairs = [(wish.code or f"#{wish.feature}", wish.shape) for wish in shaped]
    found = check(pairs, None, _around(shaped, proposal.ended, standing))
    for code in dict.fromkeys(wish.community for wish in shaped):
        community = standing.communities.get(code)
        if community and community.shape is not None:
            inside = [(wish.code, wish.shape) for wish in shaped if wish.community == code]
            found += check(inside, community.shape, _staying(code, proposal.ended, standing))
    return [_told(flaw, named, standing) for flaw in dict.fromkeys(found)]


def _told(flaw: Any, named: dict[str, Wish], standing: Standing) -> Finding:
    wish = named.get(flaw.code)
    severity = "error" if flaw.error else "warning"
    code = wish.code or None if wish else None
    return Finding(wish.feature if wish else None, code, flaw.kind, flaw.detail, severity, flaw.area_m2)


def _around(wishes: list[Wish], ended: Sequence[str], standing: Standing) -> list[tuple[str, Any]]:
    """The grids that stay and meet a wish; those outside the proposer's area are not named."""
    sound = [wish.shape for wish in wishes if _is_sound(wish.shape)]
    met = standing.places.index.tree.query(sound, predicate="intersects")[1] if sound else []
    return _named(sorted(set(map(int, met))), ended, standing)


def _staying(community: str, ended: Sequence[str], standing: Standing) -> list[tuple[str, Any]]:
    positions = [at for code, at in standing.current.items() if code.startswith(community)]
    return _named(positions, ended, standing)


def _named(positions: Sequence[int], ended: Sequence[str], standing: Standing) -> list[tuple[str, Any]]:
    codes, index, gone = standing.places.codes, standing.places.index, standing.current.keys() & ended
    return [
        (codes[at] if codes[at] in standing.current else "a grid outside your area", index.grids[at])
        for at in positions
        if index.until[at] == ALWAYS.max and codes[at] not in gone
    ]


def is_new_ground(wish: Wish, standing: Standing) -> bool:
    """Whether no grid ever lay where this one is to lie, nor had its code."""
    index = standing.places.index
    met = index.grids[index.tree.query(wish.shape, predicate="intersects")]
    parts = shapely.get_parts(shapely.get_parts(shapely.intersection(met, wish.shape)))
    common = sum(area_m2(part) for part in parts if part.geom_type == "Polygon")
    return common < OVERLAP and not wish.replaces and wish.code not in standing.used
