"""Recognize by its first bytes what is delivered by mistake instead of CSV.

Whether a CSV file is sound is decided in `inspection`.
"""

import re
from codecs import BOM_UTF8

_FORMATS = {
    rb"\xff\xfe\0\0|\0\0\xfe\xff": "is UTF-32 and must be UTF-8",
    rb"\xff\xfe|\xfe\xff": "is UTF-16 and must be UTF-8",
    rb"(?:[^\0]\0){4}|(?:\0[^\0]){4}": "is UTF-16 without a byte order mark and must be UTF-8",
    rb"\s*<(!doctype\s+)?html": "is an HTML page, not CSV (an error page, or a login?)",
    rb"\s*<\?xml": "is XML, not CSV (an error message?)",
    rb'\s*(\{\s*("|\Z)|\[\s*[{\[])': "is JSON, not CSV (an error message?)",
    rb"version https://git-lfs": "is a pointer of Git LFS, not the CSV file that it stands for",
    rb"PK\x03\x04": "is a zip archive or an Excel workbook, not CSV (unpack or export it?)",
    rb"\x1f\x8b": "is compressed by gzip, not CSV (unpack it?)",
    rb"PAR1": "is Parquet, not CSV",
}
_PATTERNS = [(re.compile(start, re.IGNORECASE), defect) for start, defect in _FORMATS.items()]


def other_than_csv(line: bytes) -> str | None:
    """Return what a file is that begins with this line, as the end of a sentence; None if it may be CSV."""
    start = line.removeprefix(BOM_UTF8)
    return next((defect for pattern, defect in _PATTERNS if pattern.match(start)), None)
