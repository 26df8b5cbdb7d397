"""The JSON of sign-ins and of one's own account."""

import re
from io import BytesIO
from typing import Any

import segno
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from service.fields import Strict, Text, Time, Uuid
from service.members import passwords
from service.members.devices import KINDS
from service.values import is_clean


class Username(Text):
    """A name to sign in with: 2 to 50 letters, digits, dots, dashes, underscores."""

    def __init__(self, **kwargs: Any):
        super().__init__(50, metadata={"pattern": r"^\w[\w.-]{1,49}$"}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not re.fullmatch(r"\w[\w.-]+", text):
            raise ValidationError("Takes letters, digits, dots, dashes and underscores only.")
        return text


class Password(fields.String):
    """A password as it was typed: 1 to 128 characters."""

    def __init__(self, **kwargs: Any):
        super().__init__(validate=validate.Length(1, passwords.LONGEST), **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not is_clean(text):
            raise ValidationError("Not a text that can be typed.")
        return text


class NewPassword(fields.String):
    """A password to be set: 12 to 128 characters, and not made of common words, digits or repeated signs."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        try:
            return passwords.check(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class DeviceSchema(Strict):
    id = Text(100, required=True)
    name = Text(100, required=True)


class DoorSchema(Strict):
    """Where somebody signs in."""

    device = fields.Nested(DeviceSchema, required=True)
    cookie = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={
            "description": "For pages: the token goes into a cookie that no script can read, and `csrf_token`"
            " into the answer; send it as `X-CSRF-Token` with everything but GET"
        },
    )


class CredentialsSchema(DoorSchema):
    username = Text(100, required=True)
    password = Password(required=True)
    code = Text(20, metadata={"description": "Of the authenticator app, where one is enrolled"})


class InvitedSchema(DoorSchema):
    code = Text(100, required=True, metadata={"description": "Of the invitation"})
    username = Username()
    password = NewPassword()
    second_factor = Text(20, metadata={"description": "Of the authenticator app, where one is enrolled"})

    @validates_schema
    def go_together(self, data: dict[str, Any], **_: Any) -> None:
        """A name without a password opens nothing, and the other way round."""
        for one, other in (("username", "password"), ("password", "username")):
            if one in data and other not in data:
                raise ValidationError(f"Comes together with `{one}`.", other)


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


class HereSchema(Schema):
    """What holds for this sign-in."""

    must_enrol = fields.Boolean(
        metadata={"description": "Nothing else is open before `/me/totp` has a second factor"}
    )
    csrf_token = fields.String(metadata={"description": "Only for a cookie; send it as `X-CSRF-Token`"})


class MyselfSchema(MeSchema, HereSchema):
    """Whoever is signed in, and how."""


class SignInSchema(HereSchema):
    token = fields.String(
        metadata={"description": "Shown once; send it as `Authorization: Bearer`. Not for a cookie"}
    )
    expires_at = Time(required=True)
    member = fields.Nested(MeSchema, required=True)


class SessionSchema(Strict):
    id = Uuid()
    kind = fields.String(validate=validate.OneOf(["phone", "page"]))
    device_id = fields.String()
    device_name = fields.String()
    created_at = Time()
    last_used_at = Time()
    expires_at = Time()
    is_current = fields.Boolean()


class SessionsSchema(Strict):
    items = fields.List(fields.Nested(SessionSchema))
    next_cursor = fields.String(allow_none=True)


class PasswordChangeSchema(Strict):
    current = Password(required=True)
    new = NewPassword(required=True)


class EnrolmentSchema(Strict):
    secret = fields.String(metadata={"description": "To be typed into an authenticator app"})
    uri = fields.String(metadata={"description": "The same as an `otpauth:` link"})
    qr_svg = fields.String(metadata={"description": "The link as a QR code, for scanning"})


class CodeSchema(Strict):
    code = Text(20, required=True)


class InvitationSchema(Strict):
    code = fields.String(metadata={"description": "Shown once"})
    uri = fields.String(metadata={"description": "A link that holds the code where no server log sees it"})
    qr_svg = fields.String(metadata={"description": "The link as a QR code"})
    expires_at = Time()


class NewUploaderSchema(Strict):
    name = Text(100, required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))


class UploaderSchema(Strict):
    id = Uuid()
    name = fields.String()
    kind = fields.String()
    created_at = Time()


class UploadersSchema(Strict):
    items = fields.List(fields.Nested(UploaderSchema))
    next_cursor = fields.String(allow_none=True)


class UploaderTokenSchema(UploaderSchema):
    token = fields.String(metadata={"description": "Shown once; good for uploads only"})
    config = fields.Dict(
        keys=fields.String(), metadata={"description": "The app's settings, by its own names"}
    )
    link = fields.String(metadata={"description": "Sets the app up when it is opened on the phone"})
    qr_svg = fields.String(metadata={"description": "The link as a QR code"})


def link(code: str, page: str) -> dict[str, str]:
    """A code as a link to a page of this server, and as a QR code of it."""
    uri = f"{page}#invited={code}"
    return {"code": code, "uri": uri, "qr_svg": qr(uri)}


def qr(text: str) -> str:
    """A text as a QR code, an SVG document that stands in a page or an image, dark on white."""
    drawn = BytesIO()
    segno.make(text, micro=False).save(drawn, kind="svg", xmldecl=False, nl=False, light="#fff", scale=4)
    return drawn.getvalue().decode()
