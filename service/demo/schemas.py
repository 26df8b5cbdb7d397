"""The JSON of the demonstration's accounts."""

from marshmallow import fields, validate

from service.fields import Strict
from service.policy import ROLES


class AccountSchema(Strict):
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    username = fields.String(required=True)
    password = fields.String(required=True)
    area = fields.String(required=True, metadata={"description": "The code of the area they are at home in"})
    page = fields.String(required=True, metadata={"description": "Where to sign in"})


class DemonstrationSchema(Strict):
    """A demonstration's accounts; made up, with passwords of this installation."""

    accounts = fields.List(fields.Nested(AccountSchema), required=True)
