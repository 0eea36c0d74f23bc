"""How a source writes its files: the delimiter between fields, and the encoding of text."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

Delimiter = Literal[",", ";", "\t", "|"]
Encoding = Literal["utf-8", "cp1252", "iso-8859-1"]


@dataclass(frozen=True)
class Dialect:
    """A delimiter and an encoding; the default is RFC 4180 in UTF-8, with or without BOM.

    In each of these encodings a byte below 128 is always that ASCII character, so that delimiters,
    quotes and line breaks can be counted in bytes.
    """

    delimiter: Delimiter = ","
    encoding: Encoding = "utf-8"

    @property
    def extension(self) -> str:
        """The extension of a landed file, which says how to read it: `csv`, `semicolon.cp1252.csv`."""
        delimiter = [] if self.delimiter == "," else [_MARKS[self.delimiter]]
        encoding = [self.encoding] if self.encoding != "utf-8" else []
        return ".".join([*delimiter, *encoding, "csv"])

    @property
    def marks(self) -> str:
        """What stands between fields, in words: `semicolons`."""
        return f"{_MARKS[self.delimiter]}s"

    @property
    def alternatives(self) -> "list[Dialect]":
        """The dialects of this encoding with another delimiter."""
        others = (delimiter for delimiter in get_args(Delimiter) if delimiter != self.delimiter)
        return [Dialect(delimiter, self.encoding) for delimiter in others]


_MARKS: Mapping[str, str] = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}

PLAIN = Dialect()


def dialect_of(path: str) -> Dialect:
    """Return the dialect of a landed file, which its extension names."""
    return _BY_EXTENSION[path.rpartition("/")[2].partition(".")[2]]


_BY_EXTENSION = {
    dialect.extension: dialect
    for dialect in (Dialect(*both) for both in product(get_args(Delimiter), get_args(Encoding)))
}
