"""Publications in a folder, a sub-folder per week, each with its truth: what `cloudflix sample` writes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any

from cloudflix_assets.sources.base import SourceRefused
from cloudflix_assets.sources.sample import truth
from cloudflix_assets.sources.sample.edition import MOST_TITLES, Edition
from cloudflix_assets.sources.sample.encoding import header
from cloudflix_assets.sources.sample.files import CHUNK
from cloudflix_assets.sources.sample.in_one import FILE, content
from cloudflix_assets.sources.sample.publication import TITLES, Publication
from spark.datasets import DATASETS

FEWEST_TITLES = 1_000
"""Below, one record of each kind of defect would be more than a contract's cap allows."""


@dataclass(frozen=True)
class WrittenWeek:
    """A publication on disk: bytes and records per file, and per table what the lake must hold."""

    week: date
    bytes: Mapping[str, int]
    records: Mapping[str, int]
    truth: Mapping[str, truth.TableTruth]

    def as_json(self) -> dict[str, Any]:
        """Return the files and the truth, for JSON."""
        files = {name: {"bytes": self.bytes[name], "records": self.records[name]} for name in self.bytes}
        tables = {path: table.as_json() for path, table in self.truth.items()}
        return {"week": str(self.week), "files": files, "tables": tables}


def write(
    folder: Path,
    weeks: Sequence[date],
    *,
    titles: int,
    seed: int = 0,
    chunk: int = CHUNK,
    in_one: bool = False,
) -> Iterator[WrittenWeek]:
    """Write the publications of some weeks into `folder`, which is a source then; `in_one`: as one file each.

    A week that was written before is replaced; a week is there as a whole or not at all.

    Raises:
        SourceRefused: too few or too many titles, or a folder that holds something else.
    """
    if not FEWEST_TITLES <= titles <= MOST_TITLES:
        raise SourceRefused(
            f"a sample of {titles:,} titles cannot be made: choose from {FEWEST_TITLES:,} to {MOST_TITLES:,}."
        )
    _refuse_unsuitable(folder, weeks)
    folder.mkdir(parents=True, exist_ok=True)
    for week in weeks:
        with TemporaryDirectory(prefix=".sample-", dir=folder) as scratch:
            written = _write_week(Path(scratch), Publication(Edition(seed, titles, week), in_one), chunk)
            target = folder / str(week)
            if target.exists():
                rmtree(target)
            Path(scratch, target.name).rename(target)
        yield written


def _write_week(scratch: Path, publication: Publication, chunk: int) -> WrittenWeek:
    edition = publication.edition
    folder = scratch / str(edition.week)
    folder.mkdir()
    sizes, records = {}, {}
    with truth.Truth(folder, publication) as beside:
        for dataset in DATASETS:
            file = publication.file(dataset)
            records[dataset.name] = len(file.plan.origins)
            with (folder / dataset.file).open("wb") as opened:
                opened.write(header(file.columns))
                for part in file.parts(chunk):
                    opened.write(part.content)
                    beside.add(dataset, part)
                sizes[dataset.name] = opened.tell()
            if publication.in_one:
                (folder / dataset.file).unlink()
        if publication.in_one:
            with (folder / FILE).open("wb") as opened:
                opened.writelines(content(publication, chunk))
                sizes = {TITLES: opened.tell()}
            records = {TITLES: records[TITLES]}
    beside.summarize(week=str(edition.week), titles=edition.titles, seed=edition.seed)
    return WrittenWeek(edition.week, sizes, records, beside.tables)


def _refuse_unsuitable(folder: Path, weeks: Sequence[date]) -> None:
    """Refuse to write where the weeks would not be found, or over what is no sample."""
    if folder.exists() and not folder.is_dir():
        raise SourceRefused(f"{folder} is a file: name a folder, which is made if it is not there.")
    if found := [dataset.file for dataset in DATASETS if (folder / dataset.file).exists()]:
        raise SourceRefused(
            f"{folder} holds {found[0]}, which stands for every week: choose a folder without it."
        )
    for week in weeks:
        target = folder / str(week)
        if target.exists() and not (target / truth.FOLDER / truth.SUMMARY).is_file():
            raise SourceRefused(f"{target} is there and no sample: remove it, or choose another folder.")
