"""JSON and query fields that several features use; strict: a number is a number and a time has an offset."""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate, validates_schema

from service import values


class Strict(Schema):
    """A schema that refuses what it does not know."""

    class Meta:
        unknown = RAISE


def _tell(read: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return read(*args, **kwargs)
    except ValueError as error:
        raise ValidationError(str(error)) from None


class Number(fields.Float):
    """A finite JSON number; text and booleans are not numbers."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)


class QueryNumber(fields.Float):
    """A finite number written in plain ASCII, as in a query string."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not re.fullmatch(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", str(value), re.ASCII):
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)


class QueryInteger(fields.Integer):
    """A whole number written in plain ASCII digits."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not re.fullmatch(r"-?\d{1,18}", str(value), re.ASCII):
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)


class Text(fields.String):
    """Text in NFC without control characters and direction overrides; 1 to `longest` characters."""

    def __init__(self, longest: int = 200, *, lines: bool = False, **kwargs: Any):
        super().__init__(validate=validate.Length(1, longest), **kwargs)
        self.longest, self.lines = longest, lines

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        return _tell(values.read_text, value, self.longest, lines=self.lines)


class Described(fields.Field):
    """A text of our own making, which the API description knows by its `form`."""

    form: ClassVar[dict[str, str]]

    def __init__(self, **kwargs: Any):
        kwargs["metadata"] = {"type": "string"} | self.form | kwargs.get("metadata", {})
        super().__init__(**kwargs)


class Uuid(Described):
    """A UUID of version 4 or 7 in its canonical 36 characters."""

    form: ClassVar = {"format": "uuid", "pattern": f"^{values.UUID_FORM}$"}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> uuid.UUID:
        return _tell(values.read_uuid, value)

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else str(value)


class Time(Described):
    """An RFC 3339 time with offset, between 2020 and 2100."""

    form: ClassVar = {"format": "date-time"}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        return _tell(values.read_time, value)

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


class QueryTime(Time):
    """A time in a query string, where an unescaped `+` has become a space."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        return _tell(values.read_time, str(value).replace(" ", "+"))


class Code(fields.String):
    """A statistical code of an area (12 digits), of a grid (15 digits), or of either."""

    def __init__(self, *lengths: int, **kwargs: Any):
        digits = "|".join(f"[0-9]{{{n}}}" for n in lengths)
        self.form = re.compile(f"({digits})")
        self.words = " or ".join(str(n) for n in lengths)
        kwargs["metadata"] = {"pattern": f"^({digits})$"} | kwargs.get("metadata", {})
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not self.form.fullmatch(text):
            raise ValidationError(f"Not a code of {self.words} digits.")
        return text


class Bbox(fields.Field):
    """`west,south,east,north` in degrees."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> tuple[float, ...]:
        parts = str(value).split(",")
        if len(parts) != 4:
            raise ValidationError("Give west,south,east,north.")
        west, south, east, north = (QueryNumber().deserialize(part) for part in parts)
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            raise ValidationError("Not a box on the globe, west to east and south to north.")
        return west, south, east, north


class PageQuery(Strict):
    """Which page of a list."""

    limit = QueryInteger(
        load_default=100, validate=validate.Range(1, 500), metadata={"description": "At most 500"}
    )
    cursor = fields.String(
        validate=validate.Length(1, 200), metadata={"description": "`next_cursor` of the page before"}
    )


class WindowQuery(Strict):
    """A time window; the last 24 hours unless given."""

    from_ = QueryTime(data_key="from")
    to = QueryTime()
    longest = timedelta(days=3660)
    usual = timedelta(hours=24)  # the window whose start is not given

    @validates_schema
    def in_order(self, data: dict[str, Any], **_: Any) -> None:
        """A window has a length, and at most `longest`; an open end is now."""
        start, end = data.get("from_"), data.get("to") or datetime.now(UTC)
        if start and start >= end:
            raise ValidationError("Must lie before `to`, which is now unless given.", "from")
        if start and end - start > self.longest:
            raise ValidationError(f"A window spans at most {self.longest.days} days.", "from")

    @post_load
    def fill(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Open ends: until now, since the usual time before."""
        end = data.pop("to", None) or datetime.now(UTC)
        start = data.pop("from_", None) or end - self.usual
        return data | {"start": start, "end": end}
