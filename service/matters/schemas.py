"""The JSON of matters, their steps, figures and webhooks."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from service.fields import (
    Code,
    Number,
    PageQuery,
    QueryTime,
    Strict,
    Text,
    Time,
    Uuid,
)
from service.matters import hooks
from service.matters.models import FAMILIES, TRACED, URGENCIES
from service.matters.workflow import BY_HAND, LEVELS, STAGES, TAKES

_BY_NAME = {"class": "class_code"}
_DIGEST = (
    "SHA-256 of the 32 bytes of `previous` and, in UTF-8, the JSON list without blanks of matter_id, "
    "version, step, stage, level, at (UTC, six decimals, +00:00), actor_id, role, area, note, reason, "
    "photos, details (keys sorted), stage_left, lasted_s; it comes out where the reader sees all"
)


def photos(**kwargs: Any) -> fields.List:
    """Photos by their SHA-256."""
    each = fields.String(validate=validate.Regexp("^[0-9a-f]{64}$"))
    return fields.List(each, validate=validate.Length(0, 20), **kwargs)


class Facts(fields.Dict):
    """Up to ten named facts, each a number or a short text."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        told = super()._deserialize(value, attr, data, **kwargs)
        if len(told) > 10:
            raise ValidationError("At most ten facts.")
        return {Text(40).deserialize(name): _fact(each) for name, each in told.items()}


def _fact(value: Any) -> Any:
    if isinstance(value, str):
        return Text(200).deserialize(value)
    number = Number(validate=validate.Range(-1e12, 1e12)).deserialize(value)
    return int(number) if number == int(number) else number


class MatterReportSchema(Strict):
    """A matter as it was found."""

    id = Uuid(metadata={"description": "Made by the sender, so that sending again is harmless"})
    class_code = fields.String(data_key="class", required=True, validate=validate.Length(1, 40))
    title = Text(100, required=True)
    text = Text(4000, lines=True)
    facts = Facts(load_default=dict, metadata={"description": "What the class asks for, by name"})
    lon = Number(required=True, validate=validate.Range(-180, 180))
    lat = Number(required=True, validate=validate.Range(-90, 90))
    crs = fields.String(load_default="wgs84", validate=validate.OneOf(["wgs84", "gcj02", "bd09"]))
    accuracy_m = Number(validate=validate.Range(0, 1e7))
    at = Time(metadata={"description": "When it was found; now unless given"})
    photos = photos(load_default=list)


class MatterStepSchema(Strict):
    """A step to take; `version` is that of the state which the sender saw."""

    step = fields.String(required=True, validate=validate.OneOf(BY_HAND))
    version = fields.Integer(required=True, strict=True, validate=validate.Range(1, 2**31 - 1))
    note = Text(2000, lines=True)
    photos = photos()
    reason = fields.String(validate=validate.Length(1, 40))
    class_code = fields.String(data_key="class", validate=validate.Length(1, 40))
    review_at = Time()
    assignee_id = Uuid()
    team_id = Uuid()
    party = Text(60, metadata={"description": "The code of a department, or another name"})
    into_id = Uuid()
    place = Code(12, 15, metadata={"description": "The grid or area where a returned matter belongs"})

    @validates_schema
    def fits(self, data: dict[str, Any], **_: Any) -> None:
        """Each step has its own fields."""
        must, may = TAKES.get(data.get("step", ""), ((), ()))
        known = {_BY_NAME.get(name, name) for name in (*must, *may)} | {"step", "version", "note", "photos"}
        wrong = {name: ["This step does not take it."] for name in data.keys() - known}
        wrong |= {name: ["This step needs it."] for name in must if _BY_NAME.get(name, name) not in data}
        if wrong:
            raise ValidationError(wrong)


