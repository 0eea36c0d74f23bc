"""Text to bytes as the publisher encodes it: UTF-8 with BOM, CRLF, quotes where needed, `""` inside."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

BOM = "\ufeff"
END = "\r\n"
_SPECIAL = '[",\r\n]'


def header(columns: Sequence[str]) -> bytes:
    """Return the first line of a file."""
    return f"{BOM}{','.join(columns)}{END}".encode()


def line(fields: Iterable[str]) -> str:
    """Return one record as its line."""
    quoted = (
        '"{}"'.format(text.replace('"', '""')) if re.search(_SPECIAL, text) else text for text in fields
    )
    return ",".join(quoted) + END


def lines(columns: Sequence[pa.Array]) -> pa.Array:
    """Return one record per row of the columns."""
    *others, last = map(_quoted, columns)
    return pc.binary_join_element_wise(*others, pc.binary_join_element_wise(last, END, ""), ",")


def content(texts: pa.Array) -> memoryview:
    """Return the bytes of all texts, one after the other: as they lie in memory, so nothing is copied."""
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32)[texts.offset :]
    return memoryview(data)[bounds[0] : bounds[len(texts)]]


def _quoted(column: pa.Array) -> pa.Array:
    """Quote what needs it; of a dictionary, each value once."""
    if pa.types.is_dictionary(column.type):
        return pa.DictionaryArray.from_arrays(column.indices, _quoted(column.dictionary)).dictionary_decode()
    special = pc.match_substring_regex(column, _SPECIAL)
    if not pc.any(special).as_py():
        return column
    escaped = pc.replace_substring(column, '"', '""')
    return pc.if_else(special, pc.binary_join_element_wise('"', escaped, '"', ""), column)
