"""Records of a dataset that arrives as many files: Structured Streaming finds the files and parses each once.

A checkpoint per dataset, week and parser remembers which landed files were parsed. Their records lie beside
it below `raw/files/incremental`, in a folder per micro-batch. They are a cache and no table: if they disagree
with the week's manifest, they are removed and the files are parsed anew. The step that asks for the records
judges the week and publishes it as a whole.
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
"""Files above this size are opened by the workers instead of being read into a row."""
FILES_PER_BATCH = 64
_COLUMNS = "path string, modificationTime timestamp, length bigint, content binary"
_FINDS = {
    "spark": (
        "binaryFile",
        {
            # A landed file's name is the hash of its bytes, so it identifies the file wherever the lake lies.
            "fileNameOnly": "true",
            # By default a file a week older than the newest one is ignored, and old files can be landed.
            "maxFileAge": "36500d",
        },
    ),
    # Auto Loader remembers paths without an end, and no landed file is overwritten.
    "databricks": ("cloudFiles", {"cloudFiles.format": "binaryFile", "cloudFiles.allowOverwrites": "false"}),
}
"""The streaming source that finds files, and its options, by engine that can stream."""

ENGINES = frozenset(_FINDS)


def streams(engine: str, session: SparkSession) -> str | None:
    """Return the engine whose streaming source a session has; None if the session cannot be used to stream.

    2026-11-26: for a remote session (Sail, a cluster in standard access mode) the function that each
    micro-batch calls would have to be pickled. Auto Loader exists only on Databricks' own Spark.
    """
    if engine not in ENGINES or not isinstance(session, SparkSession):
        return None
    own = session.conf.get("spark.databricks.clusterUsageTags.sparkVersion", "")
    return "databricks" if engine == "databricks" and own else "spark"


_READ_SELDOM = {"compression": "zstd"}


def parser_version() -> str:
    """Return a version of what turns bytes into records: a hash of our code, and pyarrow's version."""
    return f"{hash_of(PARSER)}-{pa.__version__}"


def discovered(reader: DataStreamReader, engine: str, folder: str, glob: str) -> DataFrame:
    """Return a stream of the files in a folder whose names match `glob`, with their content."""
    source, options = _FINDS[engine]
    prefix = "cloudFiles." if source == "cloudFiles" else ""
    capped = {f"{prefix}maxFilesPerTrigger": str(FILES_PER_BATCH), "pathGlobFilter": glob}
    return reader.format(source).schema(_COLUMNS).options(**options, **capped).load(folder)


class FileUnparsed(CloudflixError):
    """A landed file yields no records, or another number than was counted when it was landed."""


