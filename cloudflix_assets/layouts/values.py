"""What a field means: the form of a column, as a layout declares it, and the text that silver reads."""

import re
from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from cloudflix_assets.layouts.dates import date_reader
from spark.delivery.headers import tidy_name

Reader = Callable[[str], str]

UNFIT = " (not as the layout declares)"
"""Stands after a text that does not have its declared form, and that silver would read all the same."""

_READ_BY_SILVER = re.compile("-?[0-9]+|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}")


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return text


def _one_group(text: str) -> str:
    if (groups := re.compile(_regex(text)).groups) != 1:
        raise ValueError(f"has {groups} groups: put brackets around the part to read, and (?:…) elsewhere")
    return text


def _dates(patterns: tuple[str, ...]) -> tuple[str, ...]:
    date_reader(patterns)
    return patterns


class ColumnForm(BaseModel):
    """How a source writes a column.

    Attributes:
        from_: the name of the column in the delivered file, by default its own; empty if it has none.
        pattern: a regular expression that a text must match as a whole; its group is the value.
        otherwise: one that a text matches which says nothing of this column.
        dates: patterns of dates; the first that fits counts.
        decimal: what stands before the fraction of a number; the other of `,` and `.` may part thousands.
        separator: stands between several values in one field, of which each becomes a record.
        nulls: texts that stand for nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_: str | None = Field(None, alias="from")
    pattern: Annotated[str, AfterValidator(_one_group)] | None = None
    otherwise: Annotated[str, AfterValidator(_regex)] | None = None
    dates: Annotated[tuple[str, ...], AfterValidator(_dates)] = ()
    decimal: Literal[",", "."] | None = None
    separator: str | None = Field(None, min_length=1)
    nulls: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.dates and self.decimal:
            raise ValueError("has dates and decimal, and a text is a date or a number: keep one of the two")
        return self

    def named(self, column: str) -> str:
        """Return the name that a column has in the delivered file; empty if it has none there."""
        return column if self.from_ is None else self.from_

    def reader(self) -> Reader | None:
        """Return what makes a delivered text the one that silver reads; None if that is the same.

        A text that does not have the declared form is passed on, and in a way that silver does not read it
        as another value: `90`, where `90 min` is declared.
        """
        if not (self.pattern or self.otherwise or self.dates or self.decimal or self.nulls):
            return None
        nulls, otherwise = frozenset(self.nulls), _fullmatch(self.otherwise)
        value = self._value()

        def read(text: str) -> str:
            tidied = tidy_name(text)
            if not tidied or text in nulls or tidied in nulls or (otherwise and otherwise(tidied)):
                return ""
            found = value(tidied)
            if found is None:
                return text + UNFIT if _READ_BY_SILVER.fullmatch(tidied) else text
            return found

        return read

    def _value(self) -> Callable[[str], str | None]:
        """Return what reads a tidied text; None if it does not have the declared form."""
        matched = _fullmatch(self.pattern)
        last = _date_text(self.dates) if self.dates else _number_text(self.decimal) if self.decimal else None

        def value(text: str) -> str | None:
            if matched:
                found = matched(text)
                if not found:
                    return None
                text = found[1] or ""
            return last(text) if last else text

        return value


def _fullmatch(pattern: str | None) -> Callable[[str], re.Match[str] | None] | None:
    return re.compile(pattern).fullmatch if pattern else None


def _date_text(patterns: tuple[str, ...]) -> Callable[[str], str | None]:
    """Return what writes a date in the form that silver reads."""
    read = date_reader(patterns)

    def text_of(text: str) -> str | None:
        day = read(text)
        return f"{day.month}/{day.day}/{day.year}" if day else None

    return text_of


def _number_text(decimal: str) -> Callable[[str], str | None]:
    """Return what writes a number without thousands' marks, with a point, and without a fraction of zeros."""
    comma, point = re.escape("." if decimal == "," else ","), re.escape(decimal)
    shape = re.compile(f"(-?[0-9]+|-?[0-9]{{1,3}}(?:{comma}[0-9]{{3}})+)(?:{point}([0-9]+))?")

    def text_of(text: str) -> str | None:
        found = shape.fullmatch(text)
        if not found:
            return None
        whole, fraction = re.sub("[.,]", "", found[1]), (found[2] or "").rstrip("0")
        return f"{whole}.{fraction}" if fraction else whole

    return text_of
