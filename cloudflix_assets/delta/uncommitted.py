"""Parquet in a table's folder that no commit names: another writer's commit won, or the process died.

A folder of files has a name of its own, `week=<week>/<run>-<retry>-<random>`; a commit of them names it.
"""

from collections.abc import Iterable
from datetime import date
from uuid import uuid4

from cloudflix_assets.lake.base import Lake


def new_folder(week: date, step: str) -> str:
    """A folder that nobody has used, relative to the table."""
    return f"week={week}/{step}-{uuid4().hex[:8]}"


def remove_uncommitted(lake: Lake, path: str, folders: Iterable[str]) -> list[str]:
    """Remove those folders of a table that no entry of its log names; nobody may be writing to them."""
    left = list(folders)
    entries = lake.names(f"{path}/_delta_log") if left else []
    for name in reversed(entries):  # the newest first, for that is where they stand if they do
        if left and name.endswith(".json"):
            text = lake.read(f"{path}/_delta_log/{name}")
            left = [folder for folder in left if not _is_named(folder, text)]
    for folder in left:
        lake.remove(f"{path}/{folder}")
    return left


def remove_of_run(lake: Lake, path: str, week: date, run: str) -> list[str]:
    """Remove what a run that is over wrote for a week of a table and never committed."""
    ours = [name for name in lake.names(f"{path}/week={week}") if name.startswith(f"{run}-")]
    return remove_uncommitted(lake, path, [f"week={week}/{name}" for name in ours])


def _is_named(folder: str, entry: bytes | None) -> bool:
    """In an entry of the log; one that went while it was looked for may have named it."""
    return entry is None or folder.rpartition("/")[2].encode() in entry
