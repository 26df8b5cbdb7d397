"""The peer of ingest: a plain Flask service that takes positions with marshmallow and the ORM."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Flask, request
from geoalchemy2 import Geometry
from marshmallow import Schema, fields, validate
from sqlalchemy import DateTime
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from service.db import connect
from service.settings import Settings


class Base(DeclarativeBase):
    """The tables of the peer."""


class Place(Base):
    """One position; no grid, no grade, no mark, no ledger."""

    __tablename__ = "usual_places"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    patrol_id: Mapped[UUID] = mapped_column(index=True)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    position: Mapped[str] = mapped_column(Geometry("POINT", 4326, spatial_index=False))
    accuracy_m: Mapped[float]


class PlaceSchema(Schema):
    """One position as JSON."""

    id = fields.UUID(required=True)
    patrol_id = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True)
    lon = fields.Float(required=True, validate=validate.Range(-180, 180))
    lat = fields.Float(required=True, validate=validate.Range(-90, 90))
    accuracy_m = fields.Float(required=True, validate=validate.Range(0))


def create_app() -> Flask:
    """Takes positions at /places, for anybody."""
    app = Flask(__name__)
    engine = connect(Settings.from_env())
    Base.metadata.create_all(engine)

    @app.post("/places")
    def take() -> dict[str, int]:
        given = PlaceSchema(many=True).load(request.get_json())
        with Session(engine) as session, session.begin():
            session.add_all([_place(**each) for each in given])
        return {"stored": len(given)}

    @app.get("/healthz")
    def answer() -> dict[str, bool]:
        return {"ok": True}

    return app


def _place(at: datetime, lon: float, lat: float, **columns: Any) -> Place:
    return Place(recorded_at=at, position=f"SRID=4326;POINT({lon} {lat})", **columns)
