"""Outlines of grids as the map draws them."""

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base


class GridOutline(Base):
    """A grid's outline in Web Mercator, simplified for all zooms down to `deepest`; borders stay shared."""

    __tablename__ = "grid_outlines"
    __table_args__ = (Index("grid_outlines_shape_idx", "shape", postgresql_using="gist"),)

    deepest: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    grid_id: Mapped[int] = mapped_column(ForeignKey("grids.id"), primary_key=True, index=True)
    shape: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", 3857, spatial_index=False))
