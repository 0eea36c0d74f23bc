"""The check of JSON bodies against the SDK's dataclasses, which are generated from the service's description.

The check is stricter than the service, which ignores unknown fields: a mistyped field must not pass.
"""

import dataclasses
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from cloudflix_assets_tests.loopback.databricks.calls import BAD, Misunderstood


def check(value: object, shape: Any, at: str) -> None:
    """Refuse a value that does not match a type, at any depth.

    Args:
        value: the value, as read from JSON.
        shape: a dataclass of the SDK, or the annotation of one of its fields.
        at: the path of the value in the body, for the message.

    Raises:
        Misunderstood: 400, with the path of the field.
    """
    if dataclasses.is_dataclass(shape):
        _check_fields(value, shape, at)
    elif get_origin(shape) is list:
        for index, item in enumerate(_of(list, value, at)):
            check(item, get_args(shape)[0], f"{at}[{index}]")
    elif get_origin(shape) is dict:
        for name, item in _of(dict, value, at).items():
            check(item, get_args(shape)[1], f"{at}.{name}")
    elif isinstance(shape, type) and issubclass(shape, Enum):
        _check_choice(value, shape, at)
    else:
        _of(shape, value, at)


def _check_fields(value: object, shape: Any, at: str) -> None:
    given = _of(dict, value, at)
    fields = _fields(shape)
    if unknown := sorted(set(given) - set(fields)):
        raise Misunderstood(400, BAD, f"Unknown fields in {at}: {', '.join(unknown)}")
    needed = {name for name, (_, is_needed) in fields.items() if is_needed}
    if missing := sorted(needed - set(given)):
        raise Misunderstood(400, BAD, f"Missing required field: {at}.{missing[0]}")
    for name, item in given.items():
        check(item, fields[name][0], f"{at}.{name}")


@cache
def _fields(shape: Any) -> dict[str, tuple[Any, bool]]:
    hints = get_type_hints(shape)
    return {
        field.name: (_present(hints[field.name]), field.default is dataclasses.MISSING)
        for field in dataclasses.fields(shape)
    }


def _present(hint: Any) -> Any:
    """Return a type without the None of Optional, because the service knows no null."""
    choices = [choice for choice in get_args(hint) if choice is not NoneType]
    return choices[0] if NoneType in get_args(hint) else hint


def _check_choice(value: object, shape: type[Enum], at: str) -> None:
    allowed = [choice.value for choice in shape]
    if value not in allowed:
        raise Misunderstood(400, BAD, f"{at} must be one of {', '.join(allowed)}, not {value!r}")


def _of(kind: Any, value: object, at: str) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Misunderstood(400, BAD, f"{at} must be a {kind.__name__}, not {value!r}")
    return value
