"""The tree of areas, and the grids that their communities are divided into."""

from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    String,
    case,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, query_expression

from service.db import Base

LEVELS = ("prefecture", "county", "township", "community")
BASES = ("area", "checkpoints")
DIGITS = {"prefecture": 4, "county": 6, "township": 9, "community": 12, "grid": 15}


class Area(Base):
    """An administrative unit with its 12-digit statistical code; its shape is known where one was given."""

    __tablename__ = "areas"
    __table_args__ = (
        CheckConstraint("code ~ '^[0-9]{12}$'", name="code"),
        CheckConstraint(f"level IN {LEVELS}", name="level"),
        CheckConstraint("(parent_code IS NULL) = (level = 'prefecture')", name="parent"),
    )

    code: Mapped[str] = mapped_column(String(12, collation="C"), primary_key=True)
    level: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    kind: Mapped[str | None]  # of a community: village, herders, community, enterprise
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("areas.code"), index=True)
    shape: Mapped[WKBElement | None] = mapped_column(Geometry("MULTIPOLYGON", 4326))
    centre: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", 4326, spatial_index=False))
    is_synthetic: Mapped[bool] = mapped_column(server_default=text("false"))  # its place was made up

    # What a question may ask for beside the columns: see queries.described.
    grids: Mapped[int | None] = query_expression()
    children: Mapped[int | None] = query_expression()
    box: Mapped[Any] = query_expression()
    middle: Mapped[Any] = query_expression()

    @hybrid_property
    def prefix(self) -> str:
        """What the codes of everything in this area begin with."""
        return self.code[: DIGITS[self.level]]

    @prefix.inplace.expression
    @classmethod
    def _prefix(cls) -> ColumnElement[str]:
        return func.left(cls.code, case(DIGITS, value=cls.level))


class GridRevision(Base):
    """A change of grids: proposed, reported on, approved."""

    __tablename__ = "grid_revisions"
    __table_args__ = (
        CheckConstraint("status IN ('proposed', 'approved')", name="status"),
        Index("grid_revisions_number_key", "number", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int | None]  # counts the approved ones
    status: Mapped[str] = mapped_column(server_default="proposed")
    area_code: Mapped[str] = mapped_column(ForeignKey("areas.code"))
    proposed_by: Mapped[UUID | None]
    proposed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    approved_by: Mapped[UUID | None]
    approved_at: Mapped[datetime | None]
    features: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    retires: Mapped[list[str]] = mapped_column(JSONB)
    report: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Grid(Base):
    """The smallest unit of responsibility; a row is one version of it and is never redrawn."""

    __tablename__ = "grids"
    __table_args__ = (
        CheckConstraint("code ~ '^[0-9]{15}$'", name="code"),
        CheckConstraint("left(code, 12) = community_code", name="community"),
        CheckConstraint(f"basis IN {BASES}", name="basis"),
        CheckConstraint("area_m2 > 0", name="area"),
        CheckConstraint("ST_IsValid(shape) AND NOT ST_IsEmpty(shape)", name="shape"),
        CheckConstraint("retired_at > since", name="lifetime"),
        ExcludeConstraint(
            ("code", "="), (text("tstzrange(since, retired_at)"), "&&"), name="grids_code_during_excl"
        ),
        Index("grids_current_idx", "code", postgresql_where=text("retired_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(15, collation="C"))
    community_code: Mapped[str] = mapped_column(ForeignKey("areas.code"), index=True)
    name: Mapped[str]
    basis: Mapped[str] = mapped_column(server_default="area")
    shape: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", 4326))
    area_m2: Mapped[float]
    since: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    revision_id: Mapped[UUID] = mapped_column(ForeignKey("grid_revisions.id"))
    cells: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # geo.cells.pack_cells

    # What a question may ask for beside the columns: see queries.drawn.
    outline: Mapped[Any] = query_expression()
    community: Mapped[Any] = query_expression()
    township: Mapped[Any] = query_expression()
    county: Mapped[Any] = query_expression()


class GridLineage(Base):
    """Which grid came out of which: split, merge, redraw."""

    __tablename__ = "grid_lineage"

    predecessor_id: Mapped[int] = mapped_column(ForeignKey("grids.id"), primary_key=True)
    successor_id: Mapped[int] = mapped_column(ForeignKey("grids.id"), primary_key=True, index=True)
    kind: Mapped[str]
