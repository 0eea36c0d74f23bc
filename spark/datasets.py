"""The five delivered files. One entry here gives a dataset its raw and its bronze table."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Dataset:
    """One delivered file kind, with its columns as delivered.

    Args:
        aliases: other names that the publisher may give a declared column.
        optional: declared columns that a file may lack; they are null then.
        incremental: a week may arrive as many files; an engine that streams parses each of them once.
    """

    name: str
    columns: tuple[str, ...]
    description: str
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    incremental: bool = False

    @property
    def file(self) -> str:
        """Name under which the publisher delivers it."""
        return f"netflix_{self.name}.csv"


DATASETS = (
    Dataset(
        "titles",
        (
            "duration_minutes",
            "duration_seasons",
            "type",
            "title",
            "date_added",
            "release_year",
            "rating",
            "description",
            "show_id",
        ),
        "every movie and TV show of the catalogue",
        {"type": ("show_type",)},
        incremental=True,
    ),
    Dataset("cast", ("cast", "show_id"), "who plays in a title", {"cast": ("actor", "actors")}),
    Dataset(
        "category",
        ("listed_in", "show_id"),
        "under which categories a title is listed",
        {"listed_in": ("category", "categories")},
    ),
    Dataset("countries", ("country", "show_id"), "where a title was produced", {"country": ("countries",)}),
    Dataset("directors", ("director", "show_id"), "who directed a title", {"director": ("directors",)}),
)
