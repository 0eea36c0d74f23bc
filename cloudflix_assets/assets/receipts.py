"""Receipts of judged weeks, stored beside the landed files, with which a rerun skips an unchanged week.

A receipt is valid only if the step would read the same files with the same code on the same engine, and if
the lake still holds the week: the receipt's digests are compared with digests computed anew.
A step that reads the week learns from the receipt whether it still is what was judged: upstream.py.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from hashlib import file_digest, sha256
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from cloudflix_assets.delta import read
from cloudflix_assets.delta.table import open_cached
from cloudflix_assets.lake.base import RECEIPTS, Lake
from cloudflix_assets.versions import installed
from spark.quality.verdict import Verdict

_LIBRARIES = ("pyspark", "pysail", "pyarrow")


class Read(NamedTuple):
    """What a step reads: `key_of` it, and the digests of its week's publication and tables by path."""

    key: str
    upstream: Mapping[str, str]


class Receipt(BaseModel):
    """The judgement of one week of one table.

    Args:
        key: hash of what was read, by which code, on which engine: see `key_of`.
        columns: of the judged week, which may be more than the contract's.
        verdict: counts and digest.
        samples: the first addresses per broken rule.
        quarantine: digest of the quarantined rows, None for a table without a quarantine.
        examples: Markdown of quarantined rows for the web UI, None if there are none.
        whole: the same with rows that are not cut.
        upstream: digests of the publication and the tables of this week that were read, by path.
        files: that hold the week, with the SHA-256 of each (empty in an account).

    The last three are missing in a receipt of before 2026-11-30.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    columns: tuple[str, ...] = ()
    verdict: Verdict
    samples: Mapping[str, list[str]]
    quarantine: str | None
    examples: str | None
    whole: str | None = None
    upstream: Mapping[str, str] = {}
    files: Mapping[str, str] | None = None

    def write(self, lake: Lake, table: str, week: date) -> None:
        """Store this receipt of a committed week; one that was read, only if the week has other files."""
        files = {path: _sha256(lake, path) for path in files_of(lake, table, week)}
        told = self.model_copy(update={"files": files})
        if told != self:
            lake.write(_path(table, week), told.model_dump_json().encode())


def receipt_of(lake: Lake, table: str, week: date) -> Receipt | None:
    """Return the receipt of a week; None without one that can be parsed: the week is judged then."""
    content = lake.read(_path(table, week))
    try:
        return None if content is None else Receipt.model_validate_json(content)
    except ValidationError:
        return None


def files_of(lake: Lake, path: str, week: date) -> list[str]:
    """Return the files in the lake that hold a week of a table; none if no commit of ours made it."""
    table = open_cached(lake, path)
    return [file.path for file in read.files_of_week(table, path, week)] if table else []


def refuse_damaged(lake: Lake, table: str, week: date, receipt: Receipt | None) -> None:
    """Refuse a week of a table of which a file has other bytes than when it was judged.

    Raises:
        FileDamaged: it has; an engine may read such a file without a word.
    """
    judged = (receipt and receipt.files) or {}
    for path in files_of(lake, table, week) if any(judged.values()) else ():
        with suppress(FileNotFoundError):  # whoever reads it says so
            if judged.get(path) not in {None, _sha256(lake, path)}:
                raise read.FileDamaged(lake, path, "has other bytes than were judged")


def key_of(engine: str, code: str, read: Iterable[str]) -> str:
    """Hash the engine, its libraries' versions, the code version and the names of all files read."""
    libraries = (f"{name} {installed(name)}" for name in _LIBRARIES)
    return sha256("\n".join([engine, *libraries, code, *read]).encode()).hexdigest()


def _sha256(lake: Lake, path: str) -> str:
    """The SHA-256 of a file on a disk, which may change bits; empty in an account, which mends them."""
    if lake.folder is None:
        return ""
    with (lake.folder / path).open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


def _path(table: str, week: date) -> str:
    return f"{RECEIPTS}/{table}/{week}.json"
