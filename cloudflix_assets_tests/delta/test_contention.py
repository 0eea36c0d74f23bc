"""Writers that are none of ours, answers that were lost, and attempts that come to an end."""

from datetime import date

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction
from tenacity import wait_none

from cloudflix_assets.delta import attempts, commit, log, spark_commit
from cloudflix_assets.delta.files import new_folder
from cloudflix_assets.delta.week import WeekOfTable
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets_tests.delta.cases import (
    OTHER_ROWS,
    REFUSED,
    ROWS,
    TABLE,
    Point,
    Tiny,
    interrupt,
    raising,
)
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2

OPENED, COMMITTED = Point("before", "_commit"), Point("after", "_commit")


pytestmark = pytest.mark.usefixtures("committer")


def appended(tiny: Tiny, week: date) -> None:
    """A row that another tool appends."""
    rows = pa.table({"id": [99], "name": ["foreign"], "week": [week]})
    write_deltalake(tiny.lake.uri(TABLE), rows, mode="append")


def overwritten_by_a_stale_handle(stale: DeltaTable, actions: list[AddAction]) -> None:
    """A stock overwrite of the week, by a handle that does not know it yet: it deletes nothing."""
    stale.create_write_transaction(
        [*actions],
        mode="overwrite",
        schema=stale.schema(),
        partition_by=["week"],
        partition_filters=[("week", "=", str(WEEK_1))],
    )


@pytest.mark.parametrize("week", [WEEK_1, WEEK_2], ids=["our week", "another"])
@pytest.mark.parametrize("point", [OPENED, COMMITTED], ids=str)
def test_a_foreign_append_stays_unless_it_is_to_our_week(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, point: Point, week: date
) -> None:
    """Appended between our look and our commit, or between our commit and the proof of it."""
    tiny.write([], WEEK_2)
    interrupt(monkeypatch, (point, lambda: appended(tiny, week)))

    assert tiny.write(ROWS).committed
    assert tiny.stored() == ROWS
    assert tiny.stored(WEEK_2) == ([(99, "foreign")] if week == WEEK_2 else [])


def test_a_stale_stock_handle_doubles_no_week(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer with delta-rs' defaults commits the same new week after us, and conflicts with nobody."""
    tiny.write([], WEEK_2)
    stale = tiny.table
    theirs = tiny.week(OTHER_ROWS)
    files = commit._write(tiny.lake, theirs, new_folder(theirs.week, theirs.attempt))
    actions = [commit._action(file, WEEK_1) for file in files]
    interrupt(monkeypatch, (COMMITTED, lambda: overwritten_by_a_stale_handle(stale, actions)))

    tiny.write(ROWS)
    assert tiny.stored() == ROWS


@pytest.mark.parametrize("force", [True, False])
def test_a_commit_whose_answer_was_lost_counts(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    """The commit is there and the answer says conflict; a file that is removed and added again is lost."""
    interrupt(monkeypatch, (COMMITTED, raising(CommitFailedError("a concurrent transaction"))))

    tiny.write(ROWS, force=force)
    assert tiny.stored() == ROWS


def test_a_restored_quarantine_does_not_hold_up_its_table(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a restore the content is old and the last record new: neither may keep the step from ending."""
    monkeypatch.setattr(attempts, "wait_random_exponential", lambda **_: wait_none())
    tiny.publish("first")
    restored_to = DeltaTable(tiny.lake.uri(REFUSED)).version()
    tiny.publish("second")
    DeltaTable(tiny.lake.uri(REFUSED)).restore(restored_to)

    assert tiny.publish("first").committed

    first = tiny.judged("first")
    for week in (first.week, first.quarantine):
        assert tiny.stored(path=week.path, fields=week.fields) == stored_rows(week)


def stored_rows(week: WeekOfTable) -> list[tuple[object, ...]]:
    assert week.frame is not None
    return sorted((tuple(row) for row in week.frame.collect()), key=repr)


def test_attempts_that_all_meet_others_end(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for ever would look like work; the previous content stays, and nothing beside it."""
    tiny.write(ROWS)
    files = tiny.files()
    monkeypatch.setattr(attempts, "wait_random_exponential", lambda **_: wait_none())
    calls: list[object] = []

    def conflict(*arguments: object) -> None:
        calls.append(arguments)
        raise CommitFailedError("a concurrent transaction")

    with monkeypatch.context() as patched:
        patched.setattr(commit, "_commit", conflict)
        patched.setattr(spark_commit, "commit_week", conflict)
        with pytest.raises(commit.Contended) as told:
            tiny.write(OTHER_ROWS)

    assert f"{TABLE}, week {WEEK_1}" in str(told.value)
    assert "wait for their runs to end, then rerun" in str(told.value)
    assert len(calls) == attempts.ATTEMPTS
    assert tiny.stored() == ROWS
    assert tiny.files() == files


@pytest.mark.parametrize("committer", ["embedded"], indirect=True)
def test_a_disk_that_refuses_the_commit_keeps_nothing(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each attempt left a copy of the rows, on a disk that was full."""
    tiny.write(ROWS)
    files = tiny.files()
    full = OSError("Generic LocalFileSystem error: No space left on device (os error 28)")
    with monkeypatch.context() as patched:
        patched.setattr(DeltaTable, "create_write_transaction", raising(full))
        with pytest.raises(attempts.AnswerLost, match="No space left on device"):
            tiny.write(OTHER_ROWS)

    assert tiny.files() == files
    assert tiny.write(OTHER_ROWS).committed


def test_a_quarantine_that_others_keep_replacing_ends(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two steps that undo each other's quarantine; once one of them is alone, it makes the week whole."""
    monkeypatch.setattr(attempts, "wait_random_exponential", lambda **_: wait_none())
    committed_digest = log.committed_digest

    def after_they_came(lake: LocalLake, path: str, week: date) -> str | None:
        tiny.replace(tiny.judged("they").quarantine)
        return committed_digest(lake, path, week)

    with monkeypatch.context() as patched:
        patched.setattr(commit, "committed_digest", after_they_came)
        with pytest.raises(commit.Contended, match="another run is writing it and its quarantine; wait"):
            tiny.publish("we")

    tiny.publish("we")
    assert tiny.authors() == ("we", "we")
