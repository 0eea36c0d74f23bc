"""How a source writes its files: what parts their fields, and how their text is encoded."""

from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

Delimiter = Literal[",", ";"]
Encoding = Literal["utf-8", "cp1252", "iso-8859-1"]


@dataclass(frozen=True)
class Dialect:
    """RFC 4180 in UTF-8, with or without BOM, unless a source is declared to write otherwise.

    In each of these encodings a byte below 128 is that ASCII character, wherever it stands.
    """

    delimiter: Delimiter = ","
    encoding: Encoding = "utf-8"

    @property
    def extension(self) -> str:
        """Ends the name of a landed file, which so tells how to read it: `csv`, `semicolon.cp1252.csv`."""
        delimiter = ["semicolon"] if self.delimiter == ";" else []
        encoding = [self.encoding] if self.encoding != "utf-8" else []
        return ".".join([*delimiter, *encoding, "csv"])

    @property
    def alternatives(self) -> "list[Dialect]":
        """The same with other delimiters."""
        others = (delimiter for delimiter in get_args(Delimiter) if delimiter != self.delimiter)
        return [Dialect(delimiter, self.encoding) for delimiter in others]


PLAIN = Dialect()


def dialect_of(path: str) -> Dialect:
    """How to read a landed file, by its name."""
    return _BY_EXTENSION[path.rpartition("/")[2].partition(".")[2]]


_BY_EXTENSION = {
    dialect.extension: dialect
    for dialect in (Dialect(*both) for both in product(get_args(Delimiter), get_args(Encoding)))
}
