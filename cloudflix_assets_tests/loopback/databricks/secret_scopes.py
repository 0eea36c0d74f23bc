"""Secrets by scope and key, and the references to them in the settings of a cluster."""

import base64
import re
from collections.abc import Mapping, Sequence

from cloudflix_assets_tests.loopback.databricks.calls import ABSENT, Call, Json, Refused, Route

REFERENCE = re.compile(r"\{\{secrets/([^/{}]+)/([^/{}]+)\}\}")
CHANGED = 1_767_225_600_000  # milliseconds since 1970


class SecretScopes(dict[str, dict[str, str]]):
    """The secrets of a workspace: scope → key → value. Tests fill it."""

    def routes(self) -> Sequence[Route]:
        """Return the routes that read secrets; no route writes them."""
        base = "/api/2.0/secrets"
        return [
            Route("GET", f"{base}/scopes/list", self._scopes, {}),
            Route("GET", f"{base}/list", self._keys, {"scope": str}),
            Route("GET", f"{base}/get", self._get, {"scope": str, "key": str}),
        ]

    def resolve(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Return settings in which each value that is a reference as a whole is replaced by its secret.

        Raises:
            KeyError: a secret is missing; the message is Databricks' sentence.
        """
        return {name: self._resolve(str(text)) for name, text in texts.items()}

    def _resolve(self, text: str) -> str:
        if not (found := REFERENCE.fullmatch(text)):
            return text
        scope, key = found.groups()
        if key not in self.get(scope, {}):
            raise KeyError(f"Secret does not exist with scope: {scope} and key: {key}")
        return self[scope][key]

    def _scopes(self, call: Call) -> Json:
        return {"scopes": [{"name": name, "backend_type": "DATABRICKS"} for name in sorted(self)]}

    def _keys(self, call: Call) -> Json:
        keys = sorted(self._scope(call["scope"]))
        return {"secrets": [{"key": key, "last_updated_timestamp": CHANGED} for key in keys]}

    def _get(self, call: Call) -> Json:
        scope, key = call["scope"], call["key"]
        if key not in self._scope(scope):
            unknown = f"Secret does not exist with scope: {scope} and key: {key}"
            raise Refused(404, ABSENT, unknown)
        return {"key": key, "value": base64.b64encode(self[scope][key].encode()).decode()}

    def _scope(self, name: str) -> dict[str, str]:
        if name not in self:
            raise Refused(404, ABSENT, f"Scope {name} does not exist!")
        return self[name]
