"""Weeks that were landed, and whose last delivery was not: a file was rejected, or could not be fetched."""

from datetime import date

from cloudflix_assets.lake.base import Lake
from cloudflix_assets.landing.manifest import Manifest

_FOLDER = "raw/files/rejected"


def note(lake: Lake, week: date, why: str) -> None:
    """Note why the last delivery of a week was not landed, if the week was landed before."""
    if lake.read(Manifest.path_of(week)) is not None:
        lake.write(_path(week), why.encode())


def is_noted(lake: Lake, week: date) -> bool:
    """Return whether the last delivery of a week was not landed."""
    return lake.read(_path(week)) is not None


def forget(lake: Lake, week: date) -> None:
    """Forget it: the week was landed since."""
    lake.remove_file(_path(week))


def _path(week: date) -> str:
    return f"{_FOLDER}/{week}.txt"
