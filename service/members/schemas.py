"""The JSON of sign-ins and of one's own account."""

from marshmallow import fields, validate

from service.fields import Strict, Text, Time, Uuid


class DeviceSchema(Strict):
    id = fields.String(required=True, validate=validate.Length(1, 100))
    name = Text(100, required=True)


class CredentialsSchema(Strict):
    username = fields.String(required=True, validate=validate.Length(1, 100))
    password = fields.String(required=True, validate=validate.Length(1, 128))
    device = fields.Nested(DeviceSchema, required=True)


class AreaNameSchema(Strict):
    code = fields.String()
    name = fields.String()


class MeSchema(Strict):
    """Whoever is signed in."""

    id = Uuid()
    code = fields.String()
    name = fields.String()
    role = fields.String()
    area = fields.Nested(AreaNameSchema)
    consented_to_tracks = fields.Boolean()


class SignInSchema(Strict):
    token = fields.String(
        required=True, metadata={"description": "Shown once; send it as `Authorization: Bearer`"}
    )
    expires_at = Time(required=True)
    member = fields.Nested(MeSchema, required=True)


class SessionSchema(Strict):
    id = Uuid()
    device_id = fields.String()
    device_name = fields.String()
    created_at = Time()
    last_used_at = Time()
    expires_at = Time()
    is_current = fields.Boolean()


class SessionsSchema(Strict):
    items = fields.List(fields.Nested(SessionSchema))
    next_cursor = fields.String(allow_none=True)
