"""A file of another format is named as such, and no CSV file is taken for one."""

import gzip
import io

import pytest

from cloudflix_assets_tests.datasets import CAST
from spark.delivery.formats import other_than_csv
from spark.delivery.inspection import inspect_file
from spark.delivery.lines import REMEDY, DeliveryDefect

OTHERS = {
    "HTML": (b"<!DOCTYPE html>\n<html>", "is an HTML page, not CSV"),
    "HTML after blank lines": (b"\xef\xbb\xbf\r\n\r\n  <HTML lang='en'>\n", "is an HTML page, not CSV"),
    "XML": (b'<?xml version="1.0"?><Error><Code>BlobNotFound</Code></Error>', "is XML, not CSV"),
    "JSON": (b'{"message": "Not Found"}', "is JSON, not CSV"),
    "JSON over lines": (b'{\n  "message": "Not Found"\n}', "is JSON, not CSV"),
    "zip": (b"PK\x03\x04\x14\x00\x00\x00", "is a zip archive or an Excel workbook, not CSV"),
    "gzip": (gzip.compress(b"cast,show_id\nAnn,1\n"), "is compressed by gzip, not CSV"),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS, not the CSV file"),
    "Parquet": (b"PAR1\x15\x04\x15\x10", "is Parquet, not CSV"),
}


@pytest.mark.parametrize(("content", "sentence"), OTHERS.values(), ids=OTHERS)
def test_another_format_is_called_by_its_name(content: bytes, sentence: str) -> None:
    """`holds a NUL byte` would be true of a zip archive, and would not say what to do."""
    with pytest.raises(DeliveryDefect) as refusal:
        inspect_file(io.BytesIO(content), CAST, CAST.file)
    assert str(refusal.value).startswith(f"{CAST.file} {sentence}")
    assert str(refusal.value).endswith(f": {REMEDY}.")


@pytest.mark.parametrize(
    "header", [b"cast,show_id\r\n", b"html,cast\n", b"<b>,cast\n", b"version,x\n", b'"{",a\n']
)
def test_a_header_that_only_looks_odd_may_be_csv(header: bytes) -> None:
    """An undeclared column may have any name."""
    assert other_than_csv(header) is None


def test_a_record_may_begin_like_another_format() -> None:
    """A title may be `PK`, or be named in HTML: only what comes first tells what a file is."""
    assert inspect_file(io.BytesIO(b"cast,show_id\n<html>,1\nPK\x03\x04,2\n"), CAST, CAST.file).records == 2


def test_a_record_of_a_million_fields_is_rejected_before_it_fills_the_memory() -> None:
    """Each field of two letters is an object of fifty bytes: a file of 50 MB took 1.7 GB."""
    content = b"cast,show_id\nAnn,1\n" + b"ab," * 1_000_001 + b"\nBob,2\n"
    with pytest.raises(DeliveryDefect) as refusal:
        inspect_file(io.BytesIO(content), CAST, CAST.file)
    defect = "record 2 holds over a million commas in one line (are the line breaks lost?)"
    assert str(refusal.value) == f"{CAST.file}: {defect}: {REMEDY}."


def test_a_million_commas_over_many_lines_are_none_too_many() -> None:
    """The limit is per line: a block of many short records may hold more."""
    content = b"cast,show_id\n" + b",\n" * 1_100_000
    assert inspect_file(io.BytesIO(content), CAST, CAST.file).records == 1_100_000
