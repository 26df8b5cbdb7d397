"""The JSON of figures about matters, of their bulletin, and of the departments in it."""

from datetime import timedelta
from typing import Any, ClassVar

from marshmallow import fields, validate

from service.fields import Code, Described, PageQuery, Strict, Time, Uuid, WindowQuery


class FiguresQuery(WindowQuery):
    area = Code(12)


class CountsQuery(FiguresQuery):
    by = fields.String(
        load_default="class",
        validate=validate.OneOf(
            ["class", "stage", "level", "grid", "community", "township", "county", "prefecture"]
        ),
    )


class MatterCountSchema(Strict):
    """What became of the matters that arrived in the window."""

    key = fields.String(required=True)
    reported = fields.Integer(required=True)
    open = fields.Integer(required=True)
    overdue = fields.Integer(required=True)
    closed = fields.Integer(required=True)
    closed_on_time = fields.Integer(required=True)
    resolved = fields.Integer(required=True)
    closing_rate = fields.Float(
        required=True, allow_none=True, metadata={"description": "办结率 closed ÷ reported"}
    )
    resolution_rate = fields.Float(
        required=True, allow_none=True, metadata={"description": "化解率 resolved or mediated ÷ reported"}
    )
    on_time_rate = fields.Float(
        required=True, allow_none=True, metadata={"description": "closed without missing a limit ÷ closed"}
    )


class MatterCountsSchema(Strict):
    items = fields.List(fields.Nested(MatterCountSchema), required=True)


class DepartmentSchema(Strict):
    code = fields.String(required=True)
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)


class DepartmentsSchema(Strict):
    items = fields.List(fields.Nested(DepartmentSchema), required=True)


class BulletinQuery(FiguresQuery):
    """The last 30 days unless a window is given, of the caller's whole area unless one is named."""

    usual = timedelta(days=30)
    class_ = fields.String(data_key="class", validate=validate.Length(1, 40))
    format = fields.String(load_default="json", validate=validate.OneOf(["json", "pdf"]))


class BulletinAreaSchema(MatterCountSchema):
    name = fields.String(required=True)


class BulletinDepartmentSchema(DepartmentSchema):
    """What a department was asked to do; `code` is null for one that is not listed."""

    code = fields.String(required=True, allow_none=True)
    asked = fields.Integer(required=True, metadata={"description": "Matters that it handles jointly"})
    done = fields.Integer(required=True)
    waiting = fields.Integer(required=True, metadata={"description": "Still open, and not done by it"})


class BulletinPlaceSchema(Strict):
    code = fields.String(required=True)
    name = fields.String(required=True)


class BulletinWindowSchema(Strict):
    from_ = Time(data_key="from", attribute="from", required=True)
    to = Time(required=True)


class BulletinSchema(Strict):
    """How the matters of a class stand; no person."""

    class_ = fields.String(data_key="class", attribute="class", required=True, allow_none=True)
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)
    area = fields.Nested(BulletinPlaceSchema, required=True)
    window = fields.Nested(BulletinWindowSchema, required=True)
    total = fields.Nested(MatterCountSchema, required=True)
    open_from_before = fields.Integer(
        required=True, metadata={"description": "Arrived before the window, and not over"}
    )
    facts = fields.Dict(required=True, metadata={"description": "Sums of what the class asks for"})
    by_area = fields.List(fields.Nested(BulletinAreaSchema), required=True)
    by_stage = fields.List(fields.Nested(MatterCountSchema), required=True)
    by_department = fields.List(fields.Nested(BulletinDepartmentSchema), required=True)


class BulletinsQuery(PageQuery):
    class_ = fields.String(data_key="class", attribute="class_code", validate=validate.Length(1, 40))
    area = Code(12)


class Month(Described):
    """A month, by its first day, as 2026-06."""

    form: ClassVar = {"pattern": r"^\d{4}-\d\d$"}

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_: Any) -> str:
        return f"{value:%Y-%m}"


class MonthlyBulletinSchema(Strict):
    """A bulletin that was made after a month had ended."""

    id = Uuid(required=True)
    class_code = fields.String(data_key="class", required=True)
    area_code = fields.String(data_key="area", required=True)
    month = Month(required=True)
    made_at = Time(required=True)


class MonthlyBulletinsSchema(Strict):
    items = fields.List(fields.Nested(MonthlyBulletinSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class StageTimeSchema(Strict):
    stage = fields.String(required=True)
    ended = fields.Integer(required=True)
    median_s = fields.Float(required=True)
    p90_s = fields.Float(required=True)


class StageTimesSchema(Strict):
    items = fields.List(fields.Nested(StageTimeSchema), required=True)


class BurdenRowSchema(Strict):
    """What was asked of a team."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    matters = fields.Integer(required=True, metadata={"description": "Given to the team"})
    reports = fields.Integer(required=True, metadata={"description": "Steps that its people had to take"})
    photos = fields.Integer(required=True, metadata={"description": "That these steps came with"})


class BurdenSchema(Strict):
    items = fields.List(fields.Nested(BurdenRowSchema), required=True)
