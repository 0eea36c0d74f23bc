"""The four lookup files as they are meant: who and what belongs to each title."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cloudflix_assets.sources.sample import vocabulary as words
from cloudflix_assets.sources.sample.draws import Numbers, below, bits, weighted
from cloudflix_assets.sources.sample.edition import Edition, ids
from cloudflix_assets.sources.sample.titles import PLACE, is_series

MOST_PER_TITLE = 32


@dataclass(frozen=True)
class Lookup:
    """One kind of lookup.

    A title takes its values from `values` in strides that no number of them divides, beginning where
    `first` says, so that no value comes twice.

    Args:
        how_many: how often a title has 0, 1, 2, … of them.
        block: how many of `values` are to choose from, where `first` says which block of them.
        changes: whether one of them is replaced now and then.
    """

    column: str
    values: Callable[[], pa.Array]
    how_many: Sequence[int]
    first: Callable[[Edition, Numbers], Numbers]
    stride: int
    block: int
    changes: bool = False


@dataclass(frozen=True)
class LookupFile:
    """One lookup file of an edition; without `commas`, no value has one (`Otto Barand Jr.`)."""

    edition: Edition
    name: str
    commas: bool = True

    @property
    def lookup(self) -> Lookup:
        """What kind of lookup the file holds."""
        return LOOKUPS[self.name]

    @property
    def records(self) -> int:
        """Number of records."""
        return len(self.places)

    @cached_property
    def places(self) -> Numbers:
        """The place of each record's title."""
        return np.repeat(self.edition.places(), self._sizes)

    @cached_property
    def _sizes(self) -> Numbers:
        numbers = self.edition.numbers(self.edition.places())
        return weighted(self.lookup.how_many, bits(self.edition.seed, f"{self.name}: how many", numbers))

    @cached_property
    def _starts(self) -> Numbers:
        return np.cumsum(self._sizes) - self._sizes

    @cached_property
    def _firsts(self) -> Numbers:
        return self.lookup.first(self.edition, self.edition.places())

    def typed(self, records: Numbers) -> pa.RecordBatch:
        """Return these records, with the columns of silver and the place of their title."""
        places = self.places[records]
        steps = self._steps(records - self._starts[places], places)
        first = self._firsts[places]
        block = self.lookup.block
        chosen = first // block * block + (first + steps * self.lookup.stride) % block
        known = self.lookup.values()
        known = known if self.commas else pc.replace_substring(known, ",", "")
        values = pa.DictionaryArray.from_arrays(chosen.astype(np.int32), known)
        shows = pa.array(ids(self.edition.numbers(places)))
        return pa.RecordBatch.from_pydict({"show_id": shows, self.lookup.column: values, PLACE: places})

    def _steps(self, positions: Numbers, places: Numbers) -> Numbers:
        if not self.lookup.changes:
            return positions
        replaced = positions == self.edition.numbers(places) % self._sizes[places]
        revision = self.edition.revisions(places, self.name) % MOST_PER_TITLE
        return np.where(replaced, MOST_PER_TITLE + revision, positions)

    def delivered(self, typed: pa.RecordBatch) -> dict[str, pa.Array]:
        """Return the records as text, in the columns of the file."""
        return {
            self.lookup.column: typed.column(self.lookup.column),
            "show_id": typed.column("show_id").cast(pa.string()),
        }


def _people(purpose: str) -> Callable[[Edition, Numbers], Numbers]:
    def first(edition: Edition, places: Numbers) -> Numbers:
        return below(_PEOPLE, bits(edition.seed, purpose, edition.numbers(places)))

    return first


def _first_category(edition: Edition, places: Numbers) -> Numbers:
    """Draw a first category of those that movies or TV shows have."""
    drawn = bits(edition.seed, "category", edition.numbers(places))
    block = len(words.CATEGORIES[words.MOVIE])
    return np.where(is_series(edition, places), block, 0) + below(block, drawn)


def _first_country(edition: Edition, places: Numbers) -> Numbers:
    """Draw a first country; those at the beginning of the list come most often."""
    drawn = bits(edition.seed, "countries", edition.numbers(places))
    tries = (below(len(words.COUNTRIES), drawn >> np.uint64(16 * i)) for i in range(3))
    lowest: Numbers = np.minimum.reduce(list(tries))
    return lowest


@cache
def _names() -> pa.Array:
    return pa.array([f"{given} {family}" for given in words.GIVEN_NAMES for family in words.FAMILY_NAMES])


@cache
def _categories() -> pa.Array:
    return pa.array([*words.CATEGORIES[words.MOVIE], *words.CATEGORIES[words.SERIES]])


@cache
def _countries() -> pa.Array:
    return pa.array(words.COUNTRIES)


_PEOPLE = len(words.GIVEN_NAMES) * len(words.FAMILY_NAMES)
_CAST = (9, 11, 2, 2, 3, 4, 9, 8, 13, 8, 16, 5, 3, 2, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1)
_PEOPLE_STRIDE = 7919

LOOKUPS = {
    "cast": Lookup("cast", _names, _CAST, _people("cast"), _PEOPLE_STRIDE, _PEOPLE, changes=True),
    "category": Lookup(
        "listed_in", _categories, (0, 23, 34, 43), _first_category, 7, len(words.CATEGORIES[words.MOVIE])
    ),
    "countries": Lookup(
        "country", _countries, (76, 775, 97, 32, 13, 5, 2), _first_country, 17, len(words.COUNTRIES)
    ),
    "directors": Lookup(
        "director", _names, (316, 617, 54, 8, 3, 1, 1), _people("directors"), _PEOPLE_STRIDE, _PEOPLE
    ),
}
