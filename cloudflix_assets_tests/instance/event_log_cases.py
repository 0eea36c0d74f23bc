"""A small asset on an instance: in a test, or in a process of its own (`python -m … HOME WEEKS NAME`)."""

import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.settings.environment import Environment

WEEKS = dg.WeeklyPartitionsDefinition("2026-01-05", day_offset=1)
KEY = dg.AssetKey(["silver", "tiny"])
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dg.multi_asset(
    outs={"tiny": dg.AssetOut(key=KEY)},
    partitions_def=WEEKS,
    check_specs=[dg.AssetCheckSpec("contract", asset=KEY, partitions_def=WEEKS)],
)
def tiny(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    context.log.info("a message of the user's")
    yield dg.AssetCheckResult(passed=True)
    yield dg.MaterializeResult(metadata={"rows": 7}, data_version=dg.DataVersion("v1"))


def materialized(instance: dg.DagsterInstance, number: int, name: str = "test") -> str:
    """Run the asset for one week; the run's id."""
    keys = WEEKS.get_partition_keys()
    result = dg.materialize(
        [tiny], instance=instance, partition_key=keys[number], tags={"name": name}, run_config=QUIET
    )
    return result.run_id


def main(home: str, runs: str, name: str) -> None:
    with open_instance(Environment(home=Path(home))) as instance:
        for number in range(int(runs)):
            sys.stdout.write(f"{materialized(instance, number, name)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
