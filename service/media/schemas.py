"""The JSON of photos."""

from marshmallow import fields, validate

from service.fields import Number, Strict, Time
from service.media.store import SIZES


class SizeQuery(Strict):
    size = fields.String(
        load_default="full",
        validate=validate.OneOf(SIZES),
        metadata={"description": "At most 2560 or 320 pixels"},
    )


class PhotoSchema(Strict):
    """A photo that is kept, and what the phone had written into it."""

    sha256 = fields.String(required=True, metadata={"pattern": "^[0-9a-f]{64}$"})
    received_at = Time(required=True)
    width = fields.Integer(required=True, metadata={"description": "Pixels of the picture that is kept"})
    height = fields.Integer(required=True)
    exif_at = Time(required=True, allow_none=True)
    exif_offset_min = fields.Integer(
        required=True, allow_none=True, metadata={"description": "null: `exif_at` was read as Beijing time"}
    )
    lon = Number(required=True, allow_none=True)
    lat = Number(required=True, allow_none=True)


class ProgressSchema(Strict):
    """A photo of which more must come."""

    sha256 = fields.String(required=True, metadata={"pattern": "^[0-9a-f]{64}$"})
    upload_offset = fields.Integer(required=True, metadata={"description": "Go on at this byte"})
