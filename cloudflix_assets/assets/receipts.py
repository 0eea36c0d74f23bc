"""What a step judged last, kept beside the landed files, so that a rerun need not judge the same again.

A receipt is believed only if the step would read the very files it read then, with the same code on
the same engine, and if the lake holds what it says: its digests are compared with digests computed anew.
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
        key: what was read, by which code on which engine: see `key_of`.
        columns: of the week as it was judged, which may be more than the contract's.
        samples: the first addresses per broken rule.
        quarantine: digest of the refused rows, None for a table without quarantine.
        examples: refused rows, as the web UI shows them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    columns: tuple[str, ...] = ()
    verdict: Verdict
    samples: Mapping[str, list[str]]
    quarantine: str | None
    examples: str | None

    def write(self, lake: Lake, table: str, week: date) -> None:
        """Replace the receipt of a week."""
        lake.write(_path(table, week), self.model_dump_json().encode())


def receipt_of(lake: Lake, table: str, week: date) -> Receipt | None:
    """The receipt of a week; None also for one that cannot be read: the step judges anew then."""
    content = lake.read(_path(table, week))
    try:
        return None if content is None else Receipt.model_validate_json(content)
    except ValidationError:
        return None


def key_of(engine: str, code: str, read: Iterable[str]) -> str:
    """A hash of the engine with its libraries, the code version and the names of all files read."""
    libraries = (f"{name} {installed(name)}" for name in _LIBRARIES)
    return sha256("\n".join([engine, *libraries, code, *read]).encode()).hexdigest()


def _path(table: str, week: date) -> str:
    return f"raw/files/receipts/{table}/{week}.json"
