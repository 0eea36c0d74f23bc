"""What the lookups (cast, category, countries, directors) have in common, a module per layer.

A lookup has one row for each thing that is said of a subject, such as a title: its id and one text. What
only one of them does belongs to its own module in silver or gold.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    """What lookups say something of: a row of a gold table.

    Args:
        name: what one is called in sentences.
        key: the column of its id, in the lookups and in the gold table, whose key it is.
        table: the identifier of the gold table.
    """

    name: str
    key: str
    table: str


TITLE = Subject("title", key="show_id", table="gold_titles")
