"""Delivered text in the Markdown of the web UI stays text, whatever it holds."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudflix_assets.assets.markdown import inert

HOSTILE = {
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "a link": "[win](javascript:alert(1)) ![i](http://evil.example/x.png)",
    "a bare link": "www.evil.example http://evil.example me@evil.example",
    "the end of a code span": "a ` b `` c ``` d",
    "a line break": "one\n\n# two\r\n- three\x0b\x0c\x85\u2028\u2029four",
    "a table": "a | b \\| c",
    "control characters": "\x00\x07\x1b[31m\x7f",
    "another direction": "\u202eevil\u202c \u2066iso\u2069 \u200f",
    "nothing to be seen": "a\u200bb\ufeffc\u00add",
    "half a character": "\ud83d",
}


def escaped(text: str) -> str:
    """Back to what was delivered, as JSON would read it."""
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_one_code_span_of_visible_characters(text: str) -> None:
    """Outside a code span it would be a link, a heading, a cell, or an instruction to the browser."""
    shown = inert(text, 1_000)
    assert re.fullmatch("`[^`]+`", shown)
    assert shown.isprintable()
    assert escaped(shown[1:-1]) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", r"`a\u202eb`"),
        ("a`b", r"`a\u0060b`"),
        ("\U000e0041", r"`\udb40\udc41`"),
        ("Amélie 😀 שלום", "`Amélie 😀 שלום`"),
    ],
)
def test_what_cannot_be_shown_is_written_as_json_writes_it(text: str, shown: str) -> None:
    """A reader who cannot tell what was delivered looks for it in vain; and names keep their letters."""
    assert inert(text, 100) == shown


@pytest.mark.parametrize("text", ["", " ", "   "])
def test_nothing_is_shown_as_nothing(text: str) -> None:
    """Two backquotes side by side open a code span that ends who knows where."""
    assert inert(text, 10) == ""


def test_long_text_is_cut_where_it_says_so() -> None:
    """Text that only seems whole leads to the wrong cause."""
    assert inert("abcdef", 6) == "`abcdef`"
    assert inert("abcdefg", 6) == "`abcde…`"
    assert inert("\u202e" * 9, 8) == r"`\u202e…`"


@given(st.text(), st.integers(1, 300))
def test_no_text_leaves_its_span(text: str, width: int) -> None:
    """What nobody thought of."""
    shown = inert(text, width)
    assert len(shown) <= width + 2
    assert shown == "" or re.fullmatch("`[^`]+`", shown)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
