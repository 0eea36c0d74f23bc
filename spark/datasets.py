"""The delivered files and their columns. An entry here gives a dataset its raw and its bronze table.

What the columns mean, and their types, belong to silver.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Dataset:
    """A kind of delivered file.

    Args:
        columns: their names as delivered, in the order that they have in bronze.
        aliases: other names that the publisher may give a declared column.
        optional: declared columns that a file may lack; they are null then.
        null_texts: texts of a column that stand for null, exactly as delivered: `{"rating": ("NULL",)}`.
        incremental: whether a week may arrive as many files, of which an engine that streams parses
            each once.
        layout: the layout that declares it; empty if this module does.
    """

    name: str
    columns: tuple[str, ...]
    description: str
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    null_texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    incremental: bool = False
    layout: str = ""

    @property
    def file(self) -> str:
        """The name under which the publisher delivers it."""
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

IN_ONE = (
    "show_id",
    "type",
    "title",
    "director",
    "cast",
    "country",
    "date_added",
    "release_year",
    "rating",
    "duration",
    "listed_in",
    "description",
)
"""The columns of the catalogue as one file, as it is published elsewhere: the layout `twelve_columns`."""
