"""The JSON of coverage."""

from datetime import UTC, datetime, timedelta

from marshmallow import ValidationError, fields, validate, validates_schema

from service.fields import Code, PageQuery, QueryInteger, QueryNumber, QueryTime, Strict, Time, WindowQuery
from service.patrols.models import MODES
from service.teams.models import KINDS

STATES = ("seen", "partly", "unseen", "no_evidence")
LONGEST = timedelta(days=366)  # of a window: every day of it is read
BY = ("grid", "community", "township", "county")


class ScopedQuery(WindowQuery):
    """Whose patrols count, and in which grids; a filter of patrols takes a window of at most 31 days."""

    team_kind = fields.String(
        validate=validate.OneOf(KINDS),
        metadata={"description": "Only patrols of members of such a team, in it when they set out"},
    )
    mode = fields.String(validate=validate.OneOf(MODES), metadata={"description": "Only who moved so"})
    as_of = QueryTime(metadata={"description": "The grids in force then; at the window's end unless given"})
    longest = LONGEST
    filtered = timedelta(days=31)

    @validates_schema(skip_on_field_errors=True)
    def bounded(self, data, **_):
        """What has to be read patrol by patrol is not asked of years."""
        self.within(data, self.filtered) if data.get("team_kind") or data.get("mode") else None

    @staticmethod
    def within(data, most):
        """Refuse a window that is longer than `most`."""
        end = data.get("to") or datetime.now(UTC)
        if data.get("from_") and end - data["from_"] > most:
            raise ValidationError(f"This question takes a window of at most {most.days} days.", "from")


class CoverageQuery(ScopedQuery, PageQuery):
    area = Code(12, 15, metadata={"description": "An area or a grid; all that the caller sees unless given"})
    by = fields.String(load_default="grid", validate=validate.OneOf(BY))


class TrendQuery(ScopedQuery):
    area = Code(12, 15)
    days = timedelta(days=92)

    @validates_schema(skip_on_field_errors=True)
    def not_for_years(self, data, **_):
        """Each day is measured by itself."""
        self.within(data, self.days)


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


class DaySchema(Strict):
    day = fields.Date(required=True, metadata={"description": "Of local time, +08:00"})
    grids = fields.Integer(required=True)
    grids_seen = fields.Integer(required=True, metadata={"description": "Those whose state is `seen`"})
    share_seen = fields.Float(required=True)
    share_no_evidence = fields.Float(required=True)
    visits = fields.Integer(required=True)
    person_minutes = fields.Float(required=True)
    check_ins = fields.Nested(GradesSchema, required=True)


class TrendSchema(Strict):
    window = fields.Nested(WindowSchema, required=True)
    items = fields.List(fields.Nested(DaySchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class CoverageSchema(Strict):
    window = fields.Nested(WindowSchema, required=True)
    items = fields.List(fields.Nested(MeasureSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class GapsQuery(WindowQuery):
    longest = LONGEST
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
