"""Records that a line break split in two, joined by hand: what both scripts share."""

from itertools import pairwise
from typing import Any

from spark.datasets import DATASETS

TITLES = DATASETS[0].columns
Row = dict[str, Any]


def joined(halves: list[Row]) -> tuple[list[Row], list[int]]:
    """Whole titles from records without an id, in order; and the record numbers of second halves."""
    whole: list[Row] = []
    second_halves: list[int] = []
    for first, second in pairwise(halves):
        filled, following = _filled(first), _filled(second)
        adjacent = second["record_number"] == first["record_number"] + 1
        if adjacent and filled + following == len(TITLES) + 1 and first["record_number"] not in second_halves:
            seam = f"{first[TITLES[filled - 1]]}\n{second[TITLES[0]]}"
            seam = seam[:-1] if seam.count('"') % 2 and seam.endswith('"') else seam
            values = (
                [first[c] for c in TITLES[: filled - 1]] + [seam] + [second[c] for c in TITLES[1:following]]
            )
            whole.append({**first, **dict(zip(TITLES, values, strict=True))})
            second_halves.append(second["record_number"])
    return whole, second_halves


def _filled(row: Row) -> int:
    return max((i for i, c in enumerate(TITLES, 1) if row[c] is not None), default=0)
