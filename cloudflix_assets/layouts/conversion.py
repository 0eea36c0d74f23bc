"""Make the files of datasets from a delivered one, record by record.

The delivered file has passed its inspection. A dataset whose columns have no separator gets a record for each
record, in their order, a ragged one as it is; the others get a record for each value, and none for an empty
one. Undeclared columns go to the datasets of the first kind.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cloudflix_assets.layouts.declaration import DeliveredFile
from cloudflix_assets.layouts.values import ColumnForm, Reader
from spark.datasets import Dataset
from spark.delivery.dialect import Dialect
from spark.delivery.header_defects import resolved
from spark.delivery.headers import Header, tidy_name
from spark.delivery.lines import MAX_RECORD_BYTES, DeliveryDefect, Lines, rows, unlimited_fields

Record = list[str]


@dataclass(frozen=True)
class MadeFile:
    """The file of a dataset, in UTF-8 with commas, and the number of its records."""

    dataset: Dataset
    path: Path
    records: int


@dataclass(frozen=True)
class _Field:
    """Where a field stands in a delivered record, and what it means; None for a column that is not there."""

    place: int | None
    read: Reader | None = None

    def of(self, record: Record) -> str:
        text = "" if self.place is None else record[self.place]
        return self.read(text) if self.read else text


@dataclass(frozen=True)
class _Recipe:
    """How the records of a dataset are made. `parted` is the column with several values, by its position."""

    dataset: Dataset
    width: int
    header: tuple[str, ...]
    fields: Sequence[_Field]
    parted: int | None
    separator: str | None

    @classmethod
    def of(cls, dataset: Dataset, forms: Mapping[str, ColumnForm], delivered: Header) -> "_Recipe":
        places = {name: delivered.declared.get(form.named(name)) for name, form in forms.items()}
        fields = [_Field(places[name], form.reader()) for name, form in forms.items()]
        parted = next((at for at, form in enumerate(forms.values()) if form.separator), None)
        undeclared = delivered.undeclared if parted is None else {}
        return cls(
            dataset,
            len(delivered.names),
            (*forms, *(_free(delivered.names[place], dataset) for place in undeclared.values())),
            [*fields, *map(_Field, undeclared.values())],
            parted,
            None if parted is None else [*forms.values()][parted].separator,
        )

    def records(self, delivered: Record) -> Iterator[Record]:
        """Yield the records that a delivered one makes."""
        if len(delivered) != self.width:
            if self.parted is None:
                yield self._ragged(delivered)
            return
        if self.parted is None:
            yield [field.of(delivered) for field in self.fields]
            return
        several = self.fields[self.parted]
        text = "" if several.place is None else delivered[several.place]
        if not text:
            return
        made = [field.of(delivered) for field in self.fields]
        for part in text.split(self.separator):
            value = several.read(part.strip()) if several.read else part.strip()
            if value:
                yield [*made[: self.parted], value, *made[self.parted + 1 :]]

    def _ragged(self, delivered: Record) -> Record:
        """Return a ragged record as it is, with an empty field more if it were none in the made file."""
        return [*delivered, ""] if len(delivered) == len(self.header) else delivered


def convert(
    source: BinaryIO, delivered: DeliveredFile, dialect: Dialect, records: int, folder: Path
) -> list[MadeFile]:
    """Write the files of the datasets that are made of a delivered file.

    Args:
        source: the delivered file, which was inspected, from its beginning.
        delivered: what its columns are.
        dialect: how it is written.
        records: their number, as its inspection counted them.
        folder: where the files are written.

    Raises:
        DeliveryDefect: the records are not as many as the inspection counted.
    """
    with unlimited_fields(), ExitStack() as opened:
        lines = Lines(source, delivered.file, dialect, MAX_RECORD_BYTES)
        found = _records(lines)
        header = resolved(next(found), delivered)
        recipes = [_Recipe.of(dataset, forms, header) for dataset, forms in delivered.made]
        paths = [folder / recipe.dataset.name for recipe in recipes]
        files = [opened.enter_context(path.open("w", encoding="utf-8", newline="")) for path in paths]
        writers = [csv.writer(file, lineterminator="\r\n") for file in files]
        counts = [0] * len(recipes)
        for writer, recipe in zip(writers, recipes, strict=True):
            writer.writerow(recipe.header)
        for record in found:
            for at, recipe in enumerate(recipes):
                made = [*recipe.records(record)]
                writers[at].writerows(made)
                counts[at] += len(made)
    if lines.record - 1 != records:
        raise DeliveryDefect(
            f"{delivered.file} has {records:,} records by one reader and {lines.record - 1:,} by another",
            "report it with the file; nothing was landed",
        )
    return [
        MadeFile(recipe.dataset, path, count)
        for recipe, path, count in zip(recipes, paths, counts, strict=True)
    ]


def _free(name: str, dataset: Dataset) -> str:
    """Return the name of an undeclared column, changed if it would be read as a declared one."""
    aliases = [alias for several in dataset.aliases.values() for alias in several]
    taken = {known.casefold() for known in (*dataset.columns, *aliases)}
    return f"{name} (delivered)" if tidy_name(name).casefold() in taken else name


def _records(lines: Lines) -> Iterator[Record]:
    """Yield the header and every record; a blank line is none."""
    for record in rows(lines):
        lines.finish_record(blank=not record)
        if record:
            yield record
