"""The JSON of coverage."""

from marshmallow import fields, validate

from service.fields import Code, PageQuery, Strict, Time, WindowQuery

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
