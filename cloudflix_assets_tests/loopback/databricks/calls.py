"""Calls to the loopback workspace: the routes, the check of their fields, and the errors."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cloudflix_assets_tests.loopback.web import Reply, Request

Json = dict[str, Any]
BAD = "INVALID_PARAMETER_VALUE"
ABSENT = "RESOURCE_DOES_NOT_EXIST"


class Refused(Exception):
    """An error answer of Databricks."""

    def __init__(self, status: int, code: str | int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def reply(self) -> Reply:
        """Return the error as an answer with a JSON body."""
        return json_reply({"error_code": self.code, "message": self.message}, self.status)


class Misunderstood(Refused):
    """The error of a call that no version of the service understands: a mistake in the client's code."""


@dataclass(frozen=True)
class Call:
    """A request with checked fields.

    Attributes:
        fields: the fields of the query or of the JSON body, by name, with the types of the route.
        parts: the groups of the path that the route's pattern has matched.
    """

    request: Request
    fields: Json
    parts: tuple[str, ...]

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return an optional field, or a default."""
        return self.fields.get(name, default)


@dataclass(frozen=True)
class Route:
    """One call that the workspace knows.

    Attributes:
        path: a pattern that matches the whole path.
        fields: the type of each field; `?` after a name marks an optional field.
    """

    method: str
    path: str
    answer: Callable[[Call], Json | Reply]
    fields: Mapping[str, type]

    def call(self, request: Request) -> Call | None:
        """Return a request as a call of this route; None if it belongs to another route.

        Raises:
            Misunderstood: a field is unknown, missing, or of another type.
        """
        found = re.fullmatch(self.path, request.path)
        if not found or request.method != self.method:
            return None
        of_query = self.method in {"GET", "HEAD"} or self.path.startswith("/api/2.0/fs/")
        given = request.query if of_query else _body(request)
        return Call(request, _check_fields(given, self.fields), found.groups())


def json_reply(value: Json, status: int = 200) -> Reply:
    """Return an answer with a JSON body."""
    return Reply(status, [("Content-Type", "application/json")], json.dumps(value).encode())


def _body(request: Request) -> Json:
    if request.query:
        raise Misunderstood(400, BAD, f"{request.method} {request.path} takes no query: {request.query}")
    try:
        value = json.loads(request.body or b"{}")
    except ValueError:
        raise Misunderstood(400, "MALFORMED_REQUEST", "Could not parse request object: no JSON") from None
    if not isinstance(value, dict):
        raise Misunderstood(400, "MALFORMED_REQUEST", "Could not parse request object: no JSON object")
    return value


def _check_fields(given: Mapping[str, Any], fields: Mapping[str, type]) -> Json:
    known = {name.removesuffix("?"): kind for name, kind in fields.items()}
    if unknown := sorted(set(given) - set(known)):
        raise Misunderstood(400, BAD, f"Unknown fields: {', '.join(unknown)}")
    if missing := sorted(set(fields) & (set(known) - set(given))):
        raise Misunderstood(400, BAD, f"Missing required field: {', '.join(missing)}")
    return {name: _convert(name, value, known[name]) for name, value in given.items()}


def _convert(name: str, value: object, kind: type) -> object:
    """Return a value in the type of its field; the values of a query are text."""
    if isinstance(value, str) and kind is bool and value in {"true", "false"}:
        return value == "true"
    if isinstance(value, str) and kind is int and re.fullmatch(r"-?\d+", value):
        return int(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Misunderstood(400, BAD, f"Field {name} must be a {kind.__name__}, not {value!r}")
    return value
