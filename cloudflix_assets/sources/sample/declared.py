"""Files of datasets that the catalogue does not know, made from their declaration alone.

Such a file has one sound record for each title of the edition, and changes as it does: the numbers in a
column that is somebody's key are those of the titles, so that files with a key in common can be joined.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pyarrow as pa

from cloudflix_assets.sources.sample.draws import Numbers, below, bits
from cloudflix_assets.sources.sample.edition import Edition, ids
from cloudflix_assets.sources.sample.files import File
from cloudflix_assets.sources.sample.slips import Plan
from cloudflix_assets.sources.sample.titles import PLACE
from spark.datasets import DATASETS, Dataset

TEXTS_PER_COLUMN = 150
"""How many texts a column without examples has: `Award 1` and so on."""


def declared_file(edition: Edition, dataset: Dataset) -> File:
    """Return the file of a dataset: numbers in the columns of keys, examples or numbered texts in others."""
    plan = Plan(edition.places(), np.zeros(edition.titles, np.uint8), {})
    return File(dataset.columns, plan, _places, partial(_texts, edition, dataset))


def _places(places: Numbers) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({PLACE: pa.array(places)})


def _texts(edition: Edition, dataset: Dataset, records: pa.RecordBatch) -> Mapping[str, pa.Array]:
    numbers = edition.numbers(records.column(PLACE).to_numpy())
    keys = {other.key for other in DATASETS}
    return {
        column: pa.array(ids(numbers)).cast(pa.string())
        if column in keys
        else _drawn(edition, dataset, column, numbers)
        for column in dataset.columns
    }


def _drawn(edition: Edition, dataset: Dataset, column: str, numbers: Numbers) -> pa.Array:
    label = column.replace("_", " ").capitalize()
    numbered = [f"{label} {number}" for number in range(1, TEXTS_PER_COLUMN + 1)]
    texts = dataset.examples.get(column, numbered)
    drawn = bits(edition.seed, f"{dataset.name}: {column}", numbers)
    return pa.array(texts, pa.string()).take(pa.array(below(len(texts), drawn)))
