"""Tables and files that were not made here: they are never removed."""

from contextlib import suppress

from deltalake.exceptions import DeltaError

from cloudflix_assets.delta.table import WEEK, CachedDeltaTable, TableRefused
from cloudflix_assets.lake.base import Lake


def refuse_to_remove_foreign(lake: Lake, path: str) -> None:
    """Refuse to remove a table that was not made here, or a folder that holds other things beside the table.

    A table that cannot be opened is ours by its place in our lake.

    Raises:
        TableRefused: it is one of these.
    """
    names = lake.names(path)
    others = [name for name in names if name != "_delta_log" and not name.startswith(f"{WEEK.name}=")]
    foreign = ", ".join(others[:3])
    with suppress(DeltaError):  # there is none, or it is damaged
        columns = CachedDeltaTable(lake.delta_uri(path), lake.storage_options).metadata().partition_columns
        if columns != [WEEK.name]:
            foreign = f"a table partitioned by {columns or 'nothing'}"
    if foreign:
        raise TableRefused(
            f"{lake.uri(path)} holds what was not made here ({foreign}): move it away, then run the same "
            "command again; nothing was removed."
        )
