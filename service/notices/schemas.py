"""The JSON of notices."""

import json

from marshmallow import ValidationError, fields, validates_schema
from shapely import Polygon

from geo.geojson import read_geometry
from service.duty.schemas import NamedTeamSchema
from service.fields import Code, PageQuery, Strict, Text, Time, Uuid

MOST_POINTS = 1000


class Drawn(fields.Field):
    """A GeoJSON Polygon (WGS-84) that somebody has drawn on the map."""

    def _deserialize(self, value, attr, data, **kwargs):
        try:
            shape = read_geometry(value)
        except ValueError as error:
            raise ValidationError(f"Not a polygon: {error}.") from None
        if not isinstance(shape, Polygon) or not shape.is_valid or shape.is_empty:
            raise ValidationError("Not one polygon that is valid.")
        if len(shape.exterior.coords) > MOST_POINTS:
            raise ValidationError(f"Has more than {MOST_POINTS} corners.")
        return shape

    def _serialize(self, value, attr, obj, **kwargs):
        return json.loads(value) if value else None


class NewNoticeSchema(Strict):
    """A notice to the teams of an area, or to those with grids in a polygon."""

    title = Text(100, required=True)
    text = Text(2000, required=True, lines=True)
    area = Code(12, metadata={"description": "To the teams at home in it"})
    shape = Drawn(
        metadata={"type": "object", "description": "Polygon; to the teams at home or on duty in it"}
    )
    expires_at = Time(load_default=None, allow_none=True)

    @validates_schema
    def one_place(self, data, **_):
        """A notice goes to an area or a polygon."""
        if ("area" in data) == ("shape" in data):
            raise ValidationError("Give either an area or a shape.", "area")


class NoticesQuery(PageQuery):
    expired = fields.Boolean(
        load_default=False, truthy={"true"}, falsy={"false"}, metadata={"description": "Those as well"}
    )


class ReadersSchema(NamedTeamSchema):
    members = fields.Integer(required=True)
    read = fields.Integer(required=True, metadata={"description": "How many of them have read it"})


class NoticeSchema(Strict):
    id = Uuid(required=True)
    title = fields.String(required=True)
    text = fields.String(required=True)
    area = fields.String(attribute="area_code", required=True)
    shape = Drawn(required=True, allow_none=True, metadata={"type": "object"})
    sent_at = Time(required=True)
    expires_at = Time(required=True, allow_none=True)
    is_read = fields.Boolean(required=True, metadata={"description": "By the caller"})
    teams = fields.List(
        fields.Nested(ReadersSchema),
        required=True,
        metadata={"description": "That it went to, as far as the caller sees; nothing for a member"},
    )


class NoticesSchema(Strict):
    items = fields.List(fields.Nested(NoticeSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
