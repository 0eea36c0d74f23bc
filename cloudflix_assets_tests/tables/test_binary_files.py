"""A worker returns the records of a file or a row that says why not; it never raises."""

import io
from dataclasses import replace
from hashlib import sha256
from typing import Any, BinaryIO

import pyarrow as pa
import pytest

from cloudflix_assets_tests.datasets import CAST
from spark.delivery import workers
from spark.delivery.inspection import inspect_file
from spark.delivery.parser import record_batches, schema_of
from spark.delivery.workers import DEFECT, BinaryFile, parsed

CONTENT = "cast,show_id\nNée,1\nragged\nBob,3\n".encode()
OTHER = b"cast,show_id\nCid,4\n"


def landed(content: bytes) -> BinaryFile:
    digest, contents = sha256(content).hexdigest(), inspect_file(io.BytesIO(content), CAST, CAST.file)
    address = f"files/cast/{digest}.csv"
    return BinaryFile(address, f"/lake/raw/{address}", digest, contents.records, contents.longest_record)


def rows_of(*contents: bytes | None, files: list[BinaryFile], opened: Any = None) -> list[dict[str, Any]]:
    """Return what a worker makes of these contents, one per file, in the batches that Spark sends."""
    paths = [f"file:{file.place}" for file in files[: len(contents)]]
    schema = pa.schema([("path", pa.string()), ("content", pa.binary())])
    batch = pa.record_batch([pa.array(paths), pa.array(contents, pa.binary())], schema=schema)
    by_name = {file.address.rpartition("/")[2]: file for file in files}
    found = parsed(iter([batch]), dataset=CAST, files=by_name, opened=opened or _never, records=len(files))
    table = pa.Table.from_batches(found, schema_of(CAST))
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _never(place: str) -> BinaryIO:
    raise AssertionError(f"{place} was opened")


def by_the_parser(content: bytes) -> list[dict[str, Any]]:
    file = landed(content)
    found = record_batches(io.BytesIO(content), CAST, file.address, file.longest_record, records=file.records)
    rows: list[dict[str, Any]] = pa.Table.from_batches(found, schema_of(CAST)).to_pylist()
    return rows


def test_rows_are_the_parsers() -> None:
    """A second dialect on the workers would give an engine digests of its own."""
    expected = by_the_parser(CONTENT) + by_the_parser(OTHER)
    assert rows_of(CONTENT, OTHER, files=[landed(CONTENT), landed(OTHER)]) == expected


def test_large_content_is_opened_where_it_lies() -> None:
    """Large content that is sent to a worker which dies before reading it can crash the JVM."""
    lake = {landed(CONTENT).place: CONTENT}
    found = rows_of(None, files=[landed(CONTENT)], opened=lambda place: io.BytesIO(lake[place]))
    assert found == by_the_parser(CONTENT)


def _gone(place: str) -> BinaryIO:
    raise FileNotFoundError(2, "No such file or directory", place)


DEFECTS = {
    "other bytes": (CONTENT[:-4], None, "its bytes are not those that were landed"),
    "gone": (None, _gone, "No such file or directory"),
    "no words": (None, lambda place: (_ for _ in ()).throw(MemoryError()), "MemoryError"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_a_row(defect: str) -> None:
    """A defect of one file must not lose the records of the other file of the batch."""
    content, opened, text = DEFECTS[defect]
    first, *others = rows_of(content, OTHER, files=[landed(CONTENT), landed(OTHER)], opened=opened)
    assert (first["source_file"], first["record_number"]) == (landed(CONTENT).address, DEFECT)
    assert text in first["malformed"]
    assert others == by_the_parser(OTHER)


def test_a_parser_that_fails_half_way_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows until then must not be published: the row of the defect rejects the file."""

    def torn(*arguments: Any, **options: Any) -> Any:
        yield from record_batches(*arguments, **options)
        raise pa.ArrowInvalid("straddling object")

    monkeypatch.setattr(workers, "record_batches", torn)
    *_, last = rows_of(CONTENT, files=[replace(landed(CONTENT), longest_record=1)])
    assert (last["record_number"], last["malformed"]) == (DEFECT, "straddling object")
