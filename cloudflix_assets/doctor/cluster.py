"""Findings of `cloudflix doctor --launch`, made on the cluster: packages, session, access to the lake."""

from collections.abc import Callable
from uuid import uuid4

from cloudflix_assets.doctor.finding import Finding, failure_as_finding
from cloudflix_assets.engines.choice import start_engine
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.settings.environment import Environment, environment
from cloudflix_assets.versions import installed

_FOLDER = "raw/staging"
_IMPORTED = ("dagster", "deltalake", "pandera", "pyarrow")


def examine_cluster() -> list[dict[str, object]]:
    """Probe packages, session and lake from here, and return each finding as a JSON object."""
    settings = environment()
    probes = {"packages there": _packages, "session there": _probe_session, "lake from there": _probe_lake}
    return [_finding(name, probe, settings).as_json() for name, probe in probes.items()]


def _finding(name: str, probe: Callable[[Environment], str], settings: Environment) -> Finding:
    return failure_as_finding(
        name, lambda: Finding(name, "ok", probe(settings)), unexpected="see the run in Databricks"
    )


def _packages(_: Environment) -> str:
    return ", ".join(f"{name} {installed(name) or 'missing'}" for name in _IMPORTED)


def _probe_session(settings: Environment) -> str:
    session = start_engine(settings).spark_session
    (row,) = session.sql("select 1 as one").collect()
    return f"Spark {session.version} answers {row.one}"


def _probe_lake(settings: Environment) -> str:
    """Write a Parquet file with the engine, read it back and remove it."""
    lake, session = lake_of(settings), start_engine(settings).spark_session
    lake.refuse_unusable()
    folder = f"{_FOLDER}/doctor-{uuid4().hex}"
    with lake.storage_errors(_FOLDER):
        try:
            session.range(1).write.parquet(lake.uri(f"{folder}/probe"))
            rows = session.read.parquet(lake.uri(f"{folder}/probe")).count()
        finally:
            lake.remove(folder)
    return f"{lake.uri('raw/')} can be written and read by the engine, {rows} row"
