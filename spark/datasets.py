"""The delivered files and their columns. An entry here gives a dataset its raw and its bronze table.

Nothing else names them: an entry can be added, removed or renamed. What the columns mean, and their types,
belong to silver.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Dataset:
    """A kind of delivered file.

    Args:
        name: that of its raw and its bronze table.
        file: the name under which the publisher delivers it, which ends in `.csv`.
        columns: their names as delivered, in the order that they have in bronze.
        aliases: other names that the publisher may give a declared column.
        optional: declared columns that a file may lack; they are null then.
        null_texts: texts of a column that stand for null, exactly as delivered: `{"rating": ("NULL",)}`.
        incremental: whether a week may arrive as many files, of which an engine that streams parses
            each once.
        key: the column with the number of what a record is about. A column of this name in another dataset
            holds the same numbers.
        examples: texts that a column may hold, as delivered: the sample draws from them.
        layout: the layout that declares it; empty if this module does.
    """

    name: str
    file: str
    columns: tuple[str, ...]
    description: str
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    null_texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    incremental: bool = False
    key: str | None = None
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    layout: str = ""


DATASETS = (
    Dataset(
        "titles",
        "netflix_titles.csv",
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
        key="show_id",
    ),
    Dataset(
        "cast",
        "netflix_cast.csv",
        ("cast", "show_id"),
        "who plays in a title",
        {"cast": ("actor", "actors")},
    ),
    Dataset(
        "category",
        "netflix_category.csv",
        ("listed_in", "show_id"),
        "under which categories a title is listed",
        {"listed_in": ("category", "categories")},
    ),
    Dataset(
        "countries",
        "netflix_countries.csv",
        ("country", "show_id"),
        "where a title was produced",
        {"country": ("countries",)},
    ),
    Dataset(
        "directors",
        "netflix_directors.csv",
        ("director", "show_id"),
        "who directed a title",
        {"director": ("directors",)},
    ),
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
