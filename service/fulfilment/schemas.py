"""The JSON of fulfilment and spot checks."""

from datetime import UTC, datetime, timedelta

from marshmallow import ValidationError, fields, validate, validates_schema

from service.duty.schemas import NamedSchema
from service.fields import Code, PageQuery, Strict, Time, Uuid, WindowQuery
from service.fulfilment.tally import BY

LONGEST = timedelta(days=31)


class FulfilmentQuery(WindowQuery, PageQuery):
    area = Code(12, 15, metadata={"description": "An area or a grid; all that the caller sees unless given"})
    team = Uuid()
    by = fields.String(load_default="grid", validate=validate.OneOf(BY))

    @validates_schema
    def short_enough(self, data, **_):
        """A window spans at most a month."""
        start, end = data.get("from_"), data.get("to") or datetime.now(UTC)
        if start and end - start > LONGEST:
            raise ValidationError("A window spans at most 31 days.", "from")


def _count(of, what):
    return fields.Function(
        lambda tally: tally.outcomes[of], metadata={"type": "integer", "description": what}
    )


class TallySchema(Strict):
    """Promises and what became of them; a promise is one grid in one shift."""

    code = fields.String(
        required=True, metadata={"description": "Of the grid, area or team; the id of a shift"}
    )
    name = fields.String(required=True, allow_none=True)
    shifts = fields.Function(lambda tally: len(tally.shifts), metadata={"type": "integer"})
    promised = fields.Integer(required=True)
    walked = _count("walked", "A quarter of the grid was seen, or half of its checkpoints were reached")
    partly = _count("partly", "Less than that")
    no_evidence = _count("no_evidence", "Somebody was there, but nothing shows what was seen")
    missed = _count("missed", "Nobody was there")
    ahead = _count("ahead", "The shift is not over")
    late_starts = fields.Function(
        lambda tally: len(tally.late),
        metadata={
            "type": "integer",
            "description": "Shifts whose first patrol began over 15 minutes late, or has not",
        },
    )
    starts_at = Time(allow_none=True, metadata={"description": "Of a shift"})
    ends_at = Time(allow_none=True, metadata={"description": "Of a shift"})


class TallyWindowSchema(Strict):
    from_ = Time(data_key="from", attribute="start")
    to = Time(attribute="end")


class FulfilmentSchema(Strict):
    window = fields.Nested(TallyWindowSchema, required=True)
    items = fields.List(fields.Nested(TallySchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class RollSchema(Strict):
    """A spot check and who showed up."""

    id = Uuid(required=True)
    asked_at = Time(required=True)
    closes_at = Time(required=True)
    expected = fields.Integer(required=True)
    answered = fields.Integer(
        required=True, metadata={"description": "From the phone, or by a check-in in a grid"}
    )
    people = fields.List(
        fields.Nested(NamedSchema),
        required=True,
        metadata={"description": "Who did, where the caller may know"},
    )


class RollsSchema(Strict):
    items = fields.List(fields.Nested(RollSchema), required=True)
