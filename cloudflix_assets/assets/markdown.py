r"""Show delivered text in Markdown as plain text, whatever it contains.

In a code span neither Markdown nor HTML nor a bare link takes effect. Characters that could end the span,
break the line, or reorder or hide text are escaped as in JSON: `\u202e`.
"""

_CUT = "…"


def inert(text: str, width: int) -> str:
    """Return text as a code span, cut to `width` characters; blank text gives an empty string."""
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
