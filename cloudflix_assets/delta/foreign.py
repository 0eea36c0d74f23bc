"""Tables and files that were not made here: they are never removed."""

import re
from contextlib import suppress

from deltalake.exceptions import DeltaError

from cloudflix_assets.delta.schema import PROPERTIES
from cloudflix_assets.delta.table import WEEK, CachedDeltaTable, TableRefused
from cloudflix_assets.lake.base import Lake

_DAY = r"\d{4}-\d\d-\d\d"
_OF_A_TABLE = re.compile(
    # Spark writes `part-…` beside the folders of attempts; what begins with `_` or `.` is of engines.
    rf"_delta_log/(\d{{20}}\..+|[_.].+)|{WEEK.name}={_DAY}/([\w.-]+-[0-9a-f]{{8}}/.+|part-.+|[_.].+)"
)
_LANDED = re.compile(
    rf"lake\.json|publications/{_DAY}\.json|rejected/{_DAY}\.txt|incremental/.+|(.+/)?\.[^/]+"
    rf"|receipts/\w+/\w+/{_DAY}\.json|refused/\w+/\w+/{_DAY}\.jsonl|\w+/[0-9a-f]{{64}}\.[\w.]+"
)
_NAMED = 3
_KEPT = "delta.logRetentionDuration"


def refuse_to_remove_foreign(lake: Lake, path: str) -> None:
    """Refuse to remove a table that was not made here, or a folder that holds other things beside the table.

    A table that cannot be opened is ours by its place in our lake.

    Raises:
        TableRefused: it is one of these.
    """
    foreign = _others(lake, path, _OF_A_TABLE)
    with suppress(DeltaError):  # there is none, or it is damaged
        metadata = CachedDeltaTable(lake.delta_uri(path), lake.storage_options).metadata()
        if metadata.partition_columns != [WEEK.name]:
            foreign = [f"a table partitioned by {metadata.partition_columns or 'nothing'}"]
        elif metadata.configuration.get(_KEPT) != PROPERTIES[_KEPT]:
            foreign = ["a table without the properties of ours"]
    _refuse(lake, path, foreign)


def refuse_to_remove_foreign_files(lake: Lake) -> None:
    """Refuse to remove landed files if others lie among them.

    Raises:
        TableRefused: others do.
    """
    _refuse(lake, "raw/files", _others(lake, "raw/files", _LANDED))


def _others(lake: Lake, folder: str, ours: re.Pattern[str]) -> list[str]:
    names = (stored.path.removeprefix(f"{folder}/") for stored in lake.files_below(folder))
    return [name for name in names if not ours.fullmatch(name)]


def _refuse(lake: Lake, folder: str, foreign: list[str]) -> None:
    if foreign:
        others = len(foreign) - _NAMED
        named = f"{', '.join(foreign[:_NAMED])}{f' and {others} more' if others > 0 else ''}"
        raise TableRefused(
            f"{lake.uri(folder)} holds what was not made here ({named}): move it away, then run the same "
            "command again; nothing was removed."
        )
