"""The JSON of checkpoints."""

import re

from marshmallow import ValidationError, fields, validate, validates_schema

from service.areas.schemas import SYSTEMS
from service.checkpoints.models import KINDS
from service.fields import Code, Number, PageQuery, Strict, Text, Time, Uuid


class CheckpointsQuery(PageQuery):
    area = Code(12, 15, metadata={"description": "An area or a grid; all that the caller sees unless given"})
    grid = Code(15)


class SheetQuery(Strict):
    grid = Code(15, required=True)


class QrQuery(Strict):
    format = fields.String(load_default="svg", validate=validate.OneOf(("svg", "pdf")))


class ChangeSchema(Strict):
    name = Text(100)
    kind = fields.String(validate=validate.OneOf(KINDS))
    floor = Text(20, allow_none=True)
    unit = Text(20, allow_none=True)


class NewCheckpointSchema(Strict):
    """A place to mark; it can never be moved."""

    name = Text(100, required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    floor = Text(20, allow_none=True)
    unit = Text(20, allow_none=True)
    lon = Number(required=True, validate=validate.Range(-180, 180))
    lat = Number(required=True, validate=validate.Range(-90, 90))
    crs = fields.String(load_default="wgs84", validate=validate.OneOf(SYSTEMS))
    grid = Code(15, metadata={"description": "Refused unless the position lies in it"})
    nfc_uid = fields.String(
        validate=validate.Regexp(re.compile(r"([0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})\Z")),
        metadata={"description": "Of its tag, in large hexadecimal digits"},
    )
    nfc_key = fields.String(
        validate=validate.Regexp(re.compile(r"[0-9A-Fa-f]{32}\Z")),
        metadata={"description": "AES-128 key of an NTAG 424 DNA (SDM meta read and file read)"},
    )

    @validates_schema
    def has_a_tag(self, data, **_):
        """A key without a tag is a mistake."""
        if "nfc_key" in data and len(data.get("nfc_uid", "")) != 14:
            raise ValidationError("Such a tag has a UID of 14 digits.", "nfc_uid")


class CheckpointSchema(Strict):
    """A marked place in a grid."""

    id = Uuid()
    code = fields.String(metadata={"description": "Printed below its QR code"})
    name = fields.String()
    kind = fields.String()
    floor = fields.String(allow_none=True)
    unit = fields.String(allow_none=True)
    grid = fields.String()
    lon = fields.Float()
    lat = fields.Float()
    has_tag = fields.Function(lambda each: each.nfc_uid is not None, metadata={"type": "boolean"})
    since = Time()
    retired_at = Time(allow_none=True)


class CheckpointsSchema(Strict):
    items = fields.List(fields.Nested(CheckpointSchema))
    next_cursor = fields.String(allow_none=True)


class DisplaySchema(Strict):
    """What a display needs to show rotating codes without a network."""

    code = fields.String()
    secret = fields.String(metadata={"description": "Hexadecimal digits; the key of HMAC-SHA-256"})
    step_s = fields.Integer()
    proof = fields.String(metadata={"description": "The code of this moment, to compare"})
