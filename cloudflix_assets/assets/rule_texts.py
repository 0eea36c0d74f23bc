"""What each rule of a contract requires (`≤ 900`), and what a breach is (`duration_minutes is above 900`).

They are not in `spark/`, because no row is judged by them: to change one makes no table stale.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pyspark.sql import types as T

from spark.delivery.layout import MALFORMED
from spark.quality.rules import CHECKS, DUPLICATE_KEY, DUPLICATE_ROW
from spark.quality.texts import A_VALUE, ANY_TEXT, COMPOSED, NONE_WORDS, UNDAMAGED
from spark.table import Table

Statistics = Mapping[str, Any]

LISTED = 20
"""The most values that a list shows."""

_SHOWN = 8


def requirements(table: Table) -> dict[str, str]:
    """Return the text of each rule, by its name, in the order of the contract."""
    key, columns = ", ".join(table.key), table.contract.to_schema().columns
    found = {
        DUPLICATE_ROW: "no equal row before it",
        DUPLICATE_KEY: f"no row before it with its {key}" if table.has_quarantine else f"one row per {key}",
    }
    for name in (*columns, ANY_TEXT):
        found |= {f"{name}: {kind}": text for kind, text in _KINDS.items()}
    for name, column in columns.items():
        found[f"{name}: nullable"] = "not null"
        type_ = column.dtype.type
        found[f"{name}: readable"] = _FORMS.get(type(type_), f"readable as {type_.simpleString()}")
        found |= {f"{name}: {CHECKS[c.name][0]}": _TEXTS[c.name](c.statistics) for c in column.checks}
    for foreign in table.foreign_keys:
        found[foreign.rule] = f"in {foreign.parent.replace('_', '/', 1)}"
    return found | dict(table.meanings)


_KINDS = {
    UNDAMAGED: "no damaged text: control, invisible or replacement characters, "
    "letters encoded twice (Ã©), HTML (&amp;)",
    COMPOSED: "no text whose accents are characters of their own: such a name is another than in Unicode NFC",
    A_VALUE: f"no word for none: {', '.join(NONE_WORDS[:_SHOWN])} and {len(NONE_WORDS) - _SHOWN} more",
}


def breaches(table: Table) -> dict[str, str]:
    """Return what a row that breaks a rule is said to be, by the rule's name: `show_id is empty`."""
    columns = table.contract.to_schema().columns
    found: dict[str, str] = {}
    for rule, text in requirements(table).items():
        column = rule.partition(": ")[0]
        # The column `malformed` holds the text of a whole record.
        of_record = column not in columns or column == MALFORMED
        found[rule] = f"{'the record' if of_record else column} {_opposite(text)}"
    key = ", ".join(table.key)
    unique = f"another record before it has its {key}" if table.has_quarantine else f"its {key} is not unique"
    return found | {DUPLICATE_ROW: "the record is equal to one before it", DUPLICATE_KEY: unique}


def _opposite(text: str) -> str:
    several = text.startswith(("≥", ">")) and ", " in text
    if text.endswith(" characters"):
        return f"has not {text}"
    for begins, opposite in () if several else _OPPOSITES.items():
        if text.startswith(begins):
            rest = text.removeprefix(begins)
            return f"{opposite}{rest}".replace("is a ", "is an ", rest[:1] in set("aeiou"))
    return f"is not {text}"


def _listed(values: Any) -> str:
    texts = [str(value) for value in values if value is not None]
    more = f" and {len(texts) - LISTED + 1} more" if len(texts) > LISTED else ""
    return ", ".join(texts[: LISTED - 1] if more else texts) + more


def _range(limits: Statistics) -> str:
    low = f"{'≥' if limits['include_min'] else '>'} {limits['min_value']}"
    return f"{low}, {'≤' if limits['include_max'] else '<'} {limits['max_value']}"


def _length(limits: Statistics) -> str:
    if (exact := limits.get("exact_value")) is not None:
        return f"{exact} characters"
    low, high = limits.get("min_value"), limits.get("max_value")
    ends = [f"{sign} {end}" for sign, end in (("≥", low), ("≤", high)) if end is not None]
    return f"{', '.join(ends)} characters"


_FORMS: Mapping[type[T.DataType], str] = {
    T.IntegerType: "a whole number",
    T.LongType: "a whole number",
    T.DecimalType: "a number",
    T.DateType: "a date",
    T.TimestampType: "a point in time",
}

_OPPOSITES = {
    "not null": "is empty",
    "≤ ": "is above ",
    "≥ ": "is below ",
    "< ": "is not below ",
    "> ": "is not above ",
    "= ": "is not ",
    "≠ ": "is ",
    "one of ": "is none of ",
    "none of ": "is one of ",
    "a ": "is no ",
    "an ": "is no ",
    "no ": "is a ",
    "has ": "has not ",
    "matches ": "does not match ",
    "contains ": "does not contain ",
    "begins ": "does not begin ",
    "ends ": "does not end ",
}
"""How a requirement begins, and how a breach of it does."""

_TEXTS: Mapping[str, Callable[[Statistics], str]] = {
    "equal_to": lambda s: f"= {s['value']}",
    "not_equal_to": lambda s: f"≠ {s['value']}",
    "greater_than": lambda s: f"> {s['min_value']}",
    "greater_than_or_equal_to": lambda s: f"≥ {s['min_value']}",
    "less_than": lambda s: f"< {s['max_value']}",
    "less_than_or_equal_to": lambda s: f"≤ {s['max_value']}",
    "in_range": _range,
    "isin": lambda s: f"one of {_listed(s['allowed_values'])}",
    "notin": lambda s: f"none of {_listed(s['forbidden_values'])}",
    "str_matches": lambda s: f"matches {s['pattern']} from its start",
    "str_contains": lambda s: f"contains {s['pattern']}",
    "str_startswith": lambda s: f"begins with {s['string']}",
    "str_endswith": lambda s: f"ends with {s['string']}",
    "str_length": _length,
}
