"""How an engine that streams is asked for files: Auto Loader's double knows its options, and no others."""

from dataclasses import dataclass, field
from typing import Any, Self, cast

import pytest
from pyspark.sql.streaming.readwriter import DataStreamReader

from cloudflix_assets.landing.stream import ENGINES, FILES_PER_BATCH, discovered

COLUMNS = "path string, modificationTime timestamp, length bigint, content binary"
KNOWN = {
    "binaryFile": {"maxFilesPerTrigger", "pathGlobFilter", "fileNameOnly", "maxFileAge"},
    "cloudFiles": {
        "cloudFiles.format",
        "cloudFiles.allowOverwrites",
        "cloudFiles.includeExistingFiles",
        "cloudFiles.maxFilesPerTrigger",
        "pathGlobFilter",
    },
}
"""By source: what its reference lists, as far as files are found by it."""


@dataclass
class Reader:
    """Spark's stream reader: a source, a schema, options, a path."""

    source: str = ""
    columns: str = ""
    asked: dict[str, Any] = field(default_factory=dict)
    folder: str = ""

    def format(self, source: str) -> Self:
        assert source in KNOWN
        self.source = source
        return self

    def schema(self, columns: str) -> Self:
        self.columns = columns
        return self

    def options(self, **options: Any) -> Self:
        assert set(options) <= KNOWN[self.source], f"{self.source} does not know {options}"
        self.asked |= options
        return self

    def load(self, folder: str) -> Self:
        self.folder = folder
        return self


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_an_engine_finds_the_files_of_the_week(engine: str) -> None:
    """All of them, as they are, a batch at a time."""
    reader = Reader()
    discovered(cast(DataStreamReader, reader), engine, "raw/files/titles", "{a.csv,b.csv}")
    assert (reader.columns, reader.folder) == (COLUMNS, "raw/files/titles")
    assert reader.asked["pathGlobFilter"] == "{a.csv,b.csv}"
    assert str(FILES_PER_BATCH) in reader.asked.values()


def test_databricks_finds_them_by_auto_loader() -> None:
    """As binary files, for the one parser; a landed name never has other bytes."""
    reader = Reader()
    discovered(cast(DataStreamReader, reader), "databricks", "raw/files/titles", "*.csv")
    assert reader.source == "cloudFiles"
    assert reader.asked["cloudFiles.format"] == "binaryFile"
    assert reader.asked["cloudFiles.allowOverwrites"] == "false"