class MattersFilter(Strict):
    """Which matters."""

    class_ = fields.String(data_key="class", validate=validate.Length(1, 40))
    stage = fields.String(validate=validate.OneOf(STAGES))
    level = fields.String(validate=validate.OneOf(LEVELS))
    area = Code(12)
    grid = Code(15)
    due_before = QueryTime()
    is_open = fields.Boolean(data_key="open", truthy={"true"}, falsy={"false"})
    is_late = fields.Boolean(data_key="late", truthy={"true"}, falsy={"false"})
    text = Text(50, metadata={"description": "Part of the title or the text"})
    from_ = QueryTime(data_key="from", metadata={"description": "That arrived since then"})
    to = QueryTime()

    @validates_schema
    def in_order(self, data: dict[str, Any], **_: Any) -> None:
        """A window that is closed at both ends has a length."""
        if "from_" in data and "to" in data and data["from_"] >= data["to"]:
            raise ValidationError("Must lie before `to`.", "from")


class MattersQuery(MattersFilter, PageQuery):
    """A page of matters."""


class ExportQuery(MattersFilter):
    format = fields.String(load_default="csv", validate=validate.OneOf(["csv", "xlsx"]))


class FileQuery(Strict):
    format = fields.String(load_default="json", validate=validate.OneOf(["json", "pdf"]))


class MatterSchema(Strict):
    """A matter; who reads no members sees no persons."""

    id = Uuid(required=True)
    class_code = fields.String(data_key="class", required=True)
    title = fields.String(required=True)
    text = fields.String(required=True, allow_none=True)
    facts = fields.Dict(required=True)
    photos = fields.List(fields.String(), required=True)
    lon = fields.Float(required=True, allow_none=True)
    lat = fields.Float(required=True, allow_none=True)
    accuracy_m = fields.Float(required=True, allow_none=True)
    area = fields.String(required=True, allow_none=True)
    grid = fields.String(required=True, allow_none=True)
    level = fields.String(required=True, validate=validate.OneOf(LEVELS))
    stage = fields.String(required=True, validate=validate.OneOf(STAGES))
    version = fields.Integer(required=True)
    recorded_at = Time(required=True)
    received_at = Time(required=True)
    entered_at = Time(required=True, metadata={"description": "When it entered its stage"})
    due_at = Time(required=True, allow_none=True, metadata={"description": "When its stage must be left"})
    review_at = Time(required=True, allow_none=True)
    is_late = fields.Boolean(data_key="late", required=True)
    marks = fields.List(fields.String(), required=True)
    patrol_id = Uuid(required=True, allow_none=True)
    reporter_id = Uuid(required=True, allow_none=True)
    handler_id = Uuid(required=True, allow_none=True)
    team_id = Uuid(required=True, allow_none=True)
    parties = fields.List(fields.String(), required=True)
    parties_done = fields.List(fields.String(), required=True)
    outcome = fields.String(required=True, allow_none=True)
    closed_at = Time(required=True, allow_none=True)
    merged_into_id = Uuid(required=True, allow_none=True)
    source = fields.String(required=True, allow_none=True)
    external_id = fields.String(required=True, allow_none=True)


class ReportedSchema(MatterSchema):
    near_by = fields.List(Uuid(), required=True, metadata={"description": "What may be the same matter"})


