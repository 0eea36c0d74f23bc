"""Hand a file to pyarrow in blocks of whole records, and count the characters of its fields.

2026-11-30: pyarrow 25 loses a line feed in quotes whose carriage return ends a block, and takes a U+FEFF
at the beginning for a byte order mark. So a block ends where a record ends, and begins with a mark if it is
the first. The characters are counted from the structure of the text, and by `parser` from the values that
pyarrow read: a field of which a byte was lost or changed shows.
"""

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spark.delivery.dialect import Dialect
from spark.delivery.lines import unlimited_fields

Counts = NDArray[np.int64]
"""How often each of the 256 byte values occurs."""

_PIECE = 2**16
_QUOTE, _LINE_FEED, _RETURN = b'"\n\r'


class RecordTooLong(ValueError):
    """A record is longer than it was when the file was inspected."""


class Blocks(io.RawIOBase):
    """A file as UTF-8, read in blocks of whole records.

    Args:
        source: read from its current position, the beginning of a record.
        dialect: of the file.
        block_bytes: of the file, the most that a block holds; at least the longest record and its line break.

    Attributes:
        content: the characters of all fields that were read so far, without quotes that only enclose.
    """

    def __init__(self, source: BinaryIO, dialect: Dialect, block_bytes: int) -> None:
        self._source, self.dialect, self._block_bytes = source, dialect, block_bytes
        self._start, self._rest = BOM_UTF8, b""
        self.content = counts(b"")

    @property
    def most_bytes(self) -> int:
        """The most bytes that `read` returns: a character that the dialect writes in one has up to three."""
        widest = 1 if self.dialect.encoding == "utf-8" else 3
        return widest * self._block_bytes + len(BOM_UTF8)

    def readable(self) -> bool:
        """Return True, which pyarrow asks for."""
        return True

    def read(self, size: int = -1) -> bytes:  # noqa: ARG002  # at least a block, by what pyarrow was told
        """Return the next block; nothing at the end.

        Raises:
            RecordTooLong: the next record is longer than a block.
        """
        text = self._rest
        while True:
            more = self._source.read(self._block_bytes - len(text))
            text += more
            whole = _end_of_last_record(text, self.dialect.delimiter) if more else len(text)
            if whole or not text:
                break
            if len(text) == self._block_bytes:
                raise RecordTooLong(f"a record has more than {self._block_bytes:,} bytes")
        block, self._rest = text[:whole], text[whole:]
        if self.dialect.encoding != "utf-8":
            block = block.decode(self.dialect.encoding).encode()
        self.content += content_of(block, self.dialect.delimiter)
        start, self._start = self._start, b""
        return start + block if block else b""


def counts(text: bytes | pa.Buffer) -> Counts:
    """Count each byte value, in pieces: numpy makes eight bytes of each."""
    characters = np.frombuffer(text, np.uint8)
    found = np.zeros(256, np.int64)
    for start in range(0, len(characters), _PIECE):
        found += np.bincount(characters[start : start + _PIECE], minlength=256)
    return found


def values_of(batch: pa.RecordBatch) -> Counts:
    """Count the characters of all values of a batch of text columns."""
    found = counts(b"")
    for column in batch.columns:
        _, offsets, data = column.buffers()
        if data is not None and len(column):
            bounds = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
            found += counts(data.slice(int(bounds[0]), int(bounds[-1] - bounds[0])))
    return found


def content_of(text: bytes, delimiter: str) -> Counts:
    """Count the characters of the fields of whole records."""
    characters = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(characters == _QUOTE)
    if _has_stray_quotes(characters, quotes, delimiter):
        return sum((fields for _, fields in _read_strictly(text, delimiter)), counts(b""))
    found = counts(text)
    for mark in (_LINE_FEED, _RETURN, ord(delimiter)):
        found[mark] -= np.count_nonzero(_outside(np.flatnonzero(characters == mark), quotes))
    enclosed = np.count_nonzero(_before(characters, quotes[::2]) != _QUOTE)
    found[_QUOTE] = (len(quotes) - 2 * enclosed) // 2
    return found


def _end_of_last_record(text: bytes, delimiter: str) -> int:
    characters = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(characters == _QUOTE)
    if _has_stray_quotes(characters, quotes, delimiter):
        ends = [end for end, _ in _read_strictly(text, delimiter) if text[end - 1] == _LINE_FEED]
        return ends[-1] if ends else 0
    lines = np.flatnonzero(characters == _LINE_FEED)
    outside = lines[_outside(lines, quotes)]
    return int(outside[-1]) + 1 if len(outside) else 0


def _outside(places: NDArray[np.int64], quotes: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.equal(np.searchsorted(quotes, places) % 2, 0)


def _before(characters: NDArray[np.uint8], places: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the characters before these places; a text begins after a line break."""
    found = characters[places - 1]
    found[places == 0] = _LINE_FEED
    return found


def _has_stray_quotes(characters: NDArray[np.uint8], quotes: NDArray[np.int64], delimiter: str) -> bool:
    """Whether a field that is not enclosed holds a quote; then quotes do not tell what is outside."""
    before = _before(characters, quotes[::2])
    return not bool(np.isin(before, (_LINE_FEED, ord(delimiter), _QUOTE)).all())


def _read_strictly(text: bytes, delimiter: str) -> Iterator[tuple[int, Counts]]:
    """Yield where each record ends, and the characters of its fields, as Python's strict reader says.

    Bytes are read as Latin-1, in which each is a character; what encloses and parts is ASCII.
    """
    end = 0

    def lines() -> Iterator[str]:
        nonlocal end
        for line in io.BytesIO(text):
            end += len(line)
            yield line.decode("latin-1")

    with unlimited_fields(), suppress(csv.Error):  # the last record may be cut
        for fields in csv.reader(lines(), strict=True, delimiter=delimiter):
            yield end, counts("".join(fields).encode("latin-1"))
