r"""Delivered text inside Markdown, where it stays text.

A code span keeps Markdown, HTML and bare links asleep. What could end the span, break the line, or
reorder and hide what is read is written as JSON writes it: `\u202e`.
"""

_CUT = "…"


def inert(text: str, width: int) -> str:
    """At most `width` characters of text as a code span; nothing for text without any."""
    shown = ""
    for character in text:
        visible = _visible(character)
        if len(shown) + len(visible) > width:
            shown = shown[: width - len(_CUT)] + _CUT
            break
        shown += visible
    return f"`{shown}`" if shown.strip() else ""


def _visible(character: str) -> str:
    """The character, or its UTF-16 escapes if it cannot be shown as it is."""
    if character.isprintable() and character != "`":
        return character
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
