"""Titles as they are meant: typed, before any text is written and anything goes wrong with it."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cloudflix_assets.sources.sample import vocabulary as words
from cloudflix_assets.sources.sample.draws import Bits, Mask, Numbers, below, bits, weighted
from cloudflix_assets.sources.sample.edition import Edition, ids

KIND_WEIGHTS = (68, 32)
SEASON_WEIGHTS = (66, 15, 8, 4, 3, 2, 1, 1)
LONGEST_MINUTES = 178
PLACE = "_place"
COLUMNS = (
    "duration_minutes",
    "duration_seasons",
    "type",
    "title",
    "date_added",
    "release_year",
    "rating",
    "description",
    "show_id",
)
"""The columns of the file, in their order in it."""

_EPOCH = date(1970, 1, 1)


def is_series(edition: Edition, places: Numbers) -> Mask:
    """Return which titles are TV shows."""
    series: Mask = weighted(KIND_WEIGHTS, bits(edition.seed, "kind", edition.numbers(places))) == 1
    return series


def minutes(edition: Edition, places: Numbers) -> Numbers:
    """Return the minutes of each title, whether or not it is a movie."""
    drawn = bits(edition.seed, "minutes", edition.numbers(places))
    return 40 + below(70, drawn) + below(70, drawn >> np.uint64(32))


def typed(edition: Edition, places: Numbers) -> pa.RecordBatch:
    """Return the titles at these places, with the columns of silver and their place."""
    numbers = edition.numbers(places)

    def draw(purpose: str, *more: Numbers) -> Bits:
        return bits(edition.seed, purpose, numbers, *more)

    series = is_series(edition, places)
    kind, group = _ratings(draw("rating", edition.revisions(places, "rating")))
    title, short = _names(draw("title"))
    came = edition.arrivals(places) + below(7, draw("day"))
    columns = {
        "show_id": pa.array(ids(numbers)),
        "type": pa.DictionaryArray.from_arrays(series.astype(np.int32), [words.MOVIE, words.SERIES]),
        "type_flag": pa.array((series + 1).astype(np.int32)),
        "title": title,
        "short_title": short,
        "duration_minutes": pa.array(minutes(edition, places).astype(np.int32), mask=series),
        "duration_seasons": pa.array(_seasons(draw("seasons")).astype(np.int32), mask=~series),
        "date_added": pa.array(came.astype(np.int32)).cast(pa.date32()),
        "release_year": pa.array(_years(came, draw("year")).astype(np.int32)),
        "rating": kind,
        "rating_group": group,
        "description": _descriptions(draw("description", edition.revisions(places, "description"))),
        PLACE: pa.array(places),
    }
    return pa.RecordBatch.from_pydict(columns)


def delivered(titles: pa.RecordBatch) -> dict[str, pa.Array]:
    """Return the titles as text, in the columns of the file."""

    def number(column: str) -> pa.Array:
        return pc.fill_null(titles.column(column).cast(pa.string()), "")

    return {
        "duration_minutes": number("duration_minutes"),
        "duration_seasons": number("duration_seasons"),
        "type": titles.column("type"),
        "title": titles.column("title"),
        "date_added": _days(titles.column("date_added")),
        "release_year": number("release_year"),
        "rating": titles.column("rating"),
        "description": titles.column("description"),
        "show_id": number("show_id"),
    }


def _ratings(drawn: Bits) -> tuple[pa.Array, pa.Array]:
    """Return ratings and their groups."""
    chosen = pa.array(weighted([weight for *_, weight in words.RATINGS], drawn))
    ratings, groups, _ = zip(*words.RATINGS, strict=True)
    # Encoded last: a dictionary in which a group stands twice is written to Parquet in one way or another.
    rating, group = (pa.array(texts).take(chosen).dictionary_encode() for texts in (ratings, groups))
    return rating, group


def _names(drawn: Bits) -> tuple[pa.Array, pa.Array]:
    """Return full titles, and what stands before their first colon."""
    beginning = _chosen(words.TITLE_BEGINNINGS, drawn)
    noun = _chosen(words.TITLE_NOUNS, drawn >> np.uint64(20))
    ending = pa.array(weighted([weight for _, weight in words.TITLE_ENDINGS], drawn >> np.uint64(40)))
    long = pa.array([text for text, _ in words.TITLE_ENDINGS]).take(ending)
    short = pa.array([text.partition(":")[0] for text, _ in words.TITLE_ENDINGS]).take(ending)
    return (
        pc.binary_join_element_wise(beginning, noun, long, ""),
        pc.binary_join_element_wise(beginning, noun, short, ""),
    )


def _seasons(drawn: Bits) -> Numbers:
    return weighted(SEASON_WEIGHTS, drawn) + 1


def _years(came: Numbers, drawn: Bits) -> Numbers:
    """Return for each title the year in which it came, or one before; most are recent."""
    years = 1970 + came.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    return years - below(10, drawn) * below(8, drawn >> np.uint64(32))


def _descriptions(drawn: Bits) -> pa.Array:
    parts = [
        _chosen(choices, drawn >> np.uint64(12 * position))
        for position, choices in enumerate(words.DESCRIPTION_PARTS)
    ]
    return pc.binary_join_element_wise(*parts, " ")


def _days(days: pa.Array) -> pa.Array:
    """Format days as `9/30/2019`; each distinct day is formatted once."""
    since = days.cast(pa.int32()).to_numpy()
    first, last = int(since.min()), int(since.max())
    texts = [_as_month_day_year(_EPOCH + timedelta(days=day)) for day in range(first, last + 1)]
    return pa.DictionaryArray.from_arrays(since - first, texts)


def _as_month_day_year(day: date) -> str:
    return f"{day.month}/{day.day}/{day.year}"


def _chosen(choices: Sequence[str], drawn: Bits) -> pa.Array:
    return _array(choices).take(pa.array(below(len(choices), drawn)))


@cache
def _array(choices: Sequence[str]) -> pa.Array:
    return pa.array(choices)
