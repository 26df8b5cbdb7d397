"""Load the tree of areas; propose and approve changes of grids."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import shapely
from geoalchemy2.shape import from_shape
from shapely import MultiPolygon
from shapely.geometry import mapping, shape
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_new

from geo.cells import cells_of, pack_cells
from geo.plane import area_m2
from service.areas import proposals, queries, tree
from service.areas.models import DIGITS, Area, Grid, GridLineage, GridRevision
from service.areas.places import places
from service.areas.proposals import Community, Proposal, Standing, Wish
from service.audit import actions as audit
from service.db import announce, session, uuid7
from service.errors import Conflict, Invalid
from service.values import EARLIEST

REVISING = 0x67726964  # the advisory lock under which grids change


class GridCodeTaken(Conflict):
    title, title_zh = "Another grid has this code", "网格编码已被使用"
    constraint = "grids_code_during_excl"


class AlreadyApproved(Conflict):
    title, title_zh = "This revision is approved already", "该网格调整方案已批准"


class GridsChanged(Conflict):
    title, title_zh = "The grids have changed since this was proposed", "提出方案后网格已有变动"


class Planned(Protocol):
    """A grid as it is to be."""

    code: str
    name: str
    basis: str
    shape: Any


def load_tree() -> None:
    """Make the prefecture's areas known; those already there are left as they are."""
    session.execute(insert_new(Area).on_conflict_do_nothing(), tree.areas())


def weigh(proposal: Proposal, prefix: str) -> Proposal:
    """The proposal, numbered and named, with everything that speaks against it; changes nothing."""
    standing = _standing(prefix)
    return proposals.examine(proposals.complete(proposal, standing), standing)


def _standing(prefix: str) -> Standing:
    rows = session.execute(queries.communities_in(prefix)).all()
    known = {code: Community(name, at and shapely.from_wkb(bytes(at))) for code, name, at in rows}
    return Standing.of(known, prefix, places())


def propose(proposal: Proposal, prefix: str, by: UUID | None = None) -> GridRevision:
    """Keep a proposal until somebody approves it; raises Invalid if anything is wrong with it."""
    weighed = weigh(proposal, prefix)
    if weighed.errors:
        raise Invalid("The grids cannot be proposed.", errors=_told(weighed))
    ended = Standing.of({}, prefix, places()).ids(weighed.ended)
    revision = GridRevision(
        id=uuid7(),
        area_code=_common([*(wish.code for wish in weighed.wishes), *weighed.ended]),
        proposed_by=by,
        features=[_kept(wish) for wish in weighed.wishes],
        retires=weighed.retires,
        report=weighed.report() | {"ended": ended},
    )
    session.add(revision)
    session.flush()
    audit.record("grids.propose", "grid-revision", revision.id)
    return revision


def _told(proposal: Proposal) -> dict[str, Any]:
    return {"findings": [finding._asdict() for finding in proposal.findings]}


def _common(codes: Sequence[str]) -> str:
    """The code of the lowest area that holds all of these grids."""
    whole = DIGITS["community"]
    digits = max(n for n in DIGITS.values() if n <= whole and len({code[:n] for code in codes}) == 1)
    return codes[0][:digits].ljust(whole, "0")


def _kept(wish: Wish) -> dict[str, Any]:
    kept = {"code": wish.code, "community": wish.community, "name": wish.name, "basis": wish.basis}
    return kept | {"replaces": list(wish.replaces), "geometry": mapping(wish.shape)}


def _wished(kept: dict[str, Any]) -> Wish:
    wish = {name: kept[name] for name in ("code", "community", "name", "basis")}
    return Wish(shape(kept["geometry"]), **wish, replaces=tuple(kept["replaces"]))


def approve(revision: GridRevision, prefix: str, by: UUID | None = None) -> list[int]:
    """End grids and create their successors, if all is still as it was proposed; gives the new grids' ids."""
    session.execute(select(func.pg_advisory_xact_lock(REVISING)))
    session.refresh(revision)
    if revision.status == "approved":
        raise AlreadyApproved
    standing = _standing(prefix)
    wishes = [_wished(kept) for kept in revision.features]
    weighed = proposals.examine(Proposal(wishes, revision.retires), standing)
    ended = standing.ids(weighed.ended)
    if weighed.errors or ended != revision.report["ended"]:
        raise GridsChanged(errors=_told(weighed))
    now = session.scalars(select(func.clock_timestamp())).one()
    revision.number = session.scalars(queries.next_number()).one()
    revision.status, revision.approved_by, revision.approved_at = "approved", by, now
    session.flush()
    created = _replace(revision, weighed, standing)
    audit.record("grids.approve", "grid-revision", revision.id)
    announce("grids revised", grids=created, retired=list(ended.values()))
    return created


def _replace(revision: GridRevision, proposal: Proposal, standing: Standing) -> list[int]:
    """End what the proposal ends and create what it creates, with its descent."""
    now: Any = revision.approved_at
    ended = standing.ids(proposal.ended)
    session.execute(update(Grid).where(Grid.id.in_(ended.values())).values(retired_at=now))
    rows = [
        _row(wish, EARLIEST if proposals.is_new_ground(wish, standing) else now)
        | {"revision_id": revision.id}
        for wish in proposal.wishes
    ]
    created = (
        list(session.scalars(insert(Grid).returning(Grid.id, sort_by_parameter_order=True), rows))
        if rows
        else []
    )
    descent = [
        {"predecessor_id": ended[code], "successor_id": grid_id, "kind": kind}
        for grid_id, wish, kind in zip(created, proposal.wishes, proposal.kinds(), strict=True)
        for code in wish.replaces
    ]
    if descent:
        session.execute(insert(GridLineage), descent)
    return created


def _row(wish: Wish, since: datetime) -> dict[str, Any]:
    outline: Any = wish.shape
    turned: Any = shapely.orient_polygons(outline)  # outlines run counterclockwise (RFC 7946, 3.1.6)
    return {
        "code": wish.code,
        "community_code": wish.community,
        "name": wish.name,
        "basis": wish.basis,
        "shape": from_shape(MultiPolygon(shapely.get_parts(turned).tolist()), 4326),
        "area_m2": area_m2(outline),
        "since": since,
        "cells": pack_cells(cells_of(outline)),
    }


def adopt(grids: Iterable[Planned], by: UUID | None = None) -> list[int]:
    """Propose and approve new grids in one go; gives their ids, raises Invalid if anything is wrong."""
    wishes = [
        Wish(grid.shape, grid.code, grid.code[: DIGITS["community"]], grid.name, grid.basis, (), place)
        for place, grid in enumerate(grids)
    ]
    whole = ""  # whoever installs the prefecture may revise all of it
    return approve(propose(Proposal(wishes), whole, by), whole, by)
