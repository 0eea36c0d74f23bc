"""What is delivered by mistake instead of CSV, told by how it begins.

Whether a file that is CSV is sound belongs to delivery.py.
"""

import re
from codecs import BOM_UTF8

_FORMATS = {
    rb"\xff\xfe|\xfe\xff": "is UTF-16 and must be UTF-8",
    rb"\s*<(!doctype\s+)?html": "is an HTML page, not CSV (an error page, or a login?)",
    rb"\s*<\?xml": "is XML, not CSV (an error message?)",
    rb'\s*\{\s*("|\Z)': "is JSON, not CSV (an error message?)",
    rb"version https://git-lfs": "is a pointer of Git LFS, not the CSV file that it stands for",
    rb"PK\x03\x04": "is a zip archive or an Excel workbook, not CSV (unpack or export it?)",
    rb"\x1f\x8b": "is compressed by gzip, not CSV (unpack it?)",
    rb"PAR1": "is Parquet, not CSV",
}
_PATTERNS = [(re.compile(start, re.IGNORECASE), defect) for start, defect in _FORMATS.items()]


def other_than_csv(line: bytes) -> str | None:
    """What a file is that has this line before any other text, or None for what may be CSV."""
    start = line.removeprefix(BOM_UTF8)
    return next((defect for pattern, defect in _PATTERNS if pattern.match(start)), None)
