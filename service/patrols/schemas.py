"""The JSON of patrols."""

from marshmallow import fields, validate

from service.fields import Code, PageQuery, QueryTime, Strict, Text, Time, Uuid
from service.patrols.models import MODES


class PatrolsQuery(PageQuery):
    from_ = QueryTime(
        data_key="from", metadata={"description": "Patrols of which something happened since then"}
    )
    to = QueryTime()


class UnderWayQuery(Strict):
    area = Code(12, metadata={"description": "All that the caller sees unless given"})
    by = fields.String(load_default="county", validate=validate.OneOf(["community", "township", "county"]))


class OutSchema(Strict):
    code = fields.String(required=True)
    patrols = fields.Integer(required=True)


class UnderWaySchema(Strict):
    """How many patrols are out now: figures of areas, never of persons."""

    at = Time(required=True)
    patrols = fields.Integer(required=True, metadata={"description": "All of them"})
    items = fields.List(fields.Nested(OutSchema), required=True)


class TrackQuery(Strict):
    purpose = Text(
        200, metadata={"description": "Why you look at another person's track; that person can read it"}
    )


class PatrolSchema(Strict):
    id = Uuid(required=True)
    member_id = Uuid(required=True)
    mode = fields.String(required=True, validate=validate.OneOf(MODES))
    started_at = Time(required=True, allow_none=True)
    ended_at = Time(required=True, allow_none=True)
    first_at = Time(required=True, allow_none=True)
    last_at = Time(required=True, allow_none=True)
    implied = fields.Boolean(required=True, attribute="is_implied")


class PatrolsSchema(Strict):
    items = fields.List(fields.Nested(PatrolSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class TrackPropertiesSchema(Strict):
    patrol_id = Uuid(required=True)
    coordTimes = fields.List(fields.String(), required=True)
    accuracy_m = fields.List(fields.Float(allow_none=True), required=True)
    marks = fields.List(fields.List(fields.String()), required=True)


class LineStringSchema(Strict):
    type = fields.String(required=True)
    coordinates = fields.List(fields.List(fields.Float()), required=True)


class TrackSchema(Strict):
    """A GeoJSON Feature with a LineString."""

    type = fields.String(required=True)
    geometry = fields.Nested(LineStringSchema, required=True, allow_none=True)
    properties = fields.Nested(TrackPropertiesSchema, required=True)