@dataclass(frozen=True)
class Arrivals:
    """The landed files of a dataset for a week, and the columns that they add to the table.

    Args:
        lake: where the files and the cache of records lie.
        session: a session that can stream.
        dataset: what the files hold.
        week: the week that they were landed for.
        files: the files, each with the number of its records.
        engine: as `streams` returned it.
        added: columns that the dataset does not declare, sorted.
    """

    lake: Lake
    session: SparkSession
    dataset: Dataset
    week: date
    files: tuple[BinaryFile, ...]
    engine: str
    added: tuple[str, ...] = ()

    def parse_records(self) -> DataFrame:
        """Parse the files that were not parsed before, and return every record of all files.

        Raises:
            LakeRefused: a landed file is gone.
            FileUnparsed: a file is damaged, or holds another number of records than when it was landed.
        """
        for file in self.files:
            self.lake.landed_size(f"raw/{file.address}")
        with self.lake.lock(f"{self._week}.lock"):
            for version in {*self.lake.names(self._week)} - {self._version}:
                self.lake.remove(f"{self._week}/{version}")
            remembers = bool(self.lake.names(self._folder))
            try:
                return self._stream_records()
            except (PySparkException, FileUnparsed):
                if not remembers:
                    raise
            self.lake.remove(self._folder)  # the cache may be at fault: parse every file anew
            return self._stream_records()

    def _stream_records(self) -> DataFrame:
        """Run the stream until every file is parsed, and compare the records with the manifest."""
        folder = self.lake.uri(f"raw/files/{self.dataset.name}")
        found = discovered(self.session.readStream, self.engine, folder, self._glob)
        stream = found.select("path").writeStream
        stream = stream.option("checkpointLocation", self.lake.uri(f"{self._folder}/checkpoint"))
        query = stream.trigger(availableNow=True).foreachBatch(self._parse_batch).start()
        try:
            query.awaitTermination()
        finally:
            query.stop()
        return self._read_parsed()

    def _parse_batch(self, batch: DataFrame, number: int) -> None:
        """Parse a micro-batch into the folder of its number, which a replay of the batch overwrites."""
        names = (row["path"].rpartition("/")[2] for row in batch.collect())
        # A replayed batch holds the files of its first run, and the week may list others now.
        listed = {name: self._by_name[name] for name in names if name in self._by_name}
        if not listed:
            return
        # Python's own `open`: a function of this package would have every worker import all of it.
        opened = cast("Callable[[str], BinaryIO]", partial(open, mode="rb"))
        rows = self._contents([file.place for file in listed.values()])
        folder = self.lake.uri(f"{self._records}/{number}")
        with ExitStack() as copies:
            near = {name: self._local(file, copies) for name, file in listed.items()}
            parse = partial(
                workers.parsed,
                dataset=self.dataset,
                files=near,
                opened=opened,
                records=sum(file.records for file in self.files),
                added=self.added,
            )
            parsed = rows.mapInArrow(parse, self._schema)
            parsed.write.mode("overwrite").options(**_READ_SELDOM).parquet(folder)

    def _local(self, file: BinaryFile, copies: ExitStack) -> BinaryFile:
        """Return a file as workers can open it: a large one as a local copy, for they reach no account."""
        path = f"raw/{file.address}"
        if self.lake.landed_size(path) <= LARGE_BYTES:
            return file
        return replace(file, place=str(copies.enter_context(self.lake.local_copy(path))))

    def _contents(self, places: list[str]) -> DataFrame:
        """Return `path` and `content` of files; the content of large ones is null, and workers open them.

        The files are read anew, because a filter on the length is not pushed into the frame that the stream
        gives to `foreachBatch`: the large files would be read too.
        """
        files = self.session.read.format("binaryFile").load(places)
        large = F.col("length") > LARGE_BYTES
        named = files.where(large).select("path", F.lit(None).cast("binary").alias("content"))
        return files.where(~large).select("path", "content").unionAll(named)

    def _read_parsed(self) -> DataFrame:
        """Read the records that were parsed, now and before; refuse them if the manifest disagrees."""
        folders = [self.lake.uri(f"{self._records}/{number}") for number in self.lake.names(self._records)]
        if not folders:
            return self._refuse_disagreement(self.session.createDataFrame([], self._schema))
        return self._refuse_disagreement(self.session.read.schema(self._schema).parquet(*folders))

    def _refuse_disagreement(self, staged: DataFrame) -> DataFrame:
        """Return the records of the week's files.

        Raises:
            FileUnparsed: a file has a defect, or another number of records than the manifest states.
        """
        records = staged.where(F.col("source_file").isin([file.address for file in self.files]))
        defect = F.max(F.when(F.col("record_number") == DEFECT, F.col(MALFORMED)))
        rows = records.groupBy("source_file").agg(F.count("*").alias("records"), defect.alias("defect"))
        self._refuse_unlike({row["source_file"]: row.asDict() for row in rows.collect()})
        return records

    def _refuse_unlike(self, found: Mapping[str, Mapping[str, Any]]) -> None:
        for file in self.files:
            counted = found.get(file.address, {"records": 0, "defect": None})
            if counted["defect"]:
                raise FileUnparsed(
                    f"{file.place} cannot be parsed ({counted['defect']}): rerun the week {self.week} with "
                    "its publication, which lands the file again; nothing was published."
                )
            if counted["records"] != file.records:
                raise FileUnparsed(
                    f"{file.place} gave {counted['records']} records where another reader counted "
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
        """The version of the cache: the parser's, and the added columns if there are any."""
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
