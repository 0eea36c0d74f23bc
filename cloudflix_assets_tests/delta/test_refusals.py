"""What `delta/` refuses to write: nothing is committed, no other week is touched, the reason is told."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from cloudflix_assets.delta import commit, schema, spark_commit, table
from cloudflix_assets.delta.attempts import CommitRefused
from cloudflix_assets.delta.table import TableRefused
from cloudflix_assets_tests.delta.cases import (
    OTHER_ROWS,
    ROWS,
    TABLE,
    Point,
    Tiny,
    authored,
    interrupt,
    raising,
)
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, WEEK_3

pytestmark = pytest.mark.usefixtures("committer")


@pytest.mark.parametrize("week", [WEEK_1, WEEK_2], ids=["known", "new"])
@pytest.mark.parametrize("judged_rows", [1, 3])
def test_other_rows_than_judged_are_not_committed(tiny: Tiny, week: date, judged_rows: int) -> None:
    """The engine lost or doubled rows between the judgement and the write."""
    tiny.write(OTHER_ROWS)
    before = tiny.version()
    wrong = replace(tiny.week(ROWS, week, attempt="run-7"), rows=judged_rows)

    sentence = f"{judged_rows} rows were judged and 2 (are to be )?written; nothing was committed"
    with pytest.raises(RuntimeError, match=sentence) as told:
        tiny.replace(wrong)

    assert f"{TABLE}, week {week}" in str(told.value)
    assert "Rerun the week" in str(told.value)
    assert tiny.version() == before
    assert tiny.stored() == OTHER_ROWS
    assert not tiny.has_week(WEEK_2)


@pytest.mark.parametrize("error", [DeltaError("the store timed out"), OSError("the store timed out")])
@pytest.mark.parametrize("at", [1, 2], ids=["the quarantine", "the table"])
def test_trouble_while_opening_never_looks_like_no_table(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, error: Exception, at: int
) -> None:
    """The stock Delta IO manager takes any error for a missing table, and creates it over all weeks."""
    for week in (WEEK_1, WEEK_2):
        tiny.publish("before", week)

    told = TableRefused if isinstance(error, DeltaError) else OSError
    for week in (WEEK_2, WEEK_3):
        with monkeypatch.context() as patched:
            patched.setattr(table, "CachedDeltaTable", failing(at, error))
            with pytest.raises(told, match="the store timed out"):
                tiny.publish("after", week)

    assert tiny.stored() == tiny.stored(WEEK_2) == authored("before")
    assert not tiny.has_week(WEEK_3)


def test_trouble_after_the_commit_is_mended_by_a_rerun(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """The week is committed and the proof fails: the rerun finds it unchanged."""
    tiny.write(ROWS)
    with monkeypatch.context() as patched:
        patched.setattr(commit, "_prove", raising(OSError("the store timed out")))
        patched.setattr(spark_commit, "prove", raising(OSError("the store timed out")))
        with pytest.raises(OSError, match="the store timed out"):
            tiny.write(OTHER_ROWS, WEEK_2)

    assert not tiny.write(OTHER_ROWS, WEEK_2).committed
    assert tiny.stored() == ROWS
    assert tiny.stored(WEEK_2) == OTHER_ROWS


def test_a_table_that_seems_absent_for_a_moment_is_not_created_again(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listing that lags behind: the table is there, and its other week must stay."""
    tiny.write(ROWS)
    absent = TableNotFoundError("No files in log segment")
    monkeypatch.setattr(table, "CachedDeltaTable", failing(1, absent))

    assert tiny.write(OTHER_ROWS, WEEK_2).committed

    assert tiny.stored() == ROWS
    assert tiny.stored(WEEK_2) == OTHER_ROWS


