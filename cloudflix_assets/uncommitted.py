"""Parquet in a table's folder that no commit names: another writer's commit won, or the process died.

A folder of files has a name of its own, `week=<week>/<run>-<retry>-<random>`; a commit of them names it.
"""

from collections.abc import Iterable
from datetime import date
from uuid import uuid4

from cloudflix_assets.lake import Lake


def new_folder(week: date, step: str) -> str:
    """A folder that nobody has used, relative to the table."""
    return f"week={week}/{step}-{uuid4().hex[:8]}"


def remove_uncommitted(lake: Lake, path: str, folders: Iterable[str]) -> list[str]:
    """Remove those folders of a table that no entry of its log names; nobody may be writing to them."""
    entries = [name for name in lake.names(f"{path}/_delta_log") if name.endswith(".json")]
    # Newest first, for that is where they stand if they do.
    texts = [lake.read(f"{path}/_delta_log/{name}") for name in reversed(entries)]
    left = [folder for folder in folders if not _is_named(folder, texts)]
    for folder in left:
        lake.remove(f"{path}/{folder}")
    return left


def remove_of_run(lake: Lake, path: str, week: date, run: str) -> list[str]:
    """Remove what a run that is over wrote for a week of a table and never committed."""
    ours = [name for name in lake.names(f"{path}/week={week}") if name.startswith(f"{run}-")]
    return remove_uncommitted(lake, path, [f"week={week}/{name}" for name in ours]) if ours else []


def _is_named(folder: str, texts: Iterable[bytes | None]) -> bool:
    own = folder.rpartition("/")[2].encode()
    return any(text is None or own in text for text in texts)
