"""Questions about areas and grids, and how far a caller sees."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import ColumnElement, Integer, Select, and_, func, or_, select, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased, defer, with_expression

from service.areas.models import DIGITS, Area, Grid, GridLineage, GridRevision
from service.db import fetch
from service.policy import Caller, Scope

BEHIND = ":"  # sorts behind every digit


def prefix_of(code: str) -> str:
    """The significant digits of a 12- or 15-digit code: what everything below it begins with."""
    for digits in (DIGITS["prefecture"], DIGITS["county"], DIGITS["township"]):
        if not code[digits:].strip("0"):
            return code[:digits]
    return code


def reach(caller: Caller, scope: Scope) -> str:
    """What the codes that a caller sees begin with: those of the county around, or of the own area."""
    if scope not in (Scope.COUNTY, Scope.AREA):
        raise ValueError(f"{scope} is not a scope of areas")
    prefix = prefix_of(caller.area)
    return prefix[: DIGITS["county"]] if scope is Scope.COUNTY else prefix


def within(column: Any, prefix: Any) -> ColumnElement[bool]:
    """Whether codes in this column begin with the prefix, as a range that an index answers."""
    return and_(column >= prefix, column < prefix + BEHIND)


def code_range(prefix: str) -> tuple[str, str]:
    """The same as bounds: from the first, up to the second."""
    return prefix, prefix + BEHIND


def above(prefix: str) -> list[str]:
    """The codes of the areas above, from the prefecture down."""
    return [prefix[:n].ljust(12, "0") for n in sorted(DIGITS.values()) if n < len(prefix)]


def sight(caller: Caller, scope: Scope, code: str | None = None) -> str:
    """What the codes asked for begin with: those of one area or grid, or all that the caller sees.

    Raises NotFound for a code that is unknown or reaches beyond what the caller may see.
    """
    prefix = reach(caller, scope)
    if code is None:
        return prefix
    return prefix_of(fetch(_codes(prefix, code)))


def _codes(prefix: str, code: str) -> Select[Any]:
    column = Area.code if len(code) == 12 else Grid.code
    return select(column).where(column == code, within(column, prefix)).distinct()


def visible_to(caller: Caller, scope: Scope) -> Select[Area]:
    """The areas that the caller sees, and those above them, so that they hang in one tree."""
    return select(Area).where(_visible(Area, reach(caller, scope)))


def _visible(area: Any, prefix: str) -> ColumnElement[bool]:
    return or_(within(area.code, prefix), area.code.in_(above(prefix)))


def below(areas: Select[Area], parent: Area) -> Select[Area]:
    """Those of the areas that hang directly below another."""
    return areas.where(Area.parent_code == parent.code)


def described(areas: Select[Area], prefix: str) -> Select[Area]:
    """The same areas with the figures of what they hold; nothing outside the prefix is counted."""
    child, held = aliased(Area), _held(prefix)
    children = select(func.count()).where(child.parent_code == Area.code, _visible(child, prefix))
    box, centre = func.ST_Envelope(Area.shape), func.ST_Centroid(held.c.box)
    return (
        areas.select_from(Area)
        .join(held, true())
        .options(
            with_expression(Area.grids, held.c.grids),
            with_expression(Area.children, children.scalar_subquery()),
            with_expression(Area.box, func.ST_AsGeoJSON(func.coalesce(box, held.c.box)).cast(JSONB)),
            with_expression(Area.middle, func.ST_AsGeoJSON(func.coalesce(Area.centre, centre)).cast(JSONB)),
        )
        .execution_options(populate_existing=True)
    )


def _held(prefix: str) -> Any:
    box = func.ST_SetSRID(func.ST_Extent(Grid.shape).cast(Geometry), 4326)
    return (
        select(func.count().label("grids"), box.label("box"))
        .where(within(Grid.code, Area.prefix), within(Grid.code, prefix), Grid.retired_at.is_(None))
        .lateral("held")
    )


def path(code: str) -> Select[Area]:
    """The area with this code and those above it, from the prefecture down."""
    return select(Area).where(Area.code.in_([*above(prefix_of(code)), code])).order_by(Area.code)


def grids_visible_to(caller: Caller, scope: Scope) -> Select[Grid]:
    """Every version of the grids that the caller sees."""
    return grids_in(reach(caller, scope))


def grids_in(code: str) -> Select[Grid]:
    """Every version of the grids in an area, of one grid, or with a prefix."""
    return select(Grid).where(within(Grid.code, prefix_of(code)))


def in_force(grids: Select[Grid], at: datetime | None = None) -> Select[Grid]:
    """Those of the grids that are current, or were at a time."""
    if at is None:
        return grids.where(Grid.retired_at.is_(None))
    return grids.where(Grid.since <= at, or_(Grid.retired_at.is_(None), Grid.retired_at > at))


def meeting(grids: Select[Grid], box: tuple[float, float, float, float]) -> Select[Grid]:
    """Those of the grids that meet a box west, south, east, north."""
    return grids.where(func.ST_Intersects(Grid.shape, func.ST_MakeEnvelope(*box, 4326)))


def drawn(grids: Select[Grid]) -> Select[Grid]:
    """The same grids with their outline as GeoJSON and the areas that they lie in."""
    return grids.options(
        defer(Grid.shape),
        with_expression(Grid.outline, func.ST_AsGeoJSON(Grid.shape, 7).cast(JSONB)),
        with_expression(Grid.community, _named(Grid.community_code)),
        with_expression(Grid.township, _named(func.left(Grid.code, 9) + "000")),
        with_expression(Grid.county, _named(func.left(Grid.code, 6) + "000000")),
    ).execution_options(populate_existing=True)


def _named(code: Any) -> Any:
    named = func.json_build_object("code", Area.code, "name", Area.name)
    return select(named).where(Area.code == code).correlate(Grid).scalar_subquery()


def lineage(code: str, prefix: str) -> Select[Any]:
    """All versions of a grid with their relatives inside the prefix, the oldest first."""
    before, after = GridLineage.predecessor_id, GridLineage.successor_id
    kind = select(func.min(GridLineage.kind)).where(after == Grid.id).scalar_subquery()
    return (
        select(
            Grid.code,
            Grid.since,
            Grid.retired_at,
            Grid.revision_id,
            func.coalesce(kind, "new").label("kind"),
            _relatives(before, after, prefix).label("predecessors"),
            _relatives(after, before, prefix).label("successors"),
        )
        .where(Grid.code == code)
        .order_by(Grid.since)
    )


def _relatives(other_id: Any, own_id: Any, prefix: str) -> Any:
    other = aliased(Grid)
    codes = select(other.code).join(GridLineage, other_id == other.id).where(own_id == Grid.id)
    return func.array(codes.where(within(other.code, prefix)).order_by(other.code).scalar_subquery())


def every_version() -> Select[Any]:
    """All that finding a place needs of all grids, in the order in which a shared border is decided."""
    shape = func.ST_AsBinary(Grid.shape)
    return select(Grid.id, Grid.code, Grid.since, Grid.retired_at, shape).order_by(Grid.code, Grid.since)


def revisions_visible_to(caller: Caller, scope: Scope) -> Select[GridRevision]:
    """The revisions of grids that all lie where the caller sees."""
    return select(GridRevision).where(within(GridRevision.area_code, reach(caller, scope)))


def next_number() -> Select[int]:
    """The number of the revision to be approved next; true only under the lock of approvals."""
    return select(func.coalesce(func.max(GridRevision.number), 0) + 1)


def communities_in(prefix: str) -> Select[str, str, Any]:
    """Code, name and outline of the communities within a prefix."""
    return select(Area.code, Area.name, func.ST_AsBinary(Area.shape)).where(
        Area.level == "community", within(Area.code, prefix)
    )


def outline(community: str) -> Select[Any]:
    """The outline of a community as GeoJSON, if it is known."""
    return select(func.ST_AsGeoJSON(Area.shape, 15).cast(JSONB)).where(Area.code == community)


def last_number(community: str) -> Select[int]:
    """The highest number that a grid of the community ever had."""
    number = func.right(func.max(Grid.code), 3).cast(Integer)
    return select(func.coalesce(number, 0)).where(within(Grid.code, community))


def cells_of(grid_ids: Sequence[int]) -> Select[int, bytes]:
    """The packed cells of some grids."""
    return select(Grid.id, Grid.cells).where(Grid.id.in_(grid_ids))
