"""The envelope of an upload, and the verdicts on its items."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields, validate

from service.fields import Code, PageQuery, Strict, Text, Time, Uuid
from service.values import read_time

MOST_ITEMS = 500
STATUSES = ("stored", "duplicate", "conflict", "quarantined", "rejected")


class PhoneTime(Time):
    """A phone's idea of now, which may be years off."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        try:
            return read_time(value, datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
        except ValueError as error:
            raise ValidationError(str(error)) from None


class ClockSchema(Strict):
    sent_at = PhoneTime(required=True, metadata={"description": "The phone's clock when it sent the batch"})


class UploadSchema(Strict):
    batch_id = Uuid(required=True)
    crs = fields.String(required=True, validate=validate.OneOf(["wgs84", "gcj02", "bd09"]))
    clock = fields.Nested(ClockSchema)
    items = fields.List(
        fields.Raw(allow_none=True),
        required=True,
        validate=validate.Length(0, MOST_ITEMS),
        metadata={
            "description": "patrol_start, track, check_in, matter, alarm, patrol_end; each has its verdict"
        },
    )


class VerdictSchema(Strict):
    id = fields.String(allow_none=True, metadata={"description": "As sent"})
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    durable = fields.Boolean(required=True, metadata={"description": "Committed; the phone may delete it"})
    marks = fields.List(fields.String())
    problem = fields.Dict()


class LifeSchema(Strict):
    server_epoch = fields.Integer(
        required=True,
        metadata={
            "description": "Another than before: the server was restored; ask for receipts of what was sent"
        },
    )


class ReceiptSchema(LifeSchema):
    batch_id = Uuid(required=True)
    server_time = Time(required=True)
    clock_offset_ms = fields.Integer(required=True, allow_none=True)
    results = fields.List(fields.Nested(VerdictSchema), required=True)


class AskSchema(Strict):
    ids = fields.List(Uuid(), required=True, validate=validate.Length(0, MOST_ITEMS))


class MissingSchema(LifeSchema):
    missing = fields.List(Uuid(), required=True, metadata={"description": "Not here; send these again"})


class QuarantineQuery(PageQuery):
    area = Code(12, metadata={"description": "Of members of this area only"})


class SenderSchema(Strict):
    id = Uuid(required=True)
    name = Text(100, required=True)


class QuarantinedSchema(Strict):
    id = Uuid(required=True)
    item_id = fields.String(required=True, allow_none=True, metadata={"description": "As sent"})
    member = fields.Nested(SenderSchema, required=True)
    batch_id = Uuid(required=True)
    problem = fields.Dict(required=True)
    received_at = Time(required=True)


class QuarantineSchema(Strict):
    items = fields.List(fields.Nested(QuarantinedSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class OneQuarantinedSchema(QuarantinedSchema):
    item = fields.Raw(required=True, allow_none=True, metadata={"description": "The item as it was sent"})
