"""Weeks whose last delivery was not landed, or was refused by a contract."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date

from cloudflix_assets.lake.base import REJECTED, Lake

REFUSED = "raw/files/refused"
"""Folder of the records for which a week was refused: `<layer>/<table>/<week>.jsonl`."""


def note(lake: Lake, week: date, why: str) -> None:
    """Note why the last delivery of a week was not landed; the lake need not be marked for that."""
    lake.write(_path(week), why.encode())


def is_noted(lake: Lake, week: date) -> bool:
    """Return whether the last delivery of a week was not landed."""
    return lake.read(_path(week)) is not None


def noted(lake: Lake) -> Mapping[date, str]:
    """Return why the last delivery of each such week was not landed."""
    found = {}
    for name in lake.names(REJECTED):
        with suppress(ValueError):  # a file of somebody else's
            week = date.fromisoformat(name.removesuffix(".txt"))
            found[week] = (lake.read(_path(week)) or b"").decode(errors="replace")
    return found


def is_refused(lake: Lake, week: date) -> bool:
    """Return whether a contract refused what the week was landed with last."""
    return any(stored.path.endswith(f"/{week}.jsonl") for stored in lake.files_below(REFUSED))


def forget(lake: Lake, week: date) -> None:
    """Forget it: the week was landed since."""
    lake.remove_file(_path(week))


def _path(week: date) -> str:
    return f"{REJECTED}/{week}.txt"
