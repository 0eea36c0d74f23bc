"""Raw: a table per dataset with one row per landed file. The bytes of the files are in `raw/files`.

Landing files belongs to `cloudflix_assets/landing`; reading their records belongs to `delivery`.
"""

from collections.abc import Callable

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark.datasets import DATASETS, Dataset
from spark.table import Layer, Table


class RawFile(pa.DataFrameModel):
    """A landed file: the columns of every raw table."""

    file: T.StringType = pa.Field(nullable=False, description="Name as delivered")
    path: T.StringType = pa.Field(nullable=False, description="Where its bytes lie, relative to raw")
    sha256: T.StringType = pa.Field(nullable=False, str_length=64, description="Hash of its bytes")
    bytes: T.LongType = pa.Field(nullable=False, ge=1, description="Size, bytes")
    records: T.LongType = pa.Field(nullable=False, ge=1, description="Records after the header")
    longest_record: T.LongType = pa.Field(nullable=False, ge=1, description="Longest record, bytes")
    header: T.StringType = pa.Field(nullable=False, description="Header as delivered")


def contract_of(dataset: Dataset) -> type[RawFile]:
    """Make the contract of a dataset: the columns of `RawFile`, described as its file's."""
    doc = f"The landed {dataset.file}: size, hash, records, header."
    return type(f"Raw{dataset.name.capitalize()}", (RawFile,), {"__doc__": doc, "__module__": __name__})


def _raw(dataset: Dataset) -> Callable[[DataFrame], DataFrame]:
    def raw(publication: DataFrame) -> DataFrame:
        """Select the rows of the dataset from the manifest."""
        return publication.where(F.col("dataset") == dataset.name).drop("dataset")

    return raw


TABLES = tuple(
    Table(
        layer=Layer.RAW,
        name=dataset.name,
        grain=f"one row per landed {dataset.file} and week",
        contract=contract_of(dataset),
        build=_raw(dataset),
        has_quarantine=False,
    )
    for dataset in DATASETS
)
