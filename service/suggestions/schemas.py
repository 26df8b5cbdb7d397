"""The JSON of suggestions."""

from datetime import timedelta
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from service.fields import Code, Number, Strict, Time, Uuid
from service.suggestions.models import STATES
from service.suggestions.proposals import DAYS
from service.suggestions.reasons import LIMITS, SENTENCES

SHORTEST, LONGEST = timedelta(days=1), timedelta(days=366)


def _whole(least: int, most: int, **more: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(least, most), **more)


class LimitsSchema(Strict):
    """What the suggestion must keep to."""

    visits_per_week = _whole(
        1, 7, load_default=None, allow_none=True,
        metadata={
            "description": "The target of each grid. Unless given, each has its own: as many visits as the "
            "hours ask for that it may go unseen, at most one a day; two where no hours were set"
        },
    )  # fmt: skip
    visit_minutes = _whole(
        5, 480, load_default=30, metadata={"description": "What one visit of a grid takes"}
    )
    shift_minutes = _whole(
        5, 720, load_default=120, metadata={"description": "At most; a team has one shift a day"}
    )
    starts_at = fields.String(
        load_default="20:00",
        validate=validate.Regexp(r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z"),
        metadata={"description": "When shifts begin, local time (Asia/Shanghai)"},
    )
    days = fields.List(
        fields.String(validate=validate.OneOf(DAYS)),
        load_default=lambda: list(DAYS),
        validate=validate.Length(1, 7),
        metadata={"description": "On which there may be shifts (RFC 5545)"},
    )
    hours_per_week = Number(
        validate=validate.Range(0, 168, min_inclusive=False), metadata={"description": "Of a team"}
    )
    grids_per_team = _whole(1, 1000)
    max_distance_m = Number(
        validate=validate.Range(0, 1_000_000, min_inclusive=False),
        metadata={"description": "From a team's home to the middle of a grid"},
    )
    min_teams_per_grid = _whole(1, 7, load_default=1)
    max_teams_per_grid = _whole(1, 7, load_default=1)

    @validates_schema
    def agree(self, data: dict[str, Any], **_: Any) -> None:
        """Limits that contradict each other whatever the area are refused here."""
        if len(set(data["days"])) < len(data["days"]):
            raise ValidationError("Names a day twice.", "days")
        asked = data["visits_per_week"] or len(data["days"])
        if asked > len(data["days"]):
            raise ValidationError("A grid is visited at most once a day.", "visits_per_week")
        if data["visit_minutes"] > data["shift_minutes"]:
            raise ValidationError("Shorter than one visit.", "shift_minutes")
        if data["min_teams_per_grid"] > min(data["max_teams_per_grid"], asked):
            raise ValidationError("More than there may be, or than there are visits.", "min_teams_per_grid")


class QuestionSchema(Strict):
    """For which grids, teams and time a suggestion is wanted."""

    area = Code(12, required=True)
    from_ = Time(data_key="from", attribute="start", required=True)
    to = Time(attribute="end", required=True)
    teams = fields.List(
        Uuid(metadata={"format": "uuid"}),
        validate=validate.Length(1, 200),
        metadata={"description": "At home in the area; all of them unless given"},
    )
    limits = fields.Nested(LimitsSchema, load_default=lambda: LimitsSchema().load({}))

    @validates_schema
    def in_order(self, data: dict[str, Any], **_: Any) -> None:
        """A period of a day to a year, and no team twice."""
        if not SHORTEST <= data["end"] - data["start"] <= LONGEST:
            raise ValidationError("Must lie a day to a year before `to`.", "from")
        if len(set(data.get("teams", []))) < len(data.get("teams", [])):
            raise ValidationError("Names a team twice.", "teams")


class SentenceSchema(Strict):
    numbers = fields.Dict(keys=fields.String(), values=fields.Float(), required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)


class ReasonSchema(SentenceSchema):
    code = fields.String(required=True, validate=validate.OneOf(list(SENTENCES)))


class CollisionSchema(SentenceSchema):
    limits = fields.List(fields.String(validate=validate.OneOf(list(LIMITS))), required=True)


class SuggestedTeamSchema(Strict):
    id = fields.String(required=True, metadata={"format": "uuid"})
    code = fields.String(required=True)
    name = fields.String(required=True)


class SuggestedGridSchema(Strict):
    code = fields.String(required=True)
    name = fields.String(required=True)
    distance_m = fields.Integer(required=True, metadata={"description": "From the team's home"})


class SuggestedLineSchema(Strict):
    """A team's shift: the same grids on the same days of each week."""

    team = fields.Nested(SuggestedTeamSchema, required=True)
    grids = fields.List(fields.Nested(SuggestedGridSchema), required=True)
    rrule = fields.String(required=True, metadata={"description": "RFC 5545"})
    starts_at = fields.String(required=True, metadata={"description": "HH:MM, Asia/Shanghai"})
    minutes = fields.Integer(required=True)
    hours_per_week = fields.Float(required=True)
    reasons = fields.List(fields.Nested(ReasonSchema), required=True)


class TeamHoursSchema(Strict):
    team = fields.Nested(SuggestedTeamSchema, required=True)
    hours_per_week = fields.Float(required=True)


class MissedSchema(Strict):
    code = fields.String(required=True)
    name = fields.String(required=True)
    visits = fields.Integer(required=True, metadata={"description": "That the grid lacks each week"})


class SuggestedChangeSchema(Strict):
    team = fields.Nested(SuggestedTeamSchema, required=True)
    grid = fields.String(required=True, metadata={"description": "15 digits"})


class DiffSchema(Strict):
    """Against what these teams have in the period already."""

    added = fields.List(fields.Nested(SuggestedChangeSchema), required=True)
    removed = fields.List(fields.Nested(SuggestedChangeSchema), required=True)
    kept = fields.List(fields.Nested(SuggestedChangeSchema), required=True)


class AppliedSchema(Strict):
    items = fields.List(Uuid(), required=True, metadata={"description": "The new assignments"})


class AnswerSchema(Strict):
    """A proposal: what was found, and how good it is."""

    outcome = fields.String(required=True, validate=validate.OneOf(["complete", "short"]))
    made_by = fields.String(required=True, validate=validate.OneOf(["cp_sat", "greedy"]))
    is_repeatable = fields.Boolean(
        required=True, metadata={"description": "False when the clock cut the search short"}
    )
    cost = fields.Integer(required=True, metadata={"description": "Points; fewer are better"})
    bound = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "No plan among near teams costs less; null for greedy"},
    )
    gap = fields.Float(
        required=True, allow_none=True, metadata={"description": "(cost - bound) / cost; 0 is proved best"}
    )
    lines = fields.List(fields.Nested(SuggestedLineSchema), required=True)
    diff = fields.Nested(DiffSchema, required=True)
    team_hours = fields.List(fields.Nested(TeamHoursSchema), required=True)
    missed = fields.List(fields.Nested(MissedSchema), required=True)
    collisions = fields.List(
        fields.Nested(CollisionSchema),
        required=True,
        metadata={"description": "Sets of limits; lift one of each set, and every target can be met"},
    )


class SuggestionSchema(Strict):
    """A question and, once it is `ready`, its answer."""

    id = Uuid(required=True, metadata={"format": "uuid"})
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    area = fields.String(required=True, attribute="area_code")
    from_ = Time(data_key="from", attribute="starts_at", required=True)
    to = Time(attribute="ends_at", required=True)
    asked_at = Time(required=True)
    applied_at = Time(required=True, allow_none=True)
    limits = fields.Nested(LimitsSchema, required=True)
    answer = fields.Nested(AnswerSchema, required=True, allow_none=True)
