"""What `cloudflix doctor --launch` looks at on a cluster: its packages, its session, its way to the lake."""

from collections.abc import Callable
from uuid import uuid4

from cloudflix_assets.doctor.finding import Finding
from cloudflix_assets.engines.choice import spark_resource
from cloudflix_assets.errors import TOLD, first_line
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.settings.environment import Environment, environment
from cloudflix_assets.versions import installed

_FOLDER = "raw/staging"
_IMPORTED = ("dagster", "deltalake", "pandera", "pyarrow")


def findings() -> list[dict[str, object]]:
    """Every finding, as JSON has it."""
    settings = environment()
    checks = {"packages there": _packages, "session there": _session, "lake from there": _lake}
    return [_safely(name, check, settings).as_json() for name, check in checks.items()]


def _safely(name: str, check: Callable[[Environment], str], settings: Environment) -> Finding:
    try:
        return Finding(name, "ok", check(settings))
    except TOLD as error:
        return Finding(name, "fail", str(error))
    except Exception as error:  # noqa: BLE001  # whatever a cluster lacks
        return Finding(
            name, "fail", f"{type(error).__name__}: {first_line(error)}", "see the run in Databricks"
        )


def _packages(_: Environment) -> str:
    return ", ".join(f"{name} {installed(name) or 'missing'}" for name in _IMPORTED)


def _session(settings: Environment) -> str:
    session = spark_resource(settings).spark_session
    (row,) = session.sql("select 1 as one").collect()
    return f"Spark {session.version} answers {row.one}"


def _lake(settings: Environment) -> str:
    """Read, written and emptied, by the engine too."""
    lake, session = lake_of(settings), spark_resource(settings).spark_session
    lake.refuse_unusable()
    folder = f"{_FOLDER}/doctor-{uuid4().hex}"
    with lake.storage_errors(_FOLDER):
        try:
            session.range(1).write.parquet(lake.uri(f"{folder}/probe"))
            rows = session.read.parquet(lake.uri(f"{folder}/probe")).count()
        finally:
            lake.remove(folder)
    return f"{lake.uri('raw/')} can be written and read by the engine, {rows} row"
