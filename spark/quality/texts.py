"""Find in texts what is almost never meant: each kind is a rule of each text of silver, and only warns.

What else a column must satisfy is for its contract to say.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from operator import or_

from pyspark.sql import Column
from pyspark.sql import functions as F

UNDAMAGED, COMPOSED, A_VALUE = "undamaged", "accents composed", "a value, not a word for none"

NONE_WORDS = (
    *("null", "(null)", "<null>", "none", "nan", "n/a", "#n/a", "na", "nil", "undefined", "unknown"),
    *("not given", "not available", "not specified", "-", "--", "?", "\u2013", "\u2014", "."),
    *("\\n", "<na>", "nat", "n.a.", "n / a", "tbd", "tba", "null.", "(none)"),
    *("no cast", "no director", "unknown director", "unknown cast"),
    *("#ref!", "#name?", "#value!", "#div/0!", "#num!", "#null!"),
)
"""Texts that stand for nothing, in small letters."""

# What cp1252 makes of the second byte of a character in UTF-8: signs; or also quotation marks and dashes.
_SIGN = "\u00a1-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc€†‡‰\u2039\u203a™"
_ANY = f"{_SIGN}\u00a0\u2013\u2014\u2018-\u201e•…"
_OF_MAC = "\u00a1-\u00ff†•™≠∞≤≥∂∑∏∫Ω"
_TWICE = "|".join(
    [
        f"Ã[{_ANY}]",  # é, and what else is in Latin-1
        f"Â[\u00a0-\u00bf]|[ÄÅ][{_SIGN}\u201a\u201e]|[a-z][ÄÅ][{_ANY}]",
        f"(?:[ÎÏÐÑ\u00d7ØÙ][{_ANY}]){{2}}",  # Greek, Cyrillic, Hebrew, Arabic
        f"ã[€\u201aƒ][{_ANY}]|[à-ï][{_SIGN}]{{2}}",  # Japanese, Chinese, Korean
        f"[√≈][{_OF_MAC}]|\u201aÄ",  # as Mac Roman
        "â€|ðŸ|ï¿½|ï»¿",  # punctuation, emoji, U+FFFD, U+FEFF
    ]
)
# Another encoding read as cp1252: `Muñoz` of cp850 is `Mu¤oz`, `Żebrowski` of cp1250 is `¯ebrowski`.
_LETTER = "[A-Za-z\u00c0-\u024f]"
_SIGNS = f"{_LETTER}[¤¦¬¯³¶\u00b8¹¼½¾\u201a\u201e†‡\u02c6‰]{_LETTER}|¯{_LETTER}|[a-z]{{3}}³|[a-z]Ž"
_CONTROL = "[\\x00-\\x08\\x0B\\x0C\\x0E-\\x1F\\x7F-\\x9F\\uFFFD-\\uFFFF]"
# Soft hyphens, characters that turn the direction of writing, and such as have no meaning of their own.
_INVISIBLE = "[\\u00AD\\u202A-\\u202E\\u2066-\\u2069\\uE000-\\uF8FF]"
_HTML = "&(?:amp|lt|gt|quot|apos|nbsp|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});"
_DAMAGED = f"{_CONTROL}|{_INVISIBLE}|{_TWICE}|{_SIGNS}|{_HTML}"
_MAY_BE_DAMAGED = "[^\\n\\r\\t -~]|&"
# A letter and the mark behind it that are one character in NFC: Latin, Cyrillic, Korean, Japanese.
_DECOMPOSED = (
    "[A-Za-z\u00c0-\u024f][\\u0300-\\u0304\\u0306-\\u030C\\u0323-\\u0328]|[ЕеИи][\\u0306\\u0308]"
    "|[\\u1100-\\u1112][\\u1161-\\u1175]|[\\u3046-\\u30FD][\\u3099\\u309A]"
)


def _is_damaged(text: Column) -> Column:
    return _not_plain(text, text.rlike(_DAMAGED))


def _is_decomposed(text: Column) -> Column:
    return _not_plain(text, text.rlike(_DECOMPOSED))


def _not_plain(text: Column, found: Column) -> Column:
    """Return `found` for text beyond ASCII: most has none, and a search for that is faster."""
    return F.when(text.rlike(_MAY_BE_DAMAGED), found).otherwise(F.lit(False))


def _is_none_word(text: Column) -> Column:
    return F.lower(F.trim(text)).isin(*NONE_WORDS)


KINDS: Mapping[str, Callable[[Column], Column]] = {
    UNDAMAGED: _is_damaged,
    COMPOSED: _is_decomposed,
    A_VALUE: _is_none_word,
}
"""The kinds by the name of their rule; each returns a Column that is true for a breach."""

ANY_TEXT = "any text"
"""Stands in a rule for the name of a column where each column cannot have a rule of its own."""


def text_rules(columns: Sequence[str], room: int) -> Sequence[tuple[str, Callable[[], Column]]]:
    """Return name and breach of a rule per column and kind, or per kind if these are more than `room`."""
    each = [(f"{column}: {kind}", partial(_breach, kind, [column])) for column in columns for kind in KINDS]
    merged = [(f"{ANY_TEXT}: {kind}", partial(_breach, kind, columns)) for kind in KINDS]
    return each if len(each) <= max(room, 0) else merged[: max(room, 0)]


def _breach(kind: str, columns: Sequence[str]) -> Column:
    return reduce(or_, (F.coalesce(KINDS[kind](F.col(column)), F.lit(False)) for column in columns))
