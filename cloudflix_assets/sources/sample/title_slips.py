"""What goes wrong in the titles file. By name: what happens, and how the lake must judge it."""

from collections.abc import Callable

from cloudflix_assets.sources.sample.slips import Kinds, Slip, Where
from cloudflix_assets.sources.sample.vocabulary import MOVIE

COLUMNS = 9
TITLE, DESCRIPTION = 3, 7


def _first_half(column: int) -> Callable[[list[str]], list[str]]:
    """Return what makes a record its first half, broken at a blank inside this column; the rest is empty."""

    def shape(fields: list[str]) -> list[str]:
        first, _ = _halves(fields[column])
        return _filled([*fields[:column], first])

    return shape


def _second_half(column: int, indent: str = "") -> Callable[[list[str]], list[str]]:
    """Return what makes a record its second half, with the quote that closed the broken field."""

    def shape(fields: list[str]) -> list[str]:
        _, second = _halves(fields[column])
        return _filled([f'{indent}{second}"', *fields[column + 1 :]])

    return shape


def _filled(fields: list[str]) -> list[str]:
    return fields + [""] * (COLUMNS - len(fields))


def _halves(text: str) -> tuple[str, str]:
    """Return what stands before and after the last blank."""
    first, _, second = text.rpartition(" ")
    return first, second


def _two_lines(text: str) -> str:
    return "\n".join(_halves(text))


def _with_quotes(text: str) -> str:
    return f'The "Real" {text}'


def _with_comma(text: str) -> str:
    return f"Yes, {text}"


def _quarantined(rule: str, **text: str) -> tuple[Slip, ...]:
    return (Slip(text=text, broken=(rule,)),)


def _copy(rule: str, **text: object) -> tuple[Slip, ...]:
    return (Slip(text=text, broken=(rule,), where=Where.AFTER),)


SECOND_HALF = "fragment, joined into the record before it"

MINUTES_AS_RATING: Kinds = {
    "minutes in place of the rating": (
        Slip(
            text={"type": MOVIE, "duration_minutes": "", "duration_seasons": "", "rating": "74 min"},
            means={
                "type": MOVIE,
                "type_flag": 1,
                "duration_minutes": None,
                "duration_seasons": None,
                "rating": "74 min",
                "rating_group": "74 min",
            },
            warned=("rating: a rating, not a duration", "rating: isin"),
        ),
    ),
}
"""What goes wrong where the catalogue is one file, and in five files alike."""

TITLE_SLIPS: Kinds = {
    # Quarantined
    "equal row": _copy("duplicate row"),
    "equal row but for white space": _copy("duplicate row", title="{}  ".format),
    "equal key": _copy("duplicate key", title="{} (again)".format),
    "minutes in words": _quarantined("duration_minutes: readable", duration_minutes="ninety"),
    "minutes with a fraction": _quarantined("duration_minutes: readable", duration_minutes="1.5"),
    "minutes beyond 32 bits": _quarantined("duration_minutes: readable", duration_minutes="99999999999"),
    "too many minutes": _quarantined("duration_minutes: le", duration_minutes="5000"),
    "no minutes at all": _quarantined("duration_minutes: ge", duration_minutes="0"),
    "too many seasons": _quarantined("duration_seasons: le", duration_seasons="101"),
    "30th of February": _quarantined("date_added: readable", date_added="2/30/2019"),
    "date in words": _quarantined("date_added: readable", date_added="September 9, 2019"),
    "year is no number": _quarantined("release_year: readable", release_year="MMXIX"),
    "year before the first film": _quarantined("release_year: ge", release_year="1066"),
    # Were it counted, it would be the longest of all, and every rank in gold be another.
    "unknown type": _quarantined("type: isin", type="Radio Play", duration_minutes="899"),
    "no title": _quarantined("title: nullable", title=""),
    "no id": _quarantined("show_id: nullable", show_id=""),
    "id is no number": _quarantined("show_id: readable", show_id="tt0080000"),
    "too few fields": (Slip(shape=lambda fields: fields[:5], broken=("malformed record",)),),
    "too many fields": (Slip(shape=lambda fields: [*fields, "x"], broken=("malformed record",)),),
    "several at once": (
        Slip(
            text={"duration_minutes": "long", "type": "", "rating": "PG-31"},
            broken=("duration_minutes: readable", "rating: isin", "type: nullable"),
        ),
    ),
    # Accepted, though written in two records
    "split in its title": (
        Slip(shape=_first_half(TITLE)),
        Slip(shape=_second_half(TITLE), broken=(SECOND_HALF,), where=Where.NEXT),
    ),
    "split in its description": (
        Slip(shape=_first_half(DESCRIPTION), means={"description": lambda text: "\n ".join(_halves(text))}),
        Slip(shape=_second_half(DESCRIPTION, indent=" "), broken=(SECOND_HALF,), where=Where.NEXT),
    ),
    # Accepted
    "unknown rating": (
        Slip(
            text={"rating": "TV-13"},
            means={"rating": "TV-13", "rating_group": "TV"},
            warned=("rating: isin",),
        ),
    ),
    "no rating": (Slip(text={"rating": ""}, means={"rating": None, "rating_group": None}),),
    "no date": (Slip(text={"date_added": ""}, means={"date_added": None}),),
    "no description": (Slip(text={"description": ""}, means={"description": None}),),
    "no-break space": (Slip(text={"title": "{}\N{NO-BREAK SPACE}".format}),),
    "zero-width space": (Slip(text={"title": "\N{ZERO WIDTH SPACE}{}".format}),),
    "doubled blanks": (Slip(text={"title": lambda text: text.replace(" ", "  ")}),),
    "line break in the title": (Slip(text={"title": _two_lines}),),
    "line break in the description": (
        Slip(text={"description": _two_lines}, means={"description": _two_lines}),
    ),
    "blanks around numbers": (
        Slip(text={"release_year": " {} ".format, "show_id": "{} ".format, "date_added": " {}".format}),
    ),
    "quotes in the title": (
        Slip(text={"title": _with_quotes}, means={"title": _with_quotes, "short_title": _with_quotes}),
    ),
    "comma in the title": (
        Slip(text={"title": _with_comma}, means={"title": _with_comma, "short_title": _with_comma}),
    ),
    "title that begins with a colon": (
        Slip(text={"title": ": {}".format}, means={"title": ": {}".format, "short_title": None}),
    ),
}
