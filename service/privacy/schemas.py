"""The JSON of consents, of the access log and of certificates."""

from marshmallow import ValidationError, fields, validate, validates_schema

from service.fields import Strict, Time, Uuid


class DecisionSchema(Strict):
    agreed = fields.Boolean(required=True, truthy={True}, falsy={False})
    text_id = fields.String(
        validate=validate.Length(1, 100), metadata={"description": "The words that were shown; to agree"}
    )

    @validates_schema
    def has_words(self, data, **_):
        """Nobody agrees to nothing."""
        if data["agreed"] and "text_id" not in data:
            raise ValidationError("Missing.", "text_id")


class ConsentTextSchema(Strict):
    id = fields.String(required=True)
    zh = fields.String(required=True, metadata={"description": "The words that are agreed to"})
    en = fields.String(required=True, metadata={"description": "A translation"})


class ConsentSchema(Strict):
    """Whether tracks may be kept, and the words to agree to."""

    text = fields.Nested(ConsentTextSchema, required=True)
    agreed = fields.Boolean(required=True)
    text_id = fields.String(
        required=True, allow_none=True, metadata={"description": "The words that were agreed to last"}
    )
    given_at = Time(required=True, allow_none=True)
    withdrawn_at = Time(required=True, allow_none=True)


class LookerAreaSchema(Strict):
    code = fields.String(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)


class LookSchema(Strict):
    """Somebody did something with one's data."""

    id = fields.Integer(required=True)
    at = Time(required=True)
    role = fields.String(required=True)
    area = fields.Nested(LookerAreaSchema, required=True)
    action = fields.String(required=True)
    object_kind = fields.String(required=True)
    object_id = fields.String(required=True, allow_none=True)
    purpose = fields.String(required=True, allow_none=True)


class AccessLogSchema(Strict):
    items = fields.List(fields.Nested(LookSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class CertificateSchema(Strict):
    """What one run of retention erased."""

    id = Uuid(required=True)
    ran_at = Time(required=True)
    erased = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(),
        required=True,
        metadata={"description": "By class of data: everything before when, and how many rows"},
    )


class CertificatesSchema(Strict):
    items = fields.List(fields.Nested(CertificateSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
