"""What `--replace-source` does: empty the lake, once that is agreed to, and give it to another source."""

from collections.abc import Callable
from dataclasses import dataclass

from cloudflix_assets.assets.description import stored_fields
from cloudflix_assets.delta.foreign import refuse_to_remove_foreign, refuse_to_remove_foreign_files
from cloudflix_assets.delta.look import look
from cloudflix_assets.lake.base import MARKER, Lake
from cloudflix_assets.lake.marker import Marker
from cloudflix_assets.landing.manifest import Manifest
from cloudflix_assets.sources import Source, place_of
from spark.registry import TABLES


@dataclass(frozen=True)
class Removal:
    """What is about to be removed from a lake.

    Args:
        tables: how many lie there.
        weeks: how many were landed, or lie in a table.
        source: whose lake it is.
        lake: its place.
    """

    tables: int
    weeks: int
    source: str
    lake: str

    @property
    def question(self) -> str:
        """What is asked where somebody can answer."""
        return f"--replace-source removes {self._what}: remove them?"

    @property
    def refusal(self) -> str:
        """What is told where nobody can."""
        return (
            f"--replace-source would remove {self._what}: add --yes if that is meant, or give the other "
            "source a lake of its own (CLOUDFLIX_HOME)."
        )

    @property
    def _what(self) -> str:
        tables, weeks = (
            f"{number} {what}{'' if number == 1 else 's'}"
            for number, what in ((self.tables, "table"), (self.weeks, "week"))
        )
        return f"{tables} and {weeks} of {self.source} at {self.lake}"


Agree = Callable[[Removal], None]
"""Takes what is about to be removed, and raises if that is not agreed to."""


def agree_at_once(_: Removal) -> None:
    """Agree: nobody is asked."""


def empty(lake: Lake, source: Source, agree: Agree) -> None:
    """Empty a lake and claim it for a source; of a lake that is empty nobody is asked.

    Raises:
        LakeRefused: something lies there that was not made here.
        StorageRefused: the lake cannot be read or written.
    """
    tables = [path for table in TABLES for path in stored_fields(table)]
    with lake.storage_errors("raw"):
        for path in tables:
            refuse_to_remove_foreign(lake, path)
        refuse_to_remove_foreign_files(lake)
        removal = _removal(lake, tables)
        if removal.tables or removal.weeks:
            agree(removal)
        lake.empty(tables)
        # Tables of others may lie beside ours, and look like a foreign lake.
        lake.claim(source.identity, place_of(source))


def _removal(lake: Lake, tables: list[str]) -> Removal:
    found = [table for path in tables if (table := look(lake, path)).table or table.trouble]
    weeks = {*Manifest.weeks(lake), *(week for table in found for week in table.weeks)}
    marker = Marker.parse(lake.read(MARKER) or b"")
    return Removal(len(found), len(weeks), marker.source if marker else "an unknown source", lake.place)
