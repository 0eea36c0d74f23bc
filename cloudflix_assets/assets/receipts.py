"""Receipts of judged weeks, stored beside the landed files, with which a rerun skips an unchanged week.

A receipt is valid only if the step would read the same files with the same code on the same engine, and if
the lake still holds the week: the receipt's digests are compared with digests computed anew.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from hashlib import sha256

from pydantic import BaseModel, ConfigDict, ValidationError

from cloudflix_assets.lake.base import Lake
from cloudflix_assets.versions import installed
from spark.quality.verdict import Verdict

_LIBRARIES = ("pyspark", "pysail", "pyarrow")


class Receipt(BaseModel):
    """The judgement of one week of one table.

    Args:
        key: hash of what was read, by which code, on which engine: see `key_of`.
        columns: of the judged week, which may be more than the contract's.
        verdict: counts and digest.
        samples: the first addresses per broken rule.
        quarantine: digest of the quarantined rows, None for a table without a quarantine.
        examples: Markdown of quarantined rows for the web UI, None if there are none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    columns: tuple[str, ...] = ()
    verdict: Verdict
    samples: Mapping[str, list[str]]
    quarantine: str | None
    examples: str | None

    def write(self, lake: Lake, table: str, week: date) -> None:
        """Store this receipt in place of the week's last one."""
        lake.write(_path(table, week), self.model_dump_json().encode())


def receipt_of(lake: Lake, table: str, week: date) -> Receipt | None:
    """Return the receipt of a week; None without one that can be parsed: the week is judged then."""
    content = lake.read(_path(table, week))
    try:
        return None if content is None else Receipt.model_validate_json(content)
    except ValidationError:
        return None


def key_of(engine: str, code: str, read: Iterable[str]) -> str:
    """Hash the engine, its libraries' versions, the code version and the names of all files read."""
    libraries = (f"{name} {installed(name)}" for name in _LIBRARIES)
    return sha256("\n".join([engine, *libraries, code, *read]).encode()).hexdigest()


def _path(table: str, week: date) -> str:
    return f"raw/files/receipts/{table}/{week}.json"
