"""Lines of a delivered file that know in which record they stand, and how a defect there is told."""

import csv
from codecs import getincrementaldecoder
from collections.abc import Iterator
from typing import BinaryIO, NoReturn

from spark.delivery.counting import MAX_COMMAS
from spark.delivery.dialect import Dialect
from spark.delivery.formats import other_than_csv
from spark.delivery.headers import Drift

REMEDY = "have the publisher deliver it again, then rerun the week; nothing was landed"
CHUNK_BYTES = 2**20
_MARKS = {",": "commas", ";": "semicolons"}


class DeliveryDefect(ValueError):
    """A file that must not be landed; the message says what, where and what to do."""

    def __init__(self, defect: str, remedy: str = REMEDY) -> None:
        self.defect = defect
        super().__init__(f"{defect}: {remedy}.")


class NotAgreed(DeliveryDefect):
    """A file that a source might deliver if that were agreed: `admits` is what would let it in."""

    def __init__(self, defect: str, admits: Dialect | Drift) -> None:
        self.admits = admits
        super().__init__(defect)


class Lines:
    """Decoded lines of a file that know in which record they stand (0 is the header)."""

    def __init__(self, source: BinaryIO, file: str, dialect: Dialect, max_record_bytes: int) -> None:
        self.source, self.file, self.dialect = source, file, dialect
        self.max_record_bytes = max_record_bytes
        self.record = 0
        self.longest = 0
        self.length = 0

    def __iter__(self) -> Iterator[str]:
        delimiter = self.dialect.delimiter.encode()
        encoding = self.dialect.encoding.replace("utf-8", "utf-8-sig")
        while line := self.source.readline(self.max_record_bytes + 1):
            if self.record == 0 and (defect := other_than_csv(line)):
                raise DeliveryDefect(f"{self.file} {defect}")
            self.length += len(line)
            if self.length > self.max_record_bytes:
                self.refuse("is over 64 MB (is a quote never closed?)")
            if line.count(delimiter) > MAX_COMMAS:
                marks = _MARKS[self.dialect.delimiter]
                self.refuse(f"holds over a million {marks} in one line (are the line breaks lost?)")
            if b"\0" in line:
                self.refuse("holds a NUL byte")
            try:
                yield line.decode(encoding)
            except UnicodeDecodeError:
                self._refuse_encoding(line)
            encoding = self.dialect.encoding

    def finish_record(self, *, blank: bool) -> None:
        """The next line begins another record."""
        if not blank:
            self.record += 1
            self.longest = max(self.longest, self.length)
        self.length = 0

    def refuse(self, defect: str) -> NoReturn:
        """Raise the defect with its place."""
        raise DeliveryDefect(self._placed(defect))

    def _refuse_encoding(self, line: bytes) -> NoReturn:
        defect = self._placed(f"is not {self.dialect.encoding.upper()}")
        delimiter = self.dialect.delimiter
        readable = _decodes(line, "cp1252")
        raise NotAgreed(defect, Dialect(delimiter, "cp1252" if readable else "iso-8859-1"))

    def _placed(self, defect: str) -> str:
        where = f"record {self.record}" if self.record else "the header"
        return f"{self.file}: {where} {defect}"


def is_unmistakably_utf_8(source: BinaryIO) -> bool:
    """Whether all of it is UTF-8 and not only ASCII, which text in another encoding hardly ever is."""
    decoder = getincrementaldecoder("utf-8")()
    is_ascii = True
    try:
        while chunk := source.read(CHUNK_BYTES):
            decoder.decode(chunk)
            is_ascii = is_ascii and chunk.isascii()
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return not is_ascii


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


MAX_RECORD_BYTES = 64 * 2**20


def rows(lines: Lines) -> Iterator[list[str]]:
    """Records of the lines, by the strict reader of Python's `csv`; a blank line is an empty one."""
    return csv.reader(lines, strict=True, delimiter=lines.dialect.delimiter)
