"""Weekly life: which titles an edition of the catalogue holds, and what has changed in them.

The catalogue has as many places as titles. A place holds one title for 200 weeks, then the next; every
week it is the turn of one place in 200, and of another one in 200 to change. So every week half a per
cent of the titles come, go and change, and each keeps its id for as long as it stays.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from cloudflix_assets.sources.sample.draws import Numbers

EPOCH = date(2001, 1, 1)  # a Monday
STAY = 200
CHANGES = ("rating", "description", "cast")
MOST_TITLES = 4_000_000

_TURN = 77  # no divisor in common with STAY, so that the turns are spread over the file
_TITLES_PER_PLACE = 16
_IDS = 1 << 26  # holds MOST_TITLES * _TITLES_PER_PLACE
_SCATTER = 40_503_491  # odd, so that no two numbers get one id
_FIRST_ID = 20_000_000


@dataclass(frozen=True)
class Edition:
    """The catalogue of one week. A title is known by its number, which follows from place and week."""

    seed: int
    titles: int
    week: date

    @property
    def before(self) -> "Edition":
        """The edition of the week before."""
        return replace(self, week=self.week - timedelta(days=7))

    def places(self) -> Numbers:
        """Return every place, in the order of the file."""
        return np.arange(self.titles, dtype=np.int64)

    def numbers(self, places: Numbers, *, ago: int = 0) -> Numbers:
        """Return the number of the title at each place, or of the one that was there `ago` titles before."""
        return places * _TITLES_PER_PLACE + (self._turns(places) // STAY - ago) % _TITLES_PER_PLACE

    def arrivals(self, places: Numbers) -> Numbers:
        """Return the Monday of the week in which each title came, in days since 1970."""
        monday = (self.week - date(1970, 1, 1)).days
        return monday - self._turns(places) % STAY * 7

    def revisions(self, places: Numbers, change: str) -> Numbers:
        """Return how often this part of each title has changed."""
        period = STAY * len(CHANGES)
        return (self._turns(places) + CHANGES.index(change) * STAY + STAY // 2) // period

    def _turns(self, places: Numbers) -> Numbers:
        """Return the weeks at each place, counted from a beginning of its own."""
        return (self.week - EPOCH).days // 7 + places * _TURN


def ids(numbers: Numbers) -> Numbers:
    """Return the show_id of each title: eight digits in no order, as the real ones are."""
    return _FIRST_ID + numbers * _SCATTER % _IDS
