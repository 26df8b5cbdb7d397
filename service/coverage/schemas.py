"""The JSON of coverage."""

from marshmallow import fields, validate

from service.fields import Code, PageQuery, QueryInteger, QueryNumber, QueryTime, Strict, Time, WindowQuery

STATES = ("seen", "partly", "unseen", "no_evidence")
BY = ("grid", "community", "township", "county")


class CoverageQuery(WindowQuery, PageQuery):
    area = Code(12, 15, metadata={"description": "An area or a grid; all that the caller sees unless given"})
    by = fields.String(load_default="grid", validate=validate.OneOf(BY))


class WindowSchema(Strict):
    from_ = Time(data_key="from", attribute="start")
    to = Time(attribute="end")


class GradesSchema(Strict):
    A = fields.Integer(dump_default=0)
    B = fields.Integer(dump_default=0)
    C = fields.Integer(dump_default=0)
    D = fields.Integer(dump_default=0)


class MeasureSchema(Strict):
    code = fields.String(required=True)
    name = fields.String(required=True)
    basis = fields.String(required=True, validate=validate.OneOf(["area", "checkpoints"]))
    area_m2 = fields.Float(required=True)
    share_seen = fields.Float(required=True, metadata={"description": "0 to 1"})
    share_no_evidence = fields.Float(
        required=True, metadata={"description": "Where a patrol was, but no track shows what it saw; 0 to 1"}
    )
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    visits = fields.Integer(required=True)
    person_minutes = fields.Float(required=True)
    check_ins = fields.Nested(GradesSchema, required=True)
    last_seen_at = Time(required=True, allow_none=True)


class CoverageSchema(Strict):
    window = fields.Nested(WindowSchema, required=True)
    items = fields.List(fields.Nested(MeasureSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class GapsQuery(WindowQuery):
    area = Code(12, 15, metadata={"description": "An area or a grid; all that the caller sees unless given"})
    smallest_m2 = QueryNumber(
        load_default=100.0, validate=validate.Range(1, 1e9), metadata={"description": "No smaller gaps"}
    )
    limit = QueryInteger(load_default=100, validate=validate.Range(1, 500))
    cursor = fields.String(validate=validate.Length(1, 200))


class GapSchema(Strict):
    grid = fields.String(required=True)
    name = fields.String(required=True, metadata={"description": "Of the grid"})
    area_m2 = fields.Float(required=True)
    tolerance_m = fields.Float(
        required=True,
        metadata={"description": "How far the polygon may lie from the true border of what was seen"},
    )
    no_evidence = fields.Boolean(
        required=True, metadata={"description": "Somebody was in the grid, but no track shows the way"}
    )


class GapFeatureSchema(Strict):
    type = fields.Constant("Feature")
    id = fields.String(required=True)
    properties = fields.Nested(GapSchema, required=True)
    geometry = fields.Dict(required=True, metadata={"description": "Polygon or MultiPolygon, WGS-84"})


class GapsSchema(Strict):
    type = fields.Constant("FeatureCollection")
    window = fields.Nested(WindowSchema, required=True)
    features = fields.List(fields.Nested(GapFeatureSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class OverdueQuery(PageQuery):
    area = Code(12, 15)
    at = QueryTime(metadata={"description": "As it was at this time; now unless given"})


class OverdueGridSchema(Strict):
    code = fields.String(required=True)
    name = fields.String(required=True)
    basis = fields.String(required=True)
    target_hours = fields.Integer(required=True)
    last_seen_at = Time(required=True, allow_none=True)
    due_at = Time(required=True, metadata={"description": "When it should have been seen again"})
    overdue_hours = fields.Float(required=True)


class OverdueSchema(Strict):
    at = Time(required=True)
    items = fields.List(fields.Nested(OverdueGridSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class TargetsQuery(PageQuery):
    area = Code(12, 15)


class SetTargetSchema(Strict):
    code = fields.String(required=True)
    hours = fields.Integer(required=True)
    set_at = Time(required=True)


class TargetsSchema(Strict):
    default_hours = fields.Integer(required=True)
    items = fields.List(fields.Nested(SetTargetSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class TargetSchema(Strict):
    code = fields.String(required=True)
    hours = fields.Integer(required=True, metadata={"description": "How long it may go unseen"})
    set_for = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The area or grid it was set for; null is the built-in default"},
    )


class NewTargetSchema(Strict):
    hours = fields.Integer(required=True, strict=True, validate=validate.Range(1, 8784))