def test_a_log_that_lost_its_beginning_is_an_error(tiny: Tiny, committer: str) -> None:
    """A damaged table is no absent one: it must not be begun anew over what is left of it."""
    told = {"embedded": "No table metadata or protocol found", "native": "its log lacks its beginning"}
    tiny.write(ROWS)
    log = tiny.lake.root / TABLE / "_delta_log"
    (log / f"{0:020}.json").unlink()

    with pytest.raises(TableRefused, match=told[committer]):
        tiny.write(OTHER_ROWS, WEEK_2)
    assert [path.name for path in log.glob("*.json")] == [f"{1:020}.json"]


FORBIDDEN = {
    "embedded": r"The transaction includes Remove action with data change but Delta table is append-only",
    "native": r"\[DELTA_CANNOT_MODIFY_APPEND_ONLY\] This table is configured to only allow appends.*",
}


def test_what_a_table_forbids_is_no_conflict(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, committer: str
) -> None:
    """Twelve attempts took 18 s, spoke of other writers, and left twelve copies of the rows."""
    tiny.write(ROWS)
    tiny.table.alter.set_table_properties({"delta.appendOnly": "true"})
    before, attempts, prepare = (tiny.version(), tiny.files()), list[object](), schema.prepare

    def counted(*given: Any) -> DeltaTable:
        attempts.append(given)
        return prepare(*given)

    monkeypatch.setattr(commit, "prepare", counted)

    with pytest.raises(CommitRefused) as told:
        tiny.write(OTHER_ROWS)

    sentence = (
        f"{TABLE}, week {WEEK_1}: the table does not accept the commit \\({FORBIDDEN[committer]}\\): undo "
        "the property or feature that forbids it, or move the table away and rerun its weeks; nothing was "
        "committed."
    )
    assert re.fullmatch(sentence, str(told.value))
    assert len(attempts) == 1
    assert (tiny.version(), tiny.files()) == before
    assert tiny.stored() == ROWS


def test_a_feature_that_came_during_the_commit_is_no_conflict(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, committer: str
) -> None:
    """Another tool upgrades the table between our look and our commit."""
    told = {"embedded": "protocol 1, 7", "native": "DELTA_UNSUPPORTED_FEATURES_FOR_WRITE"}
    tiny.write(ROWS)
    files = tiny.files()
    protocol = {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["invariants", "x"]}
    upgrade = json.dumps({"protocol": protocol}).encode()
    log = f"{TABLE}/_delta_log/{tiny.version() + 1:020}.json"
    interrupt(monkeypatch, (Point("before", "_commit"), lambda: tiny.lake.write(log, upgrade)))

    with pytest.raises((TableRefused, CommitRefused), match=told[committer]):
        tiny.write(OTHER_ROWS)

    assert committer == "native" or tiny.files() == files


def test_nulls_in_a_column_that_forbids_them_are_refused(tiny: Tiny, committer: str) -> None:
    """Spark's writer looks; delta-rs takes a file as it is, and the next reader trusts the schema."""
    told = {"embedded": "the column name holds nulls", "native": "NOT NULL constraint violated"}
    tiny.write(OTHER_ROWS)
    (metadata,) = tiny.actions(0, "metaData")
    fields = json.loads(metadata["schemaString"])
    fields["fields"][1]["nullable"] = False
    altered = {"metaData": {**metadata, "schemaString": json.dumps(fields)}}
    tiny.lake.write(f"{TABLE}/_delta_log/{2:020}.json", json.dumps(altered).encode())
    files = tiny.files()

    with pytest.raises(CommitRefused, match=told[committer]):
        tiny.write(ROWS)

    assert committer == "native" or tiny.files() == files  # Spark leaves its files until a VACUUM
    assert tiny.write(OTHER_ROWS[:1]).committed


def failing(at: int, error: Exception) -> Callable[..., DeltaTable]:
    """A table, except that the opening number `at` raises."""

    class Unreliable(table.CachedDeltaTable):
        opened = 0

        def __init__(self, *arguments: Any, **options: Any) -> None:
            Unreliable.opened += 1
            if Unreliable.opened == at:
                raise error
            super().__init__(*arguments, **options)

    return Unreliable
