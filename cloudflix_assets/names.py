"""Names that several modules must spell alike: asset keys, table names, groups, run tags, resource keys.

Groups are the layers and the quarantines, numbered, because the web UI lists groups by name; so they stand in
the order of the flow. The options of the command line also accept them without the number.
"""

import re

import dagster as dg

from spark.table import Layer, Table

FORCE = "cloudflix/force"
"""Run tag: commit even what is unchanged."""
REFRESH = "cloudflix/refresh"
"""Run tag: ask the source again, whatever it answered before."""
PROCESS = "cloudflix/process"
"""Run tag: the process of the command line that executes the run; if it is gone, the run is dead."""
COMMAND = "cloudflix/command"
"""Run tag: the command that was typed."""
SOURCE_TAG = "cloudflix/source"
"""Run tag: the source that the run was given."""
USER = "user"
"""Run tag, one of Dagster's: who launched the run."""
FINAL = "dagster/max_retries"
"""Run tag: how often Dagster's daemon retries the run if it fails; 0 if another attempt would not help."""
REPEATED = "cloudflix/repeated"
"""Run tag: a step was attempted again in Databricks, so the lost attempt may have left files."""

LAYER_TAG = "cloudflix/layer"
DATASET_TAG = "cloudflix/dataset"
"""Asset tags, by which the web UI and selections find tables: `tag:"cloudflix/layer"=gold`."""

FRESHNESS = "freshness"
"""The check of each gold table that asks for the last week, and the sensor that records it."""

STEP_LAUNCHER = "step_launcher"
"""Resource key of the step launcher; the deployments `local` and `azure` launch nothing."""

SOURCE, QUARANTINE = "source", "quarantine"
GROUPS = {name: f"{place}_{name}" for place, name in enumerate((SOURCE, *Layer, QUARANTINE))}
_GROUP = re.compile(r'\bgroup:"?(\w+)"?')
_QUARANTINE = f"_{QUARANTINE}"
_OF_GOLD, _IN_SILVER = f"{Layer.GOLD}/", f"{Layer.SILVER}/{Layer.GOLD}_"


def numbered(selection: str) -> str:
    """Return a selection of assets with groups numbered: `group:gold` becomes `group:"4_gold"`."""
    return _GROUP.sub(lambda found: f'group:"{GROUPS.get(found[1], found[1])}"', selection)


def asset_key(path: str) -> dg.AssetKey:
    """Return the asset key of a path such as `silver/titles`."""
    return dg.AssetKey(path.split("/"))


def table_name(path: str) -> str:
    """Return the name for queries of a path: `silver.titles` for `silver/titles`."""
    return path.replace("/", ".")


def quarantine_path(table: Table) -> str:
    """Return the path of a table's quarantined rows: `silver/titles_quarantine`."""
    return quarantine_of(table.path)


def quarantine_of(name: str) -> str:
    """Return the name of a table's quarantine; takes a path or an identifier such as `silver_titles`.

    What gold quarantines are rows of silver, and lie there: `silver/gold_titles_quarantine`.
    """
    return f"{name.replace(_OF_GOLD, _IN_SILVER)}{_QUARANTINE}"


def is_quarantine(name: str) -> bool:
    """Return whether a path or an identifier names a quarantine."""
    return name.endswith(_QUARANTINE)


def table_of(name: str) -> str:
    """Return the table to which a quarantine belongs; a table's own name is returned unchanged."""
    return name.removesuffix(_QUARANTINE).replace(_IN_SILVER, _OF_GOLD) if is_quarantine(name) else name
