"""The JSON of what a phone must know."""

from marshmallow import Schema, fields, validate

from service.duty.models import PLACES
from service.fields import Time, Uuid


class ChangesQuery(Schema):
    cursor = fields.String(
        validate=validate.Length(max=200), metadata={"description": "From the last answer"}
    )


class PhoneGridSchema(Schema):
    code = fields.String(metadata={"description": "15 digits"})
    name = fields.String()
    basis = fields.String()
    outline = fields.Dict(metadata={"description": "Simplified to about 5 m; a GeoJSON geometry"})


class PhoneShiftSchema(Schema):
    id = Uuid()
    starts_at = Time()
    ends_at = Time()
    state = fields.String()
    grids = fields.List(fields.String(), metadata={"description": "15-digit codes"})
    is_mine = fields.Boolean(metadata={"description": "Given to this member alone"})
    my_state = fields.String(
        validate=validate.OneOf(PLACES),
        allow_none=True,
        metadata={"description": "What this member has answered, or is asked"},
    )
    spot_check_id = Uuid(
        allow_none=True, metadata={"description": "Of the spot check that waits for this member's answer"}
    )
    spot_check_closes_at = Time(allow_none=True)


class PhoneCheckpointSchema(Schema):
    id = Uuid()
    code = fields.String(metadata={"description": "In its QR code"})
    name = fields.String()
    kind = fields.String()
    grid = fields.String()
    lon = fields.Float()
    lat = fields.Float()


class PhoneNoticeSchema(Schema):
    id = Uuid()
    title = fields.String()
    text = fields.String()
    sent_at = Time()
    is_read = fields.Boolean()


class ListSchema(Schema):
    gone = fields.List(fields.String(), metadata={"description": "Ids or codes to delete"})
    whole = fields.Boolean(metadata={"description": "Whether these items replace the list on the phone"})


class PhoneGridsSchema(ListSchema):
    items = fields.List(fields.Nested(PhoneGridSchema))


class PhoneShiftsSchema(ListSchema):
    items = fields.List(fields.Nested(PhoneShiftSchema))


class PhoneCheckpointsSchema(ListSchema):
    items = fields.List(fields.Nested(PhoneCheckpointSchema))


class PhoneNoticesSchema(ListSchema):
    items = fields.List(fields.Nested(PhoneNoticeSchema))


class ChangesSchema(Schema):
    cursor = fields.String(metadata={"description": "Ask with it next time"})
    whole = fields.Boolean(metadata={"description": "Whether this replaces everything that the phone has"})
    grids = fields.Nested(PhoneGridsSchema)
    shifts = fields.Nested(PhoneShiftsSchema, metadata={"description": "Of the next two weeks"})
    checkpoints = fields.Nested(PhoneCheckpointsSchema)
    notices = fields.Nested(PhoneNoticesSchema, metadata={"description": "That have not expired"})