class MattersSchema(Strict):
    items = fields.List(fields.Nested(MatterSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class NearBySchema(Strict):
    items = fields.List(fields.Nested(MatterSchema), required=True)


class TakenSchema(Strict):
    """One step of a history."""

    version = fields.Integer(required=True)
    step = fields.String(required=True, validate=validate.OneOf(TRACED))
    stage = fields.String(required=True)
    level = fields.String(required=True)
    at = Time(required=True)
    actor_id = Uuid(required=True, allow_none=True)
    role = fields.String(required=True)
    area_code = fields.String(data_key="area", required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    photos = fields.List(fields.String(), required=True)
    details = fields.Dict(required=True)
    stage_left = fields.String(
        required=True, allow_none=True, metadata={"description": "The stage that ended with this step"}
    )
    lasted_s = fields.Float(
        required=True, allow_none=True, metadata={"description": "How long it had lasted"}
    )
    previous = fields.String(required=True)
    digest = fields.String(required=True, metadata={"description": _DIGEST})


class MatterHistorySchema(Strict):
    items = fields.List(fields.Nested(TakenSchema), required=True)
    verified = fields.Boolean(required=True, metadata={"description": "The chain of hashes holds"})


class AllowedStepsSchema(Strict):
    version = fields.Integer(required=True)
    stage = fields.String(required=True)
    level = fields.String(required=True)
    allowed = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    takes = fields.Dict(required=True, metadata={"description": "Per step: its fields, and its reasons"})
    wanted = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Those that its class asks for: parties, if several handle it jointly"},
    )


class MatterFileSchema(Strict):
    matter = fields.Nested(MatterSchema, required=True)
    steps = fields.List(fields.Nested(TakenSchema), required=True)
    chain = fields.Dict(required=True, metadata={"description": "verified, head, faults"})


class MatterClassSchema(Strict):
    code = fields.String(required=True)
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)
    family = fields.String(data_key="group", required=True, validate=validate.OneOf(FAMILIES))
    urgency = fields.String(required=True, validate=validate.OneOf(URGENCIES))
    is_round = fields.Boolean(data_key="round_the_clock", required=True)
    limits = fields.Dict(required=True, metadata={"description": "Hours, by stage"})
    required = fields.List(fields.String(), required=True)
    is_joint = fields.Boolean(data_key="joint", required=True)
    bulletin = fields.String(required=True, allow_none=True, validate=validate.Equal("monthly"))
    listed_by = fields.String(required=True)
    valid_from = fields.Date(required=True)
    valid_to = fields.Date(required=True, allow_none=True)


class MatterClassesSchema(Strict):
    items = fields.List(fields.Nested(MatterClassSchema), required=True)


class ClassesQuery(Strict):
    at = QueryTime(metadata={"description": "Those valid then; now unless given"})


class MatterFaultSchema(Strict):
    matter_id = Uuid(required=True)
    problem = fields.String(required=True)
    times = fields.Integer(required=True)
    since = Time(required=True)
    until = Time(required=True)


class MatterFaultsSchema(Strict):
    items = fields.List(fields.Nested(MatterFaultSchema), required=True)


class ImportItemSchema(MatterReportSchema):
    """A matter of another platform; without a position it needs a place."""

    class Meta(Strict.Meta):
        exclude = ("id",)

    external_id = Text(100, required=True)
    lon = Number(validate=validate.Range(-180, 180))
    lat = Number(validate=validate.Range(-90, 90))
    place = Code(12, 15, metadata={"description": "The area or grid that it belongs to"})

    @validates_schema
    def is_somewhere(self, data: dict[str, Any], **_: Any) -> None:
        """It has a position, or names where it belongs."""
        if ("lon" in data) != ("lat" in data) or ("lon" not in data and "place" not in data):
            raise ValidationError("Give lon and lat, or a place.", "place")


class MatterImportSchema(Strict):
    source = fields.String(required=True, validate=validate.Regexp("^[a-z0-9][a-z0-9_.-]{0,39}$"))
    items = fields.List(fields.Raw(allow_none=True), required=True, validate=validate.Length(0, 500))


class ImportedSchema(Strict):
    external_id = fields.String(required=True, allow_none=True)
    status = fields.String(required=True, validate=validate.OneOf(["created", "known", "refused"]))
    id = Uuid(required=True, allow_none=True)
    errors = fields.Dict(required=True)


class ImportAnswerSchema(Strict):
    items = fields.List(fields.Nested(ImportedSchema), required=True)


def _is_tellable(value: str) -> None:
    try:
        hooks.read_url(value)
    except ValueError as error:
        raise ValidationError(str(error)) from None


class NewWebhookSchema(Strict):
    url = fields.String(required=True, validate=_is_tellable)
    area = Code(12, required=True, metadata={"description": "Of the matters to hear of"})


class WebhookSchema(Strict):
    id = Uuid(required=True)
    url = fields.String(required=True)
    area_code = fields.String(data_key="area", required=True)
    created_at = Time(required=True)


class WebhookWithKeySchema(WebhookSchema):
    secret = fields.String(
        required=True, metadata={"description": "The key of the signatures, in hexadecimal; shown once"}
    )


class WebhooksSchema(Strict):
    items = fields.List(fields.Nested(WebhookSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
