"""Read the lines of a delivered file, and say in which record a defect is.

What the lines mean belongs to `inspection` (is the file sound?) and to `parser` (its records).
"""

import csv
import re
from codecs import BOM_UTF8, getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NoReturn

from spark.delivery.counting import MAX_COMMAS
from spark.delivery.dialect import Dialect
from spark.delivery.formats import other_than_csv
from spark.delivery.headers import Drift

REMEDY = "have the publisher deliver it again, then rerun the week; nothing was landed"
_ASK = (
    "ask the publisher how it is encoded, and set CLOUDFLIX_ENCODING if that is one of its values, "
    "else have it delivered again in UTF-8; nothing was landed"
)
MAX_RECORD_BYTES = 64 * 2**20
"""Without a limit, a quote that is never closed would make the parser hold the rest of the file in memory."""

CHUNK_BYTES = 2**20
_SHOWN = 20
"""Letters that are shown on each side of one in another encoding."""

# What cp1252 makes of another encoding's letters: a sign behind a letter, letters that stand in no word.
_NO_WORDS = re.compile(
    "[A-Za-z\u00c0-\u00ff][¢-\u00a9¬¯±³¶\u00b8¹¼-¿\u201a\u201eƒ†‡\u02c6‰\u02dc\u203a]|[¯¤¹³¼¾][A-Za-z\u00c0-\u00ff]"
    "|[a-z][ŠŽŒŸ]|[\u00a1-\u00ff]{4}"
)

_BYTE_ORDER_MARK = "\ufeff"
_SEPARATOR_LINE = re.compile(r'"?sep=([^"\r\n])"?[ \r\n]*', re.IGNORECASE)
"""Excel's first line, which says what parts the fields; it is no record."""


def printable(text: str) -> str:
    """Return somebody else's text with escapes for what a terminal would obey, or UTF-8 cannot hold."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class DeliveryDefect(ValueError):
    """A file is rejected; the message says what is wrong, where, and what to do."""

    def __init__(self, defect: str, remedy: str = REMEDY) -> None:
        self.defect = printable(defect)
        super().__init__(f"{self.defect}: {remedy}.")


class NotAgreed(DeliveryDefect):
    """A file is rejected that another setting would allow: `admits` is that setting's value."""

    def __init__(self, defect: str, admits: Dialect | Drift) -> None:
        self.admits = admits
        super().__init__(defect)


