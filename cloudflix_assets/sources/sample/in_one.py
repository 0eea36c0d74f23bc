"""The publication as one file of twelve columns, in the forms that people find it in."""

from collections.abc import Iterator, Mapping
from datetime import date

import numpy as np

from cloudflix_assets.sources.sample.draws import Numbers
from cloudflix_assets.sources.sample.encoding import header, line
from cloudflix_assets.sources.sample.files import CHUNK
from cloudflix_assets.sources.sample.lookups import LOOKUPS, LookupFile
from cloudflix_assets.sources.sample.publication import TITLES, Publication, in_catalogue
from cloudflix_assets.sources.sample.slips import changed
from cloudflix_assets.sources.sample.titles import PLACE
from spark.datasets import DATASETS, IN_ONE

FILE = "netflix_titles.csv"
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_DATES = ("{month} {day}, {year}", " {month} {day}, {year}", "{short} {day}, {year}", "{day}-{short}-{end}")


def content(publication: Publication, chunk: int = CHUNK) -> Iterator[bytes]:
    """Yield the bytes of the file, header first; its titles are those of the five files."""
    titles = publication.file(next(dataset for dataset in DATASETS if in_catalogue(dataset) == TITLES))
    lookups = {name: publication.lookup(name) for name in LOOKUPS}
    yield header(IN_ONE)
    for begin in range(0, len(titles.plan.origins), chunk):
        places = titles.plan.origins[begin : begin + chunk]
        several = {LOOKUPS[name].column: _by_place(file, places) for name, file in lookups.items()}
        typed = titles.typed(places)
        texts = titles.delivered(typed)
        columns = (column.to_pylist() for column in texts.values())
        records = (dict(zip(texts, values, strict=True)) for values in zip(*columns, strict=True))
        days = typed.column("date_added").to_pylist()
        codes = titles.plan.slips[begin : begin + chunk]
        made = []
        for place, record, day, code in zip(places.tolist(), records, days, codes, strict=True):
            slip = titles.plan.listed[code - 1].text if code else {}
            values = {name: ", ".join(found.get(place, ())) for name, found in several.items()}
            made.append(line(_record(changed(record, slip), values, day, place)))
        yield "".join(made).encode()


def _record(title: Mapping[str, str], values: Mapping[str, str], day: date, place: int) -> Iterator[str]:
    minutes, seasons = title["duration_minutes"], title["duration_seasons"]
    of_seasons = f"{seasons} Season{'' if seasons == '1' else 's'}" if seasons else ""
    month = _MONTHS[day.month - 1]
    added = _DATES[place % len(_DATES)].format(
        month=month, short=month[:3], day=day.day, year=day.year, end=f"{day.year % 100:02}"
    )
    own = {
        "show_id": f"s{title['show_id']}",
        "duration": f"{minutes} min" if minutes else of_seasons,
        "date_added": added,
    }
    record = {**title, **values, **own}
    return (record[column] for column in IN_ONE)


def _by_place(file: LookupFile, places: Numbers) -> Mapping[int, list[str]]:
    """Return the values of each of these titles, which follow each other in the file."""
    bounds = np.searchsorted(file.places, [places[0], places[-1] + 1])
    typed = file.typed(np.arange(*bounds))
    found: dict[int, list[str]] = {}
    for place, value in zip(
        typed.column(PLACE).to_pylist(), typed.column(file.lookup.column).to_pylist(), strict=True
    ):
        found.setdefault(place, []).append(value)
    return found
