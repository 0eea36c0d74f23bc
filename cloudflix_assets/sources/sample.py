"""Synthetic publications: the same five files, encoding and defects as the real ones, another every week.

Deterministic: a title depends on its number alone, a publication on its week alone. Each week some
titles come, some go and some change.
"""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from random import Random

from cloudflix_assets.sources.publication import Delivered
from spark.datasets import DATASETS

Row = tuple[str, ...]

EPOCH = date(2026, 1, 5)
TITLES = 400
COMING, GOING = 6, 2
MOVIE_SHARE = 0.7
FIRST_ID = 80_000_000
ADJECTIVES = (
    "Silent",
    "Golden",
    "Broken",
    "Distant",
    "Midnight",
    "Crimson",
    "Paper",
    "Electric",
    "Hidden",
    "Last",
)
NOUNS = (
    "Harbour",
    "Orchard",
    "Signal",
    "Winter",
    "Empire",
    "Garden",
    "Mirror",
    "Voyage",
    "Letters",
    "Machine",
)
GIVEN = ("Ana", "Bo", "Chidi", "Dana", "Emil", "Fatima", "Goran", "Hana", "Ines", "José", "Keiko", "Lars")
FAMILY = (
    "Almeida",
    "Berg",
    "Castillo",
    "Duval",
    "Eriksen",
    "Farouk",
    "García",
    "Haddad",
    "Ivanova",
    "Jansen",
)
COUNTRIES = ("United States", "India", "Japan", "Brazil", "France", "Nigeria", "South Korea", "Mexico")
CATEGORIES = ("Dramas", "Comedies", "Documentaries", "Thrillers", "Children & Family Movies", "Anime Series")
RATINGS = ("TV-MA", "TV-14", "TV-PG", "R", "PG-13", "PG", "TV-Y7", "NR", "")
SENTENCE = "A film that follows the plight of a lighthouse keeper and his dog."


class Sample:
    """The sample's publisher."""

    identity = "sample"

    def deliveries(self, week: date, *, refresh: bool = False) -> Sequence[Delivered]:
        """The five files of a week, each made when it is opened."""
        makers: dict[str, Callable[[int], list[Row]]] = {
            "titles": _titles,
            "cast": partial(_credits, count=4, value=_person, extra=(SENTENCE,)),
            "category": partial(_credits, count=2, value=partial(_one_of, CATEGORIES)),
            "countries": partial(_credits, count=1, value=partial(_one_of, COUNTRIES), extra=("Japan,",)),
            "directors": partial(_credits, count=1, value=_person),
        }

        def opened(name: str, columns: Row) -> io.BytesIO:
            return io.BytesIO(_encoded([columns, *makers[name](_week_number(week))]))

        origin = {"generated for": str(week)}
        return [
            Delivered(dataset.name, dataset.file, partial(opened, dataset.name, dataset.columns), origin)
            for dataset in DATASETS
        ]


def _week_number(week: date) -> int:
    return (week - EPOCH).days // 7


def _numbers(week: int) -> range:
    """The titles of a week, by number."""
    return range(max(0, week) * GOING, TITLES + max(0, week) * COMING)


def _titles(week: int) -> list[Row]:
    """Every title, and one of each defect that the real file has, spread over the file."""
    rows = [_title(number, week) for number in _numbers(week)]
    rows[10] = (*rows[10][:3], f"{rows[10][3]}\N{NO-BREAK SPACE}", *rows[10][4:])
    rows[20] = (*rows[20][:4], "", rows[20][5], "", *rows[20][7:])
    rows[30] = (*rows[30][:3], 'The "Quoted" One', *rows[30][4:])
    rows[40] = ("ninety", *rows[40][1:])
    rows[50] = ("5000", "", "Movie", *rows[50][3:])
    rows.insert(60, rows[59])
    rows.insert(70, (*rows[69][:3], f"{rows[69][3]} (again)", *rows[69][4:]))
    head, tail = _split(rows[80])
    rows[80:81] = [head, tail]
    return rows


def _title(number: int, week: int) -> Row:
    random = Random(f"title {number}")
    movie = random.random() < MOVIE_SHARE
    name = f"{random.choice(ADJECTIVES)} {random.choice(NOUNS)}: Part {number}"
    added = date(2015, 1, 1) + timedelta(days=random.randrange(4000))
    rating = RATINGS[(random.randrange(len(RATINGS)) + (number + week) // 40) % len(RATINGS)]
    return (
        str(random.randint(60, 200)) if movie else "",
        "" if movie else str(random.randint(1, 9)),
        "Movie" if movie else "TV Show",
        name,
        f"{added.month}/{added.day}/{added.year}",
        str(random.randint(1950, 2026)),
        rating,
        f"{_person(random)} and {_person(random)} meet in {random.choice(COUNTRIES)}.",
        str(FIRST_ID + number),
    )


def _split(row: Row) -> tuple[Row, Row]:
    """A title broken over two records at a line break inside its name, as two real ones are."""
    head = (*row[:3], "The Long Way:", "", "", "", "", "")
    tail = ('Home"', *row[4:], "", "", "")
    return head, tail


def _credits(week: int, *, count: int, value: Callable[[Random], str], extra: Row = ()) -> list[Row]:
    rows: list[Row] = []
    for number in _numbers(week):
        random = Random(f"{count} credits of {number}")
        names = dict.fromkeys(value(random) for _ in range(random.randint(1, count)))
        rows += [(name, str(FIRST_ID + number)) for name in names]
    some = str(FIRST_ID + _numbers(week)[100])
    rows += [(name, some) for name in extra]
    return [*rows, rows[5], (rows[0][0], "70000001")]


def _person(random: Random) -> str:
    return f"{random.choice(GIVEN)} {random.choice(FAMILY)}"


def _one_of(choices: Row, random: Random) -> str:
    return random.choice(choices)


def _encoded(rows: Sequence[Row]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig")
