"""Records that a line break split in two, joined by hand: what both scripts share."""

from itertools import pairwise
from typing import Any

from spark.datasets import DATASETS

TITLES = DATASETS[0].columns
Row = dict[str, Any]


def joined(halves: list[Row]) -> tuple[list[Row], list[int]]:
    """Whole titles from records without an id, in order; and the record numbers of second halves."""
    whole: list[Row] = []
    tails: list[int] = []
    for head, tail in pairwise(halves):
        filled, following = _filled(head), _filled(tail)
        adjacent = tail["record_number"] == head["record_number"] + 1
        if adjacent and filled + following == len(TITLES) + 1 and head["record_number"] not in tails:
            seam = f"{head[TITLES[filled - 1]]}\n{tail[TITLES[0]]}"
            seam = seam[:-1] if seam.count('"') % 2 and seam.endswith('"') else seam
            values = [head[c] for c in TITLES[: filled - 1]] + [seam] + [tail[c] for c in TITLES[1:following]]
            whole.append({**head, **dict(zip(TITLES, values, strict=True))})
            tails.append(tail["record_number"])
    return whole, tails


def _filled(row: Row) -> int:
    return max((i for i, c in enumerate(TITLES, 1) if row[c] is not None), default=0)
