"""The lake against the truth that the sample writes beside its files: rows, reasons, counts."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cloudflix_assets.names import quarantine_path
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources.directory import Directory
from cloudflix_assets.sources.sample import write
from cloudflix_assets_tests.datasets import CATALOGUE
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, WEEK_3, Lakehouse, checked
from cloudflix_assets_tests.tiers import slow_but
from spark.registry import TABLES
from spark.table import Layer, Table

Rows = Counter[tuple[Any, ...]]
OF_CATALOGUE = [table for table in TABLES if table.name in {dataset.name for dataset in CATALOGUE}]
JUDGED = [table for table in OF_CATALOGUE if table.has_quarantine]
COUNTED = [*JUDGED, *(table for table in OF_CATALOGUE if table.layer is Layer.BRONZE)]


@dataclass(frozen=True)
class Sampled:
    """Publications in a folder, and the lake that real runs made of them, week after week."""

    folder: Path
    weeks: Sequence[date]
    house: Lakehouse

    def truth(self, path: str, week: date) -> pa.Table:
        """What the sample says that a table must hold."""
        return pq.read_table(self.folder / str(week) / "truth" / f"{path}.parquet")

    def summary(self, week: date) -> dict[str, Any]:
        """How many rows the sample says that each table must hold and quarantine."""
        text = (self.folder / str(week) / "truth" / "truth.json").read_text(encoding="utf-8")
        tables: dict[str, Any] = json.loads(text)["tables"]
        return tables

    def checks(self, path: str) -> list[dict[str, Any]]:
        """What the contract check of a table counted, in the order of the weeks."""
        return [_counted(evaluation.metadata) for evaluation in reversed(checked(self.house.instance, path))]


def _counted(told: Mapping[str, Any]) -> dict[str, Any]:
    rules = {row.data["rule"]: row.data["broken"] for row in told["rules"].records if row.data["broken"]}
    refused = told["quarantined"].value
    return {"accepted": told["rows"].value, "quarantined": refused, "rules": rules}


# The last is large enough for two of each defect.
CASES = {
    "seed 0": (0, 1_000, (WEEK_1, WEEK_2)),
    "seed 1": (1, 1_001, (WEEK_2, WEEK_3)),
    "seed 7, 8000 titles": (7, 8_000, (WEEK_1, WEEK_2)),
}


@pytest.fixture(scope="module", params=slow_but(lambda case: case == "seed 0", CASES))
def sampled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sampled]:
    """Each case, run from publication to gold."""
    seed, titles, weeks = CASES[request.param]
    folder = tmp_path_factory.mktemp("sampled") / "sample"
    list(write(folder, weeks, titles=titles, seed=seed))
    environment = Environment(home=folder.parent / "home", first_week="2026-01-05")
    with dg.DagsterInstance.ephemeral() as instance:
        house = Lakehouse(environment, instance, source=Directory(folder))
        for week in weeks:
            assert house.run(week).failures == {}
        yield Sampled(folder, weeks, house)


@pytest.mark.parametrize("table", JUDGED, ids=lambda table: table.path)
def test_the_lake_holds_what_is_true(sampled: Sampled, table: Table) -> None:
    """A value misread, a row lost or doubled, a defect let through: each differs from what was meant."""
    columns = set(table.contract.to_schema().columns) - {"source_file"}
    for week in sampled.weeks:
        true = sampled.truth(table.path, week)
        if table.path == "gold/titles" and week == sampled.weeks[0]:
            true = _without_newflag(true)
        assert columns == set(true.column_names) - ({"record_number"} - columns)
        found = sampled.house.read(table.path, week).select(*sorted(columns)).toArrow()
        assert _differences(_rows(found), _rows(true.select(sorted(columns)))) == ([], [])


@pytest.mark.parametrize("table", JUDGED, ids=lambda table: table.path)
def test_the_quarantine_holds_what_breaks_a_rule_and_why(sampled: Sampled, table: Table) -> None:
    """A record refused for the wrong reason sends its reader to the wrong place."""
    path = quarantine_path(table)
    for week in sampled.weeks:
        found = sampled.house.read(path, week).select("record_number", "broken").toArrow()
        assert _differences(_rows(found), _rows(sampled.truth(path, week))) == ([], [])


@pytest.mark.parametrize("table", COUNTED, ids=lambda table: table.path)
def test_the_contract_check_counts_what_is_true(sampled: Sampled, table: Table) -> None:
    """Warnings too, which no quarantine shows; and a record that bronze does not account for is lost."""
    true = [sampled.summary(week)[table.path] for week in sampled.weeks]
    assert sampled.checks(table.path) == true


@pytest.mark.parametrize("table", JUDGED, ids=lambda table: table.path)
def test_no_table_of_the_sample_comes_near_its_cap(sampled: Sampled, table: Table) -> None:
    """A sample that is refused as a whole is the first thing that a newcomer would see."""
    for week in sampled.weeks:
        true = sampled.summary(week)[table.path]
        assert true["quarantined"] < float(table.cap) * 0.7 * (true["accepted"] + true["quarantined"])


def _without_newflag(titles: pa.Table) -> pa.Table:
    """The first week of a lake: it has none before."""
    position = titles.column_names.index("newflag")
    return titles.set_column(position, "newflag", pa.nulls(len(titles), pa.int32()))


def _rows(table: pa.Table) -> Rows:
    columns = [table.column(name).to_pylist() for name in table.column_names]
    return Counter(tuple(map(_hashable, row)) for row in zip(*columns, strict=True))


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _differences(found: Rows, true: Rows) -> tuple[list[Any], list[Any]]:
    """A few rows that should not be there, and a few that should."""
    return list(found - true)[:3], list(true - found)[:3]
