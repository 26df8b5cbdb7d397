"""The JSON of alarms."""

from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, pre_load, validate

from geo.findings import check
from geo.geojson import read_geometry
from geo.plane import area_m2
from service.alarms.models import WAYS
from service.alarms.pins import FORM
from service.alarms.workflow import KINDS, LEVELS, REASONS, STATUSES, STEPS
from service.areas.schemas import CodeAndNameSchema
from service.fields import Code, Number, PageQuery, Strict, Time, Uuid

SMALLEST = 50_000.0  # m²; a smaller polygon would ask where somebody is


def _odd(kind: str, text: str) -> fields.Raw:
    return fields.Raw(allow_none=True, metadata={"type": kind, "description": text})


class CallSchema(Schema):
    """A call for help. Nothing in it is needed, and nothing odd in it keeps it from being heard."""

    class Meta:
        unknown = EXCLUDE

    id = _odd("string", "A UUID of version 4 or 7; the same call sent again has the same")
    at = _odd("string", "When, RFC 3339 with offset; now unless given")
    lon = _odd("number", "Degrees")
    lat = _odd("number", "Degrees")
    accuracy_m = _odd("number", "Metres")
    crs = _odd("string", "wgs84 (unless given), cgcs2000, gcj02 or bd09")
    mock = _odd("boolean", "Whether the position was made up")
    sent_at = _odd("string", "The sender's clock now; a wrong clock is corrected by it")

    @pre_load
    def as_object(self, data: Any, **_: Any) -> Any:
        """What is not an object says no more than that somebody calls."""
        return data if isinstance(data, dict) else {}


class StepRequestSchema(Strict):
    step = fields.String(required=True, validate=validate.OneOf(list(STEPS)))
    pin = fields.String(validate=validate.Regexp(f"^{FORM}\\Z"), load_only=True)


class PinSchema(Strict):
    pin = fields.String(required=True, validate=validate.Regexp(f"^{FORM}\\Z"), load_only=True)
    current = fields.String(
        validate=validate.Regexp(f"^{FORM}\\Z"), metadata={"description": "The PIN before, if there is one"}
    )


class Drawn(fields.Field):
    """A valid GeoJSON Polygon in WGS-84 of at least 0.05 km²."""

    def __init__(self, **kwargs: Any):
        super().__init__(metadata={"type": "object", "description": "GeoJSON Polygon, ≥ 0.05 km²"}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            shape = read_geometry(value)
        except ValueError as error:
            raise ValidationError(f"{error}.") from None
        if flaws := check([("", shape)]):
            raise ValidationError([f"{flaw.kind}: {flaw.detail}." for flaw in flaws])
        if shape.geom_type != "Polygon":
            raise ValidationError("Not a Polygon.")
        if area_m2(shape) < SMALLEST:
            raise ValidationError("Smaller than 0.05 km².")
        return shape


class ReinforceSchema(Strict):
    polygon = Drawn(required=True)


class DrillRequestSchema(Strict):
    area = Code(12, required=True)


class AlarmsQuery(PageQuery):
    area = Code(12, 15, metadata={"description": "In this area or grid only"})
    state = fields.String(validate=validate.OneOf(["open", "closed"]))


class PlaceSchema(Strict):
    lon = Number(required=True)
    lat = Number(required=True)


class ToldPersonSchema(Strict):
    id = Uuid(required=True)
    name = fields.String(required=True)


class AlarmSchema(Strict):
    """An alarm without whose it is and where."""

    id = Uuid(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    level = fields.String(
        required=True,
        validate=validate.OneOf(LEVELS),
        metadata={"description": "How far up it has climbed"},
    )
    version = fields.Integer(required=True, metadata={"description": "Counts its steps"})
    way = fields.String(required=True, validate=validate.OneOf(WAYS))
    area = fields.Nested(
        CodeAndNameSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Not told of one's own call from ground that one does not see"},
    )
    recorded_at = Time(required=True)
    received_at = Time(required=True)
    due_at = Time(required=True, allow_none=True, metadata={"description": "When it climbs on"})
    marks = fields.List(fields.String(), required=True)


class AlarmsSchema(Strict):
    items = fields.List(fields.Nested(AlarmSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class TakenStepSchema(Strict):
    version = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    at = Time(required=True)
    status = fields.String(required=True, metadata={"description": "Of the alarm afterwards"})
    level = fields.String(required=True)
    role = fields.String(required=True)
    by = fields.Nested(
        ToldPersonSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Nobody: the clock, a drill, or a person whom you may no longer see here"},
    )


class FullAlarmSchema(AlarmSchema):
    """An alarm in full; who helps and the centre see whose it is and where only while it is open."""

    member = fields.Nested(ToldPersonSchema, required=True, allow_none=True)
    position = fields.Nested(PlaceSchema, required=True, allow_none=True)
    accuracy_m = fields.Float(required=True, allow_none=True)
    grid = fields.Nested(CodeAndNameSchema, required=True, allow_none=True)
    told = fields.Dict(
        keys=fields.String(validate=validate.OneOf(REASONS)),
        values=fields.Integer(),
        required=True,
        metadata={"description": "How many people were told, by reason"},
    )
    steps = fields.List(fields.Nested(TakenStepSchema), required=True)
    allowed = fields.List(
        fields.String(), required=True, metadata={"description": "The steps that you can take now"}
    )


class AnswersSchema(Strict):
    code = fields.String(required=True)
    name = fields.String(required=True)
    told = fields.Integer(required=True)
    answered = fields.Integer(required=True)
    first_after_s = fields.Float(
        required=True, allow_none=True, metadata={"description": "Until the first answer"}
    )


class DrilledCountySchema(Strict):
    area = fields.Nested(CodeAndNameSchema, required=True)
    last_held_at = Time(required=True, allow_none=True)
    is_due = fields.Boolean(required=True, metadata={"description": "None was held for a month"})


class DrillsSchema(Strict):
    items = fields.List(fields.Nested(DrilledCountySchema), required=True)


class DrillReportSchema(Strict):
    """Who answered a drill: teams and areas, never persons."""

    id = Uuid(required=True)
    area = fields.Nested(CodeAndNameSchema, required=True)
    held_at = Time(required=True)
    told = fields.Integer(required=True)
    answered = fields.Integer(required=True)
    teams = fields.List(fields.Nested(AnswersSchema), required=True)
    areas = fields.List(fields.Nested(AnswersSchema), required=True)
