"""The log of a Delta table: which commit replaced a week, and what that commit says about itself."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

from deltalake import DeltaTable

from cloudflix_assets.delta.table import INTERVAL, application, open_cached
from cloudflix_assets.lake.base import Lake

KEPT_CHECKPOINTS = 2
"""The newest, which readers use, and one before it, which a reader may have chosen just now."""

_DIGITS = 20


def committed_digest(lake: Lake, path: str, week: date) -> str | None:
    """Return the digest of the rows, as the commit that last replaced a week states it."""
    return commit_metadata(lake, path, week).get("digest")


def commit_metadata(lake: Lake, path: str, week: date) -> Mapping[str, Any]:
    """Return step, week, digest and columns, as the commit that last replaced a week states them; or {}."""
    table = open_cached(lake, path)
    version = version_of_week(lake, table, path, week) if table else None
    return {} if version is None else metadata_of(entry(lake, path, version))


def version_of_week(lake: Lake, table: DeltaTable, path: str, week: date) -> int | None:
    """Return the version that last replaced a week, or None if none did.

    The week's application transaction names the version that its commit was made for; with Spark, commits of
    other weeks may lie between that version and the commit.
    """
    aimed = table.transaction_version(application(week))
    if aimed is None or aimed == table.version():  # no newer version exists
        return aimed
    for version in range(aimed, table.version() + 1):
        actions = entry(lake, path, version)
        if not actions or transaction_of(actions, week) == aimed:
            return version
    return aimed


def sync_commit(lake: Lake, path: str, version: int) -> None:
    """Have storage keep a commit and the checkpoint that it made, also if its power fails."""
    if not lake.may_tear:
        return
    log = f"{path}/_delta_log"
    for name in lake.names(log):
        if name[:_DIGITS] == f"{version:0{_DIGITS}}" or name == "_last_checkpoint":
            with suppress(FileNotFoundError):  # a newer commit has removed its checkpoint
                lake.sync([f"{log}/{name}"])


def remove_checkpoints(lake: Lake, path: str, version: int) -> None:
    """Remove all but the newest checkpoints of a table, if this commit may have made one.

    Each holds every week, so that all together grew with the square of the weeks. A version before them is
    read from the first commit on; if that is gone, they stay.
    """
    if version % INTERVAL not in {0, INTERVAL - 1}:  # delta-rs and Spark count differently
        return
    log = f"{path}/_delta_log"
    names = lake.names(log)
    made = sorted({name[:_DIGITS] for name in names if ".checkpoint" in name[_DIGITS:]})
    if f"{0:0{_DIGITS}}.json" in names:
        for name in names:
            if name[:_DIGITS] in made[:-KEPT_CHECKPOINTS] and ".checkpoint" in name:
                lake.remove_file(f"{log}/{name}")


def entry(lake: Lake, path: str, version: int) -> list[dict[str, Any]]:
    """Return the actions of one commit; none if the log lacks it, or has it torn, behind a checkpoint."""
    content = lake.read(f"{path}/_delta_log/{version:020}.json")
    try:
        return [json.loads(line) for line in (content or b"").splitlines()]
    except ValueError:
        return []


def metadata_of(actions: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the metadata that a step wrote into its commit; {} if a commit has none."""
    for action in actions:
        if metadata := action.get("commitInfo", {}).get("userMetadata"):
            return dict(json.loads(metadata))
    return {}


def transaction_of(actions: Sequence[Mapping[str, Any]], week: date) -> int | None:
    """Return the version that a commit was made for, or None if it did not replace this week."""
    found = (action["txn"] for action in actions if "txn" in action)
    return next((txn["version"] for txn in found if txn["appId"] == application(week)), None)
