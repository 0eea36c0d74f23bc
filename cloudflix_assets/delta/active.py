"""The files that a version of a table consists of."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable


@dataclass(frozen=True, order=True)
class ActiveFile:
    """A file as the commit that added it says, which never uses a name twice.

    Attributes:
        path: relative to the table.
        week: that of its partition; None if another tool added it to none.
        size: in bytes.
        rows: None if the commit does not say.
    """

    path: str
    week: date | None
    size: int
    rows: int | None

    @property
    def folder(self) -> str:
        """The folder that it lies in, relative to the table."""
        return self.path.rpartition("/")[0]


def active_files(table: DeltaTable) -> list[ActiveFile]:
    """Return the files of all weeks, sorted by path."""
    actions = pa.table(table.get_add_actions(flatten=True))
    columns = (actions[name].to_pylist() for name in ("path", "partition.week", "size_bytes", "num_records"))
    return sorted(ActiveFile(unquote(path), *stated) for path, *stated in zip(*columns, strict=True))
