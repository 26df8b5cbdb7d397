"""The JSON of teams, members and imports."""

from marshmallow import fields, validate

from service.fields import Code, PageQuery, Strict, Uuid
from service.policy import ROLES
from service.teams.models import KINDS


def masked(phone: str | None) -> str | None:
    """A phone number that can be recognised but not called: 138****1234."""
    return f"{phone[:3]}****{phone[-4:]}" if phone and len(phone) >= 11 else phone and "****"


class TeamsQuery(PageQuery):
    area = Code(12, metadata={"description": "At home in this area or below it"})
    kind = fields.String(validate=validate.OneOf(KINDS))


class MembersQuery(PageQuery):
    area = Code(12, metadata={"description": "At home in this area or below it"})
    team = Uuid(metadata={"format": "uuid", "description": "In this team"})
    role = fields.String(validate=validate.OneOf(ROLES))


class ImportQuery(Strict):
    dry_run = fields.Boolean(
        load_default=False,
        truthy={"true"},
        falsy={"false"},
        metadata={"description": "Only say what the import would do"},
    )


class NamedAreaSchema(Strict):
    code = fields.String(required=True)
    name = fields.String(required=True)


class LeaderSchema(Strict):
    id = fields.String(required=True, metadata={"format": "uuid"})
    name = fields.String(required=True)


class TeamSchema(Strict):
    """A group-defence team."""

    id = Uuid(required=True, metadata={"format": "uuid"})
    code = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    area = fields.Nested(NamedAreaSchema, required=True)
    members = fields.Integer(required=True, metadata={"description": "How many people are in it"})
    leaders = fields.List(fields.Nested(LeaderSchema), required=True)


class TeamsSchema(Strict):
    items = fields.List(fields.Nested(TeamSchema), required=True)
    next_cursor = fields.String(allow_none=True)


class MembershipSchema(LeaderSchema):
    is_leader = fields.Boolean(required=True)


class MemberSchema(Strict):
    """A person in the teams that the caller sees."""

    id = Uuid(required=True, metadata={"format": "uuid"})
    code = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    area = fields.Nested(NamedAreaSchema, required=True)
    phone = fields.Function(
        lambda member: masked(member.phone),
        metadata={"type": ["string", "null"], "description": "Masked: 138****1234"},
    )
    teams = fields.List(fields.Nested(MembershipSchema), required=True)


class MembersSchema(Strict):
    items = fields.List(fields.Nested(MemberSchema), required=True)
    next_cursor = fields.String(allow_none=True)


class FaultSchema(Strict):
    row = fields.Integer(metadata={"description": "As the spreadsheet numbers it; the headings are row 1"})
    column = fields.String()
    problem = fields.String()


class ReportSchema(Strict):
    """What an import has done, or would do; `errors` holds at most 500 of them."""

    dry_run = fields.Boolean(required=True)
    rows = fields.Integer(required=True)
    creates = fields.Integer(required=True)
    updates = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    errors = fields.List(fields.Nested(FaultSchema), required=True)
