"""Damages that once reached gold in silence, done to any lake, and the sentence that tells each."""

from datetime import date

from cloudflix_assets.delta.active import ActiveFile
from cloudflix_assets.delta.read import files_in_lake
from cloudflix_assets.delta.table import open_cached
from cloudflix_assets.lake.base import Lake

FORCE = {"cloudflix/force": "true"}
"""A run's tag: it judges and commits what is unchanged, too."""


def alter_landed_titles(lake: Lake, digit: bytes = b"0") -> str:
    """Change bytes of the landed file of titles, whose name is its hash."""
    (file,) = lake.files_below("raw/files/titles")
    lake.write(file.path, (lake.read(file.path) or b"").replace(b"2019", b"201" + digit))
    return (
        f"the landed file {lake.uri(file.path)} holds other bytes than were landed: restore it, or rerun the "
        "week with its publication, which lands the file again if the source still has it."
    )


def empty_file(lake: Lake, path: str, week: date) -> str:
    """Take all bytes of a file of a week of a table."""
    file = _file(lake, path, week)
    lake.write(file.path, b"")
    return (
        f"{lake.uri(file.path)} has 0 bytes, and its commit says {file.size}: restore it from a backup, or "
        f"build that week of the table anew with `cloudflix run --week {week} --select {path} --force`, then "
        "rerun."
    )


def flip_bit(lake: Lake, path: str, week: date, at: float) -> str:
    """Flip a bit of a file of a week of a table, `at` a place between its beginning (0) and end (1).

    Engines read many such files without a word, because pages have no checksum.
    """
    file = _file(lake, path, week)
    content = bytearray(lake.read(file.path) or b"")
    content[int(at * len(content))] ^= 1
    lake.write(file.path, bytes(content))
    return (
        f"{lake.uri(file.path)} has other bytes than were judged: restore it from a backup, or build that "
        f"week of the table anew with `cloudflix run --week {week} --select {path} --force`, then rerun."
    )


def _file(lake: Lake, path: str, week: date) -> ActiveFile:
    table = open_cached(lake, path)
    if table is None:
        raise LookupError(f"there is no table {path}")
    file, *_ = files_in_lake(table, path, week)
    return file
