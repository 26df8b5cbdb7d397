"""The JSON of what a phone must know."""

from marshmallow import Schema, fields, validate

from service.duty.models import DECISIONS, PLACES
from service.fields import Time, Uuid
from service.matters.workflow import LEVELS, STAGES


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
    late_minutes = fields.Integer(allow_none=True, metadata={"description": "As said beforehand"})


class PhoneSwapSchema(Schema):
    id = Uuid()
    shift_id = Uuid()
    starts_at = Time()
    ends_at = Time()
    state = fields.String(validate=validate.OneOf(DECISIONS))
    reason = fields.String(
        allow_none=True, metadata={"description": "For whoever asks, and the leader who decides"}
    )
    from_name = fields.String()
    to_name = fields.String()
    is_mine = fields.Boolean(metadata={"description": "Asked for by this member"})
    is_for_me = fields.Boolean(metadata={"description": "This member is to take the shift"})
    may_decide = fields.Boolean(metadata={"description": "It waits for this member's decision"})


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


class PhoneMatterSchema(Schema):
    id = Uuid()
    class_code = fields.String(data_key="class")
    title = fields.String()
    lon = fields.Float(allow_none=True)
    lat = fields.Float(allow_none=True)
    grid = fields.String(allow_none=True, metadata={"description": "15 digits"})
    level = fields.String(validate=validate.OneOf(LEVELS))
    stage = fields.String(validate=validate.OneOf(STAGES))
    version = fields.Integer()
    recorded_at = Time()
    due_at = Time(allow_none=True, metadata={"description": "When its stage must be left"})
    is_late = fields.Boolean(data_key="late")
    outcome = fields.String(allow_none=True)
    is_mine = fields.Boolean(metadata={"description": "Reported by this member"})
    is_given = fields.Boolean(metadata={"description": "To this member, or to a team of theirs"})


class ListSchema(Schema):
    gone = fields.List(fields.String(), metadata={"description": "Ids or codes to delete"})
    whole = fields.Boolean(metadata={"description": "Whether these items replace the list on the phone"})


class PhoneGridsSchema(ListSchema):
    items = fields.List(fields.Nested(PhoneGridSchema))


class PhoneShiftsSchema(ListSchema):
    items = fields.List(fields.Nested(PhoneShiftSchema))


class PhoneSwapsSchema(ListSchema):
    items = fields.List(fields.Nested(PhoneSwapSchema))


class PhoneCheckpointsSchema(ListSchema):
    items = fields.List(fields.Nested(PhoneCheckpointSchema))


class PhoneNoticesSchema(ListSchema):
    items = fields.List(fields.Nested(PhoneNoticeSchema))


class PhoneMattersSchema(ListSchema):
    items = fields.List(fields.Nested(PhoneMatterSchema))


class ChangesSchema(Schema):
    cursor = fields.String(metadata={"description": "Ask with it next time"})
    whole = fields.Boolean(metadata={"description": "Whether this replaces everything that the phone has"})
    grids = fields.Nested(PhoneGridsSchema)
    shifts = fields.Nested(PhoneShiftsSchema, metadata={"description": "Of the next two weeks"})
    swaps = fields.Nested(PhoneSwapsSchema, metadata={"description": "Of shifts that are not over"})
    checkpoints = fields.Nested(PhoneCheckpointsSchema)
    notices = fields.Nested(PhoneNoticesSchema, metadata={"description": "That have not expired"})
    matters = fields.Nested(
        PhoneMattersSchema,
        metadata={"description": "That the member sees: open ones, and two weeks long those that are over"},
    )
