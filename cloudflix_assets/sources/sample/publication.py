"""One publication: the catalogue's files and others, and what gold must make of what silver accepts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cloudflix_assets.sources.sample import titles
from cloudflix_assets.sources.sample.declared import declared_file
from cloudflix_assets.sources.sample.draws import Mask
from cloudflix_assets.sources.sample.edition import Edition
from cloudflix_assets.sources.sample.files import File
from cloudflix_assets.sources.sample.lookup_slips import lookup_slips
from cloudflix_assets.sources.sample.lookups import LOOKUPS, LookupFile
from cloudflix_assets.sources.sample.slips import Plan, planned
from cloudflix_assets.sources.sample.title_slips import MINUTES_AS_RATING, TITLE_SLIPS
from spark.datasets import DATASETS, Dataset

TITLES = "titles"
TITLES_PER_SLIP = 4_000
LOOKUP_RECORDS_PER_SLIP = 10_000

_CATALOGUE: Mapping[tuple[str, ...], str] = {
    titles.COLUMNS: TITLES,
    **{(lookup.column, "show_id"): name for name, lookup in LOOKUPS.items()},
}
"""The files of the catalogue, by their columns in their order: a dataset may have another name."""


def in_catalogue(dataset: Dataset) -> str | None:
    """Return which file of the catalogue a dataset is; None if it is none, or titles are not declared."""
    if titles.COLUMNS not in {declared.columns for declared in DATASETS}:
        return None
    return _CATALOGUE.get(dataset.columns)


@dataclass(frozen=True)
class Publication:
    """What the sample delivers in one week; it depends on seed, week and number of titles alone.

    Args:
        edition: the catalogue of the week.
        in_one: whether only that goes wrong which can in one file of all columns.
    """

    edition: Edition
    in_one: bool = False

    def file(self, dataset: Dataset) -> File:
        """Return the file of a dataset: the catalogue's, or one that follows from the declaration."""
        name = in_catalogue(dataset)
        if name is None:
            return declared_file(self.edition, dataset)
        if name == TITLES:
            return File(dataset.columns, self._titles, partial(titles.typed, self.edition), titles.delivered)
        lookup = self.lookup(name)
        kinds = {} if self.in_one else lookup_slips(name, LOOKUPS[name].column)
        plan = planned(self.edition, name, lookup.records, kinds, LOOKUP_RECORDS_PER_SLIP)
        return File(dataset.columns, plan, lookup.typed, lookup.delivered)

    def lookup(self, name: str) -> LookupFile:
        """Return a lookup file as it is meant; in one file, a comma parts values."""
        return LookupFile(self.edition, name, commas=not self.in_one)

    @cached_property
    def _titles(self) -> Plan:
        kinds = MINUTES_AS_RATING if self.in_one else TITLE_SLIPS
        return planned(self.edition, TITLES, self.edition.titles, kinds, TITLES_PER_SLIP)

    @cached_property
    def accepted(self) -> Mask:
        """Whether silver and gold hold the title at each place."""
        accepted = np.ones(self.edition.titles, bool)
        accepted[self._titles.quarantined_origins()] = False
        return accepted

    def gold_titles(self, silver: pa.Table) -> pa.Table:
        """Return accepted titles with their rank by minutes and whether the week before lacked them."""
        minutes = silver.column("duration_minutes")
        ranks = pa.array(self._ranks).take(minutes)
        new = pa.array(self._new).take(silver.column(titles.PLACE))
        return silver.append_column("duration_ranking", ranks).append_column("newflag", new)

    def known(self, silver: pa.Table) -> pa.ChunkedArray:
        """Return whether gold holds the title of each row of a lookup."""
        return pc.fill_null(pa.array(self.accepted).take(silver.column(titles.PLACE)), False)

    @cached_property
    def _ranks(self) -> NDArray[np.int32]:
        """Dense ranks by minutes, the longest first."""
        places = self.edition.places()
        movies = self.accepted & ~titles.is_series(self.edition, places)
        if self.in_one:
            movies[self._titles.changed_origins("duration_minutes")] = False
        occurs = np.zeros(titles.LONGEST_MINUTES + 1, np.int32)
        occurs[titles.minutes(self.edition, places[movies])] = 1
        return np.cumsum(occurs[::-1], dtype=np.int32)[::-1]

    @cached_property
    def _new(self) -> NDArray[np.int32]:
        """1 for each place whose title the week before did not accept, else 0."""
        before, places = replace(self, edition=self.edition.before), self.edition.places()
        stayed = self.edition.numbers(places) == before.edition.numbers(places)
        return np.where(before.accepted & stayed, 0, 1).astype(np.int32)
