"""The five delivered files. One entry here gives a dataset its raw and its bronze table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dataset:
    """One delivered file kind, with its columns as delivered.

    Args:
        incremental: a week may arrive as many files; an engine that streams parses each of them once.
    """

    name: str
    columns: tuple[str, ...]
    description: str
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
        incremental=True,
    ),
    Dataset("cast", ("cast", "show_id"), "who plays in a title"),
    Dataset("category", ("listed_in", "show_id"), "under which categories a title is listed"),
    Dataset("countries", ("country", "show_id"), "where a title was produced"),
    Dataset("directors", ("director", "show_id"), "who directed a title"),
)
