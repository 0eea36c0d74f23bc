"""The log of a Delta table: which commit replaced a week, and what that commit says about itself."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from deltalake import DeltaTable

from cloudflix_assets.delta.table import application, open_cached
from cloudflix_assets.lake.base import Lake


def committed_digest(lake: Lake, path: str, week: date) -> str | None:
    """The digest in the metadata of the commit that last replaced a week."""
    return commit_metadata(lake, path, week).get("digest")


def commit_metadata(lake: Lake, path: str, week: date) -> Mapping[str, Any]:
    """The metadata of the commit that last replaced a week: step, week, digest, columns; or nothing."""
    table = open_cached(lake, path)
    version = version_of_week(lake, table, path, week) if table else None
    return {} if version is None else metadata_of(entry(lake, path, version))


def version_of_week(lake: Lake, table: DeltaTable, path: str, week: date) -> int | None:
    """The version that replaced a week last, None if none did.

    Its transaction tells the version that it was made for; Spark may have put other weeks' commits before it.
    """
    told = table.transaction_version(application(week))
    if told is None or told == table.version():  # it is no later than the table
        return told
    for version in range(told, table.version() + 1):
        actions = entry(lake, path, version)
        if not actions or transaction_of(actions, week) == told:
            return version
    return told


def entry(lake: Lake, path: str, version: int) -> list[dict[str, Any]]:
    """The actions of one commit; none if the log no longer has it."""
    content = lake.read(f"{path}/_delta_log/{version:020}.json")
    return [json.loads(line) for line in (content or b"").splitlines()]


def metadata_of(actions: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What a commit of ours says about itself, or nothing."""
    for action in actions:
        if metadata := action.get("commitInfo", {}).get("userMetadata"):
            return dict(json.loads(metadata))
    return {}


def transaction_of(actions: Sequence[Mapping[str, Any]], week: date) -> int | None:
    """The version that a commit was made for, if it replaced this week."""
    found = (action["txn"] for action in actions if "txn" in action)
    return next((txn["version"] for txn in found if txn["appId"] == application(week)), None)
