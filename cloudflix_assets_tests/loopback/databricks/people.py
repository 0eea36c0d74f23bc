"""The user of a workspace, and the permissions on jobs and clusters."""

from collections.abc import Callable, Sequence

from databricks.sdk.service.compute import ClusterAccessControlRequest
from databricks.sdk.service.jobs import JobAccessControlRequest

from cloudflix_assets_tests.loopback.databricks.calls import (
    ABSENT,
    BAD,
    Call,
    Json,
    Misunderstood,
    Refused,
    Route,
)
from cloudflix_assets_tests.loopback.databricks.shapes import check

USER = "operator@loopback.example"
SHAPES = {"jobs": JobAccessControlRequest, "clusters": ClusterAccessControlRequest}
PRINCIPALS = {"user_name", "group_name", "service_principal_name"}


class People:
    """The only user, and the grants by `jobs/<id>` or `clusters/<id>`."""

    def __init__(self, is_known: Callable[[str, str], bool]) -> None:
        self.is_known = is_known
        self.grants: dict[str, list[Json]] = {}

    def routes(self) -> Sequence[Route]:
        """Return the routes; PATCH adds to the grants of an object, PUT replaces them."""
        path, fields = r"/api/2\.0/permissions/(jobs|clusters)/([^/]+)", {"access_control_list": list}
        return [
            Route("GET", r"/api/2\.0/preview/scim/v2/Me", _me, {}),
            Route("GET", path, self._get, {}),
            Route("PATCH", path, self._add, fields),
            Route("PUT", path, self._set, fields),
        ]

    def _get(self, call: Call) -> Json:
        name = self._object(call)
        listed = [
            {**{key: value for key, value in grant.items() if key in PRINCIPALS},
             "all_permissions": [{"permission_level": grant["permission_level"], "inherited": False}]}
            for grant in self.grants.get(name, [])
        ]  # fmt: skip
        return {"object_id": f"/{name}", "object_type": call.parts[0][:-1], "access_control_list": listed}

    def _add(self, call: Call) -> Json:
        granted = self._check_grants(call)
        self.grants.setdefault(self._object(call), []).extend(granted)
        return self._get(call)

    def _set(self, call: Call) -> Json:
        self.grants[self._object(call)] = self._check_grants(call)
        return self._get(call)

    def _object(self, call: Call) -> str:
        kind, name = call.parts
        if not self.is_known(kind, name):
            raise Refused(404, ABSENT, f"{kind[:-1].title()} {name} does not exist.")
        return f"{kind}/{name}"

    def _check_grants(self, call: Call) -> list[Json]:
        for index, grant in enumerate(call["access_control_list"]):
            check_grant(grant, SHAPES[call.parts[0]], f"access_control_list[{index}]")
        return list(call["access_control_list"])


def check_grant(grant: Json, shape: type, at: str) -> None:
    """Refuse a grant that does not give one permission to one principal.

    Raises:
        Misunderstood: 400 with the reason.
    """
    check(grant, shape, at)
    if len(PRINCIPALS & set(grant)) != 1 or "permission_level" not in grant:
        raise Misunderstood(400, BAD, f"{at} must have one of {', '.join(sorted(PRINCIPALS))} and a level")


def _me(call: Call) -> Json:
    return {"id": "1001", "userName": USER, "displayName": "Operator", "active": True}
