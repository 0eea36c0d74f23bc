"""Records of a dataset that arrives as many files: Structured Streaming finds them, each is parsed once.

A checkpoint per dataset, week and parser remembers which landed files were parsed; their records lie
beside it, in a folder per micro-batch, below `raw/files/incremental`. It is a memory and no table:
whatever in it does not agree with the week's manifest is forgotten, and the files are parsed anew.
The step that asks for the records judges and publishes the week, once and whole.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from hashlib import sha256
from typing import Any, BinaryIO, cast

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.streaming.readwriter import DataStreamReader
from pyspark.sql.types import StructType

from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.versions import hash_of
from spark.datasets import Dataset
from spark.delivery import workers
from spark.delivery.layout import MALFORMED
from spark.delivery.parser import schema_of
from spark.delivery.workers import DEFECT, BinaryFile

PARSER = frozenset({"spark.delivery.workers"})
LARGE_BYTES = 32 * 2**20
FILES_PER_BATCH = 64
_COLUMNS = "path string, modificationTime timestamp, length bigint, content binary"
_FINDS = {
    "spark": (
        "binaryFile",
        {
            # A landed file's name is the hash of its bytes: the lake may move, and the name still tells it.
            "fileNameOnly": "true",
            # By default a file a week older than the newest one seen is ignored: it may be landed again.
            "maxFileAge": "36500d",
        },
    ),
    # Auto Loader keeps what it has seen by path, and for good. Nothing is overwritten under its name.
    "databricks": ("cloudFiles", {"cloudFiles.format": "binaryFile", "cloudFiles.allowOverwrites": "false"}),
}
"""By engine that streams: the source that finds files, and its options."""

ENGINES = frozenset(_FINDS)


def streams(engine: str, session: SparkSession) -> str | None:
    """The engine whose source finds files for a session; None if the session cannot stream with us.

    2026-11-26: what a micro-batch calls would have to be pickled for a remote session, which Sail and a
    cluster in standard access mode have. Auto Loader is there on Databricks' own Spark alone.
    """
    if engine not in ENGINES or not isinstance(session, SparkSession):
        return None
    own = session.conf.get("spark.databricks.clusterUsageTags.sparkVersion", "")
    return "databricks" if engine == "databricks" and own else "spark"


_READ_SELDOM = {"compression": "zstd"}


def parser_version() -> str:
    """What decides how bytes become records: our code and pyarrow."""
    return f"{hash_of(PARSER)}-{pa.__version__}"


def discovered(reader: DataStreamReader, engine: str, folder: str, glob: str) -> DataFrame:
    """A stream of the files in a folder whose names match, as binary files."""
    source, options = _FINDS[engine]
    prefix = "cloudFiles." if source == "cloudFiles" else ""
    capped = {f"{prefix}maxFilesPerTrigger": str(FILES_PER_BATCH), "pathGlobFilter": glob}
    return reader.format(source).schema(_COLUMNS).options(**options, **capped).load(folder)


class FileUnparsed(CloudflixError):
    """A landed file that gives no records, or not as many as were counted."""


@dataclass(frozen=True)
class Arrivals:
    """The landed files of a dataset for a week, and the columns that they add to it."""

    lake: Lake
    session: SparkSession
    dataset: Dataset
    week: date
    files: tuple[BinaryFile, ...]
    engine: str
    added: tuple[str, ...] = ()

    def records(self) -> DataFrame:
        """Every record of the files, of which only those that are new to this lake are parsed.

        Raises:
            LakeRefused: a landed file is gone.
            FileUnparsed: one is damaged, or the two readers count differently.
        """
        for file in self.files:
            self.lake.landed_size(f"raw/{file.address}")
        with self.lake.lock(f"{self._week}.lock"):
            for version in {*self.lake.names(self._week)} - {self._version}:
                self.lake.remove(f"{self._week}/{version}")
            remembers = bool(self.lake.names(self._folder))
            try:
                return self._discovered()
            except (PySparkException, FileUnparsed):
                if not remembers:
                    raise
            self.lake.remove(self._folder)  # what was remembered is the first to be doubted
            return self._discovered()

    def _discovered(self) -> DataFrame:
        """Let the stream run until every file was parsed, and hold its records against the manifest."""
        folder = self.lake.uri(f"raw/files/{self.dataset.name}")
        found = discovered(self.session.readStream, self.engine, folder, self._glob)
        stream = found.select("path").writeStream
        stream = stream.option("checkpointLocation", self.lake.uri(f"{self._folder}/checkpoint"))
        query = stream.trigger(availableNow=True).foreachBatch(self._parsed).start()
        try:
            query.awaitTermination()
        finally:
            query.stop()
        return self._checked()

    def _parsed(self, batch: DataFrame, number: int) -> None:
        """Parse a micro-batch into a folder of its number: one that is replayed replaces itself."""
        names = (row["path"].rpartition("/")[2] for row in batch.collect())
        # A batch that is replayed holds the files of its first time, and the week may list others now.
        listed = {name: self._by_name[name] for name in names if name in self._by_name}
        if not listed:
            return
        # Python's own `open`: a function of this package would have every worker import all of it.
        opened = cast("Callable[[str], BinaryIO]", partial(open, mode="rb"))
        rows = self._contents([file.place for file in listed.values()])
        folder = self.lake.uri(f"{self._records}/{number}")
        with ExitStack() as copies:
            near = {name: self._near(file, copies) for name, file in listed.items()}
            parse = partial(workers.parsed, dataset=self.dataset, files=near, opened=opened, added=self.added)
            parsed = rows.mapInArrow(parse, self._schema)
            parsed.write.mode("overwrite").options(**_READ_SELDOM).parquet(folder)

    def _near(self, file: BinaryFile, copies: ExitStack) -> BinaryFile:
        """A large file where workers can open it, which they cannot in an account."""
        path = f"raw/{file.address}"
        if self.lake.landed_size(path) <= LARGE_BYTES:
            return file
        return replace(file, place=str(copies.enter_context(self.lake.local_copy(path))))

    def _contents(self, places: list[str]) -> DataFrame:
        """`path` and `content` of files, null for large ones, which are not read here.

        Not from the stream: what it gives to `foreachBatch` is no source that a filter on the length reaches.
        """
        files = self.session.read.format("binaryFile").load(places)
        large = F.col("length") > LARGE_BYTES
        named = files.where(large).select("path", F.lit(None).cast("binary").alias("content"))
        return files.where(~large).select("path", "content").unionAll(named)

    def _checked(self) -> DataFrame:
        """What was parsed now and before."""
        folders = [self.lake.uri(f"{self._records}/{number}") for number in self.lake.names(self._records)]
        if not folders:
            return self._agreeing(self.session.createDataFrame([], self._schema))
        return self._agreeing(self.session.read.schema(self._schema).parquet(*folders))

    def _agreeing(self, staged: DataFrame) -> DataFrame:
        """The records of the week's files, as many as the manifest says."""
        records = staged.where(F.col("source_file").isin([file.address for file in self.files]))
        defect = F.max(F.when(F.col("record_number") == DEFECT, F.col(MALFORMED)))
        rows = records.groupBy("source_file").agg(F.count("*").alias("records"), defect.alias("defect"))
        self._refuse_unlike({row["source_file"]: row.asDict() for row in rows.collect()})
        return records

    def _refuse_unlike(self, found: Mapping[str, Mapping[str, Any]]) -> None:
        for file in self.files:
            told = found.get(file.address, {"records": 0, "defect": None})
            if told["defect"]:
                raise FileUnparsed(
                    f"{file.place} cannot be parsed ({told['defect']}): rerun the week {self.week} with its "
                    "publication, which lands the file again; nothing was published."
                )
            if told["records"] != file.records:
                raise FileUnparsed(
                    f"{file.place} gave {told['records']} records where another reader counted "
                    f"{file.records}: nothing was published; report this file, for one of the two is wrong."
                )

    @property
    def _week(self) -> str:
        return f"raw/files/incremental/{self.dataset.name}/{self.week}"

    @property
    def _folder(self) -> str:
        return f"{self._week}/{self._version}"

    @property
    def _version(self) -> str:
        """What is remembered was parsed into these columns, by this code."""
        columns = f"-{sha256(' '.join(self.added).encode()).hexdigest()[:8]}" if self.added else ""
        return f"{parser_version()}{columns}"

    @property
    def _records(self) -> str:
        return f"{self._folder}/records"

    @property
    def _schema(self) -> StructType:
        return from_arrow_schema(schema_of(self.dataset, self.added))

    @property
    def _glob(self) -> str:
        return f"{{{','.join(sorted(self._by_name))}}}"

    @cached_property
    def _by_name(self) -> dict[str, BinaryFile]:
        return {file.address.rpartition("/")[2]: file for file in self.files}
