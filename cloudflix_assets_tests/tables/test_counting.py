"""The quick count of a file agrees with the strict reader that goes line by line."""

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark.delivery import counting
from spark.delivery.counting import counted

LIMIT = 40
TEXT = st.text(alphabet='a,é"\n\r', max_size=60)


def line_by_line(content: bytes) -> tuple[int, int] | None:
    """Count records and the bytes of the longest with the strict reader alone; None for a defect."""
    records, longest, length = 0, 0, 0

    def measured() -> Iterator[str]:
        nonlocal length
        for line in io.BytesIO(content):
            length += len(line)
            yield line.decode()

    try:
        for row in csv.reader(measured(), strict=True):
            if row:
                records, longest = records + 1, max(longest, length)
            length = 0
    except csv.Error:
        return None
    return records, longest


def quickly(content: bytes, block_bytes: int) -> tuple[int, int] | None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "BLOCK_BYTES", block_bytes)
        return counted(io.BytesIO(content), 10_000)


@given(text=TEXT, block_bytes=st.integers(1, 70))
def test_what_is_counted_is_what_the_slow_reader_counts(text: str, block_bytes: int) -> None:
    """A record cut by a block, a folded one or a blank line would be counted twice or not at all."""
    if found := quickly(text.encode(), block_bytes):
        expected = line_by_line(text.encode())
        assert expected is not None
        assert found[0] == expected[0]
        assert found[1] >= expected[1]


FIELDS = st.lists(st.text(alphabet='a,é"\n ', max_size=9), min_size=1, max_size=3)


@given(rows=st.lists(FIELDS, max_size=9), block_bytes=st.integers(1, 70), end=st.sampled_from(["\n", "\r\n"]))
def test_a_sound_file_is_counted_without_the_slow_reader(
    rows: list[list[str]], block_bytes: int, end: str
) -> None:
    """If the slow reader counted instead, nobody would notice a quick one that never counts."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows(rows)
    assert quickly(text.getvalue().encode(), block_bytes) == line_by_line(text.getvalue().encode())


DEFECTS = {
    "NUL": b"a,b\nc\0,d\n",
    "not UTF-8": b"a,b\n\xff,d\n",
    "text after a closing quote": b'"a"b,c\n',
    "an unclosed quote": b'a,"b\n',
    "a record over the limit": b'"' + b"x" * LIMIT + b'"\n',
    "a folded record over the limit": b'a,"' + b"x\n" * LIMIT + b'"\n',
}


@pytest.mark.parametrize("content", DEFECTS.values(), ids=DEFECTS)
def test_a_defect_is_left_to_the_reader_that_names_it(content: bytes) -> None:
    """A count of an unsound file would land it."""
    assert counted(io.BytesIO(content), LIMIT) is None


def test_a_record_of_exactly_the_limit_is_counted() -> None:
    """A limit that is off by one would have the file read again, slowly, for nothing."""
    assert counted(io.BytesIO(b"x" * (LIMIT - 1) + b"\n"), LIMIT) == (1, LIMIT)
