"""The JSON of assignments, shifts and holes."""

import re
from datetime import UTC, date, datetime, timedelta

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from service.duty.models import DECISIONS, PLACES, STATES, STEPS, WHY_OPEN
from service.duty.pattern import LOCAL, LONGEST_PERIOD, LONGEST_RULE, read_rule
from service.duty.rows import BEGINS, MOST_GRIDS
from service.duty.seasons import SEASONS
from service.fields import Code, PageQuery, QueryTime, Strict, Text, Time, Uuid
from service.teams.schemas import FaultSchema, NamedAreaSchema
from service.values import LATEST

EARLIER = timedelta(days=31)  # how far back an assignment may begin: what was agreed by word is entered later
LONGEST_WINDOW = timedelta(days=31)


class Rule(fields.String):
    """A recurrence rule of RFC 5545 that repeats by the day at most."""

    def _deserialize(self, value, attr, data, **kwargs):
        try:
            return read_rule(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


def _whole(least, most, **more):
    return fields.Integer(strict=True, validate=validate.Range(least, most), **more)


def _rule(**more):
    about = {"description": "RFC 5545, in local time, by the day at most: FREQ=WEEKLY;BYDAY=MO,FR"}
    return Rule(metadata=about | {"maxLength": LONGEST_RULE}, **more)


def _begins(**more):
    return fields.String(
        data_key="starts_at",
        attribute="begins",
        validate=validate.Regexp(re.compile(rf"{BEGINS}\Z")),
        metadata={"description": "HH:MM, local time (Asia/Shanghai); a shift may last past midnight"},
        **more,
    )


def _grids(**more):
    return fields.List(
        Code(15),
        validate=validate.Length(1, MOST_GRIDS),
        metadata={"description": "Codes of grids in force that the caller sees"},
        **more,
    )


class NewAssignmentSchema(Strict):
    """Who is responsible for which grids, from when to when, and when the shifts are."""

    team_id = Uuid(required=True)
    member_id = Uuid(
        load_default=None, allow_none=True, metadata={"description": "Of the team; all of it unless given"}
    )
    grids = _grids(required=True)
    start = Time(data_key="from", required=True)
    end = Time(data_key="to", required=True, metadata={"description": "Shifts begin before it"})
    rrule = _rule(required=True)
    begins = _begins(required=True)
    minutes = _whole(5, 1440, required=True, metadata={"description": "How long a shift is"})
    reason = Text(
        200,
        load_default=None,
        allow_none=True,
        metadata={"description": "Needed where another team has a grid too"},
    )

    @validates_schema
    def in_order(self, data, **_):
        """A period has a length, at most two years, and begins at most a month ago."""
        if data["start"] < datetime.now(UTC) - EARLIER:
            raise ValidationError("More than 31 days ago.", "from")
        if data["start"] >= data["end"]:
            raise ValidationError("Must lie after `from`.", "to")
        if data["end"] - data["start"] > LONGEST_PERIOD:
            raise ValidationError("At most two years after `from`.", "to")


class AssignmentChangeSchema(Strict):
    """What may be changed of an assignment; shifts that have begun stay as they are."""

    grids = _grids()
    end = Time(data_key="to")
    rrule = _rule()
    begins = _begins()
    minutes = _whole(5, 1440)
    reason = Text(200, allow_none=True)


class EndSchema(Strict):
    at = Time(load_default=None, metadata={"description": "Now, unless given"})
    note = Text(500, load_default=None, allow_none=True)


class HandOverSchema(Strict):
    team_id = Uuid(required=True)
    member_id = Uuid(load_default=None, allow_none=True)
    at = Time(load_default=None, metadata={"description": "Now, unless given"})
    note = Text(500, required=True, lines=True)


class AssignmentsQuery(PageQuery):
    area = Code(12, 15, metadata={"description": "With grids in this area"})
    team = Uuid()
    member = Uuid(metadata={"description": "Given to this member alone"})
    at = QueryTime(metadata={"description": "In force at this time"})


class NamedSchema(Strict):
    id = fields.String(required=True, metadata={"format": "uuid"})
    name = fields.String(required=True)


class NamedTeamSchema(NamedSchema):
    code = fields.String(required=True)


class HeldGridSchema(NamedAreaSchema):
    carried_from = fields.String(
        required=True, allow_none=True, metadata={"description": "The grid it came from by a revision"}
    )


class AssignmentSchema(Strict):
    """Who is responsible for which grids."""

    id = Uuid(required=True)
    team = fields.Nested(NamedTeamSchema, required=True)
    member = fields.Nested(NamedSchema, required=True, allow_none=True)
    grids = fields.List(fields.Nested(HeldGridSchema), required=True)
    from_ = Time(data_key="from", attribute="starts_at", required=True)
    to = Time(attribute="ends_at", required=True)
    rrule = fields.String(required=True)
    starts_at = fields.String(attribute="begins", required=True)
    minutes = fields.Integer(required=True)
    reason = fields.String(required=True, allow_none=True)
    made_at = Time(required=True)
    ended_at = Time(required=True, allow_none=True, metadata={"description": "When it ended before its time"})
    follows_id = Uuid(
        required=True, allow_none=True, metadata={"description": "The assignment that was handed over"}
    )


class AssignmentsSchema(Strict):
    items = fields.List(fields.Nested(AssignmentSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class StepSchema(Strict):
    id = Uuid(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(STEPS))
    at = Time(required=True)
    note = fields.String(required=True, allow_none=True)
    before = fields.Dict(
        required=True, allow_none=True, metadata={"description": "How it was before a change"}
    )


class HistorySchema(Strict):
    items = fields.List(fields.Nested(StepSchema), required=True)


class RowSchema(Strict):
    """A row of a table of assignments; the columns are those of the spreadsheet."""

    team = fields.String(required=True, metadata={"description": "Code of a team"})
    member = fields.String(metadata={"description": "Code of a member of it"})
    grids = fields.List(fields.String(), metadata={"description": "Codes; or give an area"})
    area = fields.String(metadata={"description": "All grids in it"})
    season = fields.String(validate=validate.OneOf(list(SEASONS)))
    year = fields.Integer(strict=True, metadata={"description": "In which the season begins"})
    from_ = fields.String(data_key="from", metadata={"description": "A time with offset, or a local day"})
    to = fields.String(metadata={"description": "A time with offset, or the last local day"})
    rrule = fields.String()
    starts_at = fields.String()
    minutes = fields.Integer(strict=True)
    reason = fields.String()

    @post_load
    def cells(self, data, **_):
        """The row as a spreadsheet would have it."""
        return {name.strip("_"): " ".join(value) if isinstance(value, list) else str(value).strip()
                for name, value in data.items() if value not in ([], "")}  # fmt: skip


class RowsSchema(Strict):
    rows = fields.List(fields.Nested(RowSchema), required=True, validate=validate.Length(1, 500))


class CopySchema(Strict):
    """Which month to copy into the next."""

    area = Code(12, required=True)
    month = fields.String(
        required=True,
        validate=validate.Regexp(re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])\Z")),
        metadata={"description": "YYYY-MM; its assignments are made again for the month after"},
    )

    @post_load
    def first(self, data, **_):
        """The month by its first day."""
        return {"area": data["area"], "first": date.fromisoformat(f"{data['month']}-01")}


class BulkReportSchema(Strict):
    """What was made, or would be; `errors` holds at most 500 of them."""

    dry_run = fields.Boolean(required=True)
    rows = fields.Integer(required=True)
    creates = fields.Integer(required=True, metadata={"description": "Assignments"})
    shifts = fields.Integer(required=True)
    errors = fields.List(fields.Nested(FaultSchema), required=True)


class SeasonSchema(Strict):
    code = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)
    first = fields.List(fields.Integer(), required=True, metadata={"description": "Month and day"})
    last = fields.List(fields.Integer(), required=True, metadata={"description": "Month and day, included"})
    rrule = fields.String(required=True)
    starts_at = fields.String(attribute="begins", required=True)
    minutes = fields.Integer(required=True)


class SeasonsSchema(Strict):
    items = fields.List(fields.Nested(SeasonSchema), required=True)


class ShiftsQuery(PageQuery):
    on = fields.Date(
        format="%Y-%m-%d",
        load_default=lambda: datetime.now(LOCAL).date(),
        validate=validate.Range(date(2020, 1, 1), date(2099, 12, 30)),
        metadata={"description": "A local day; today unless given"},
    )
    area = Code(12, 15, metadata={"description": "With grids in this area"})
    team = Uuid()
    member = Uuid(metadata={"description": "In which this member is expected"})

    @post_load
    def day(self, data, **_):
        """The day from midnight to midnight."""
        start = datetime.combine(data.pop("on"), datetime.min.time(), LOCAL)
        return data | {"start": start, "end": start + timedelta(days=1)}


class PersonSchema(NamedSchema):
    state = fields.String(required=True, validate=validate.OneOf(PLACES))
    reason = fields.String(required=True, allow_none=True)


class ShiftSchema(Strict):
    """One dated occurrence of an assignment."""

    id = Uuid(required=True)
    assignment_id = Uuid(required=True)
    team = fields.Nested(NamedTeamSchema, required=True)
    grids = fields.List(fields.Nested(HeldGridSchema), required=True)
    starts_at = Time(required=True)
    ends_at = Time(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    reason = fields.String(required=True, allow_none=True, metadata={"description": "Why it was declined"})
    late_minutes = fields.Integer(
        required=True, allow_none=True, metadata={"description": "As said beforehand"}
    )
    accepted = fields.Integer(required=True, metadata={"description": "How many people have accepted it"})
    people = fields.List(
        fields.Nested(PersonSchema), required=True, metadata={"description": "Whom the caller may know"}
    )


class ShiftsSchema(Strict):
    items = fields.List(fields.Nested(ShiftSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class DeclineSchema(Strict):
    reason = Text(200, required=True)
    whole_team = fields.Boolean(
        load_default=False, truthy={True}, falsy={False},
        metadata={"description": "Nobody of the team will be there; only its leader can say so"},
    )  # fmt: skip


class LateSchema(Strict):
    minutes = _whole(1, 720, required=True)


class NewSwapSchema(Strict):
    to_member = Uuid(required=True, metadata={"description": "A colleague of the team"})
    reason = Text(200, load_default=None, allow_none=True)


class SwapSchema(Strict):
    id = Uuid(required=True)
    shift_id = Uuid(required=True)
    from_member = fields.Nested(NamedSchema, required=True, allow_none=True)
    to_member = fields.Nested(NamedSchema, required=True, allow_none=True)
    state = fields.String(required=True, validate=validate.OneOf(DECISIONS))
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Where the caller may know who asks"}
    )
    asked_at = Time(required=True)
    decided_at = Time(required=True, allow_none=True)


class SwapsQuery(PageQuery):
    state = fields.String(validate=validate.OneOf(DECISIONS))


class SwapsSchema(Strict):
    items = fields.List(fields.Nested(SwapSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ColleaguesSchema(Strict):
    items = fields.List(fields.Nested(NamedSchema), required=True)


class SwapDecisionSchema(Strict):
    approved = fields.Boolean(required=True, truthy={True}, falsy={False})


class NewSpotCheckSchema(Strict):
    minutes = _whole(1, 120, load_default=10, metadata={"description": "How long it is open"})


class SpotCheckSchema(Strict):
    id = Uuid(required=True)
    shift_id = Uuid(required=True)
    asked_at = Time(required=True)
    closes_at = Time(required=True)


class HolesQuery(PageQuery):
    start = QueryTime(data_key="from", metadata={"description": "Now, unless given"})
    end = QueryTime(data_key="to", metadata={"description": "24 hours later, unless given"})
    area = Code(12, 15, metadata={"description": "An area or a grid; all that the caller sees unless given"})

    @post_load
    def fill(self, data, **_):
        """A window of at most 31 days."""
        start = data.get("start") or datetime.now(UTC)
        end = data.get("end") or min(start + timedelta(days=1), LATEST)
        if start >= end:
            raise ValidationError("Must lie before `to`.", "from")
        if end - start > LONGEST_WINDOW:
            raise ValidationError("A window spans at most 31 days.", "to")
        return data | {"start": start, "end": end}


class SpanSchema(Strict):
    from_ = Time(data_key="from", attribute="lower")
    to = Time(attribute="upper")


class HoleSchema(Strict):
    """When nobody has a grid."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    hours = fields.Float(required=True)
    spans = fields.List(fields.Nested(SpanSchema), required=True)
    why = fields.String(
        required=True,
        validate=validate.OneOf(WHY_OPEN),
        metadata={
            "description": "`declined`: a shift in the window will not take place; `other_times`: somebody"
            " has it within a week of the window; `nobody`"
        },
    )


class HolesWindowSchema(Strict):
    from_ = Time(data_key="from", attribute="start")
    to = Time(attribute="end")


class HolesSchema(Strict):
    window = fields.Nested(HolesWindowSchema, required=True)
    items = fields.List(fields.Nested(HoleSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
