"""The JSON of teams, members and imports."""

import re

from marshmallow import fields, validate

from service.fields import Code, PageQuery, Strict, Text, Time, Uuid
from service.policy import ROLES, shown_phone
from service.teams.models import KINDS
from service.web import caller


class TeamsQuery(PageQuery):
    area = Code(12, metadata={"description": "At home in this area or below it"})
    kind = fields.String(validate=validate.OneOf(KINDS))


class MembersQuery(PageQuery):
    area = Code(12, metadata={"description": "At home in this area or below it"})
    team = Uuid(metadata={"description": "In this team"})
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

    id = Uuid(required=True)
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
    since = fields.String(required=True, metadata={"format": "date-time"})
    until = fields.String(
        required=True, allow_none=True, metadata={"format": "date-time", "description": "If it is known"}
    )


class TeamChangeSchema(Strict):
    """What may be changed of a team."""

    name = Text(100)
    kind = fields.String(validate=validate.OneOf(KINDS))
    area = Code(12, metadata={"description": "Where it is at home; an area that the caller sees"})


class NewTeamSchema(Strict):
    code = fields.String(
        required=True,
        validate=[validate.Length(1, 50), validate.Regexp(re.compile(r"[\w./-]+\Z"))],
        metadata={"description": "Letters, digits and . _ / -; no other team of the prefecture has it"},
    )
    name = Text(100, required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    area = Code(12, required=True)


class LeadingSchema(Strict):
    is_leader = fields.Boolean(required=True, truthy={True}, falsy={False})


class JoiningSchema(Strict):
    member_id = Uuid(required=True)
    is_leader = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    since = Time(metadata={"description": "Now, unless given"})


class TransferSchema(Strict):
    team_id = Uuid(required=True)
    at = Time(metadata={"description": "Now, unless given"})


class MemberSchema(Strict):
    """A person in the teams that the caller sees."""

    id = Uuid(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    area = fields.Nested(NamedAreaSchema, required=True)
    phone = fields.Function(
        lambda member: shown_phone(member.phone, member.id, caller()),
        metadata={"type": ["string", "null"], "description": "Masked unless it is one's own: 138****1234"},
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
