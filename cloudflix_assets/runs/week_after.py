"""Tables that read the week before: which of them were built before that week changed."""

from collections.abc import Collection, Iterator
from datetime import date

from cloudflix_assets.instance.staleness import Staleness
from cloudflix_assets.names import asset_key
from cloudflix_assets.partitions import WEEK
from cloudflix_assets.runs.runner import Runner, WeekResult
from spark.registry import TABLES
from spark.table import Table


def told_behind(runner: Runner, result: WeekResult, to_run: Collection[date]) -> Iterator[str]:
    """Yield a sentence for each table that read a week before it was changed, by this run or beside it.

    Args:
        runner: of the run.
        result: of the run.
        to_run: weeks that are run afterwards.
    """
    staleness = Staleness(runner.graph, runner.instance)
    for table in TABLES:
        if asset_key(table.path) not in runner.keys:
            continue
        for week in _weeks(table, result):
            if week not in to_run and staleness.is_behind(asset_key(table.path), week):
                yield (
                    f"{table.path} of the week {week} was built before the week before it changed: bring it "
                    "up to date with `cloudflix run --stale`."
                )


def _weeks(table: Table, result: WeekResult) -> Iterator[date]:
    """The weeks of a table that may be behind: that of the run, and the one that reads what the run wrote."""
    read_back = [wanted.table.replace("_", "/", 1) for wanted in table.read if wanted.weeks_back]
    stored = {path for path, told in result.tables.items() if told.committed is not None}
    if read_back and table.path in stored:
        yield result.week
    if any(result.tables[path].committed for path in read_back if path in result.tables):
        yield result.week + WEEK
