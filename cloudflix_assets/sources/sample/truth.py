"""The truth beside a publication: what the lake must accept and quarantine, and why, table by table.

`silver/titles.parquet` and so on hold accepted rows, typed, with their record number; `…_quarantine`
record numbers with the sorted rules that they break; `truth.json` the counts. They come from what the
sample meant to write, never from reading it. `newflag` is that of a lake that holds the week before: in
the first week of a lake it is null. Of a file that the catalogue does not know there is no truth but the
number of its records: what its tables make of them is theirs.
"""

import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cloudflix_assets.names import quarantine_of
from cloudflix_assets.sources.sample.files import RECORD_NUMBER, Part
from cloudflix_assets.sources.sample.lookup_slips import ORPHAN
from cloudflix_assets.sources.sample.publication import TITLES, Publication, in_catalogue
from cloudflix_assets.sources.sample.titles import PLACE
from spark.datasets import Dataset

FOLDER = "truth"
SUMMARY = "truth.json"
_QUARANTINE = pa.schema([(RECORD_NUMBER, pa.int64()), ("broken", pa.list_(pa.string()))])


@dataclass
class TableTruth:
    """How many rows of a table are accepted and quarantined, and how many break each rule."""

    accepted: int = 0
    quarantined: int = 0
    rules: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Return the counts, with only those rules that some row breaks."""
        return {**vars(self), "rules": dict(sorted((+self.rules).items()))}


class Truth:
    """A writer of the truth of one publication, part by part, until its context ends."""

    def __init__(self, folder: Path, publication: Publication) -> None:
        self._folder, self._publication = folder / FOLDER, publication
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._open = ExitStack()
        self.tables: dict[str, TableTruth] = {}

    def __enter__(self) -> Self:
        self._folder.mkdir()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def add(self, dataset: Dataset, part: Part) -> None:
        """Write what becomes of some records of a file, and count it."""
        name = dataset.name
        self._count(
            f"bronze/{name}", part.records, 0, Counter({"malformed: a ragged record": part.malformed})
        )
        file = in_catalogue(dataset)
        if file is None:
            return
        quarantined = pa.Table.from_pylist(
            [{RECORD_NUMBER: number, "broken": list(rules)} for number, rules in part.quarantined],
            _QUARANTINE,
        )
        self._add_table(f"silver/{name}", part.accepted, quarantined, part.warned)
        if file == TITLES:
            self._add_table(
                f"gold/{name}", self._publication.gold_titles(part.accepted), _QUARANTINE.empty_table()
            )
            return
        known = self._publication.known(part.accepted)
        orphans = part.accepted.filter(pc.invert(known)).select([RECORD_NUMBER])
        reasons = pa.array([[ORPHAN]] * len(orphans), _QUARANTINE.field("broken").type)
        self._add_table(f"gold/{name}", part.accepted.filter(known), orphans.append_column("broken", reasons))

    def summarize(self, **facts: object) -> None:
        """Write the counts, after `facts` about the publication."""
        tables = {path: table.as_json() for path, table in self.tables.items()}
        summary = json.dumps({**facts, "tables": tables}, indent=2, ensure_ascii=False)
        (self._folder / SUMMARY).write_text(summary + "\n", encoding="utf-8")

    def _add_table(
        self, path: str, accepted: pa.Table, quarantined: pa.Table, warned: Counter[str] | None = None
    ) -> None:
        self._write(path, accepted.drop_columns([PLACE]))
        self._write(quarantine_of(path), quarantined)
        broken = Counter(quarantined.column("broken").combine_chunks().flatten().to_pylist())
        self._count(path, len(accepted), len(quarantined), broken + (warned or Counter()))

    def _count(self, path: str, accepted: int, quarantined: int, rules: Counter[str]) -> None:
        table = self.tables.setdefault(path, TableTruth())
        table.accepted += accepted
        table.quarantined += quarantined
        table.rules.update(rules)

    def _write(self, path: str, rows: pa.Table) -> None:
        if path not in self._writers:
            target = self._folder / f"{path}.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            # Without pyarrow's own schema a dictionary reads back as plain text, here and in Spark.
            repeated = [column.name for column in rows.schema if pa.types.is_dictionary(column.type)]
            writer = pq.ParquetWriter(target, rows.schema, use_dictionary=repeated, store_schema=False)
            self._writers[path] = self._open.enter_context(writer)
        self._writers[path].write_table(rows)
