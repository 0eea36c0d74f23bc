"""What is spelt alike everywhere: asset keys, table names, groups, run tags, resource keys.

Groups are the layers, numbered, because the web UI lists groups by name; so they stand in the order of the
flow. Whoever names one may leave the number out.
"""

import re

import dagster as dg

from spark.table import Layer, Table

FORCE = "cloudflix/force"
"""Run tag: commit even what is unchanged."""
REFRESH = "cloudflix/refresh"
"""Run tag: ask the source again, whatever it answered before."""
PROCESS = "cloudflix/process"
"""Run tag: the process of the command line that runs it; one that is gone has left the run unfinished."""
REPEATED = "cloudflix/repeated"
"""Run tag: a step was attempted again in Databricks, so files of the lost attempt may lie about."""

LAYER_TAG = "cloudflix/layer"
DATASET_TAG = "cloudflix/dataset"
"""Asset tags, by which the web UI and selections find tables: `tag:"cloudflix/layer"=gold`."""

STEP_LAUNCHER = "step_launcher"
"""Resource key: who runs a step elsewhere; with the deployments `local` and `azure` nobody does."""

SOURCE = "source"
GROUPS = {name: f"{place}_{name}" for place, name in enumerate((SOURCE, *Layer))}
_GROUP = re.compile(r'\bgroup:"?(\w+)"?')
_QUARANTINE = "_quarantine"


def numbered(selection: str) -> str:
    """A selection of assets in which `group:gold` is `group:"4_gold"`."""
    return _GROUP.sub(lambda found: f'group:"{GROUPS.get(found[1], found[1])}"', selection)


def asset_key(path: str) -> dg.AssetKey:
    """`silver/titles` as Dagster's key."""
    return dg.AssetKey(path.split("/"))


def table_name(path: str) -> str:
    """`silver/titles` as a name for queries: `silver.titles`."""
    return path.replace("/", ".")


def quarantine_path(table: Table) -> str:
    """Where the refused rows of a table lie: `silver/titles_quarantine`."""
    return quarantine_of(table.path)


def quarantine_of(name: str) -> str:
    """The quarantine's name beside a table's, as a path or an identifier: `silver_titles_quarantine`."""
    return f"{name}{_QUARANTINE}"


def is_quarantine(name: str) -> bool:
    """Whether a path or an identifier is that of a quarantine."""
    return name.endswith(_QUARANTINE)


def table_of(name: str) -> str:
    """The table to which a quarantine belongs; of a table's own name, that name."""
    return name.removesuffix(_QUARANTINE)