class Lines:
    """The decoded lines of a file. It counts bytes and records, so that a defect is told with its place.

    Attributes:
        record: number of the record that is being read; 0 is the header.
        length: bytes of that record so far; a line of Excel's before the header counts as part of it.
        longest: bytes of the longest record that was finished.
        escapes: whether a quote stood after a backslash, which is no way to write one in CSV.
    """

    def __init__(self, source: BinaryIO, file: str, dialect: Dialect, max_record_bytes: int) -> None:
        self.source, self.file, self.dialect = source, file, dialect
        self.max_record_bytes = max_record_bytes
        self.record = 0
        self.longest = 0
        self.length = 0
        self._only_ascii = True
        self.escapes = False

    def __iter__(self) -> Iterator[str]:
        delimiter = self.dialect.delimiter.encode()
        encoding = self.dialect.encoding.replace("utf-8", "utf-8-sig")
        while line := self.source.readline(self.max_record_bytes + 1):
            if self.record == 0 and (defect := other_than_csv(line)):
                raise DeliveryDefect(f"{self.file} {defect}")
            encoded = self.record == self.length == 0 and line.startswith(BOM_UTF8)
            if encoded and encoding != "utf-8-sig":
                raise utf_8_defect(self.file, self.dialect)
            self.length += len(line)
            if self.length > self.max_record_bytes:
                self.refuse("is over 64 MB (is a quote never closed?)")
            if line.count(delimiter) > MAX_COMMAS:
                self.refuse(
                    f"holds over a million {self.dialect.marks} in one line (are the line breaks lost?)"
                )
            if b"\0" in line:
                self.refuse("holds a NUL byte")
            self.escapes = self.escapes or b'\\"' in line
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError as error:
                self._refuse_encoding(line, len(line) - len(error.object) + error.start)
            encoding = self.dialect.encoding
            self._only_ascii = self._only_ascii and line.isascii()
            if self.record == 0 and self.length == len(line):
                text = text.lstrip(_BYTE_ORDER_MARK)
                if separator := _SEPARATOR_LINE.fullmatch(text):
                    self._refuse_other_separator(separator[1])
                    continue
            yield text

    def finish_record(self, *, blank: bool) -> None:
        """End the record; the next line begins another one. A blank line is no record."""
        if not blank:
            self.record += 1
            self.longest = max(self.longest, self.length)
        self.length = 0

    def refuse(self, defect: str) -> NoReturn:
        """Raise a `DeliveryDefect` that names the file and the record."""
        raise DeliveryDefect(self._placed(defect))

    def _refuse_other_separator(self, delimiter: str) -> None:
        if delimiter == self.dialect.delimiter:
            return
        defect = f"{self.file} begins with Excel's line sep={delimiter}"
        for other in self.dialect.alternatives:
            if other.delimiter == delimiter:
                parted = f"its fields are parted by {other.marks}, not {self.dialect.marks}"
                raise NotAgreed(f"{defect}: {parted}", other)
        raise DeliveryDefect(defect)

    def _refuse_encoding(self, line: bytes, at: int) -> NoReturn:
        """Refuse the file; name cp1252 if that reads all of it, and show how.

        iso-8859-1 is never named: it reads every file, with invisible control characters for what it lacks.
        """
        encoding, delimiter = self.dialect.encoding, self.dialect.delimiter
        defect = self._placed(f"is not {encoding.upper()} (byte 0x{line[at]:02X})")
        if encoding != "utf-8":
            raise DeliveryDefect(defect)
        if refused := self._not_in_cp1252(line):
            reason, *remedy = refused
            raise DeliveryDefect(f"{defect}, {reason}", *remedy)
        text = line.decode("cp1252")
        field = text[:at].split(delimiter)[-1][-_SHOWN:] + text[at:].split(delimiter)[0][:_SHOWN]
        shown = field.strip(' "\r\n')
        raise NotAgreed(f"{defect}, and “{shown}” in CP1252", Dialect(delimiter, "cp1252"))

    def _not_in_cp1252(self, line: bytes) -> tuple[str, ...]:
        """Return why the file, from this line on, is not cp1252, and what to do; () if it may be."""
        has_utf_8, has_words = not self._only_ascii, True
        while line and not has_utf_8:
            if not _decodes(line, "cp1252"):
                return ("and CP1252 has no letter for some bytes either",)
            has_words = has_words and not _NO_WORDS.search(line.decode("cp1252"))
            line = self.source.readline(self.max_record_bytes + 1)
            has_utf_8 = not line.isascii() and _decodes(line, "utf-8")
        if has_utf_8:
            return ("although other records are: does it mix two encodings?",)
        return () if has_words else ("and no words in CP1252", _ASK)

    def _placed(self, defect: str) -> str:
        where = f"record {self.record}" if self.record else "the header"
        return f"{self.file}: {where} {defect}"


def is_unmistakably_utf_8(source: BinaryIO) -> bool:
    """Whether the rest of a file is UTF-8 and not only ASCII; text of another encoding hardly ever is."""
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


def rows(lines: Lines) -> Iterator[list[str]]:
    """Read the lines as records with the strict reader of Python's `csv`; a blank line is an empty record."""
    return csv.reader(lines, strict=True, delimiter=lines.dialect.delimiter)


@contextmanager
def unlimited_fields() -> Iterator[None]:
    """Let Python's reader take fields of up to `MAX_RECORD_BYTES` in the block."""
    before = csv.field_size_limit(MAX_RECORD_BYTES)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def utf_8_defect(file: str, dialect: Dialect) -> NotAgreed:
    """Return the error for a file that is UTF-8 where another encoding is agreed."""
    return NotAgreed(f"{file} is UTF-8 and not {dialect.encoding.upper()}", Dialect(dialect.delimiter))
