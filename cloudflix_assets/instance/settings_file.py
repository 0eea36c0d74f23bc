"""`dagster.yaml` of an instance: written when it is missing, and brought up to date while nobody edited it.

It names a class of ours by its module, so a module that moves must be named anew in files that lie in users'
homes; and it names no folder, because a home may be copied. What an earlier version wrote is rewritten; what
was edited by hand is left alone, and the sentence says what to change in it.
"""

import os
import re
from pathlib import Path

from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.instance.daemon_settings import DAEMON, TELEMETRY, is_empty, with_daemon_settings

_HEADER = "# Written by cloudflix when it was missing; yours from then on.\n"
_NUX = "nux:\n  enabled: false\n"
_CONCURRENCY = """\
# Each run of a backfill is a process with an engine of its own.
concurrency:
  runs:
    max_concurrent_runs: 2
"""
_INSTANCE = """\
# Runs, events and the output of steps lie in this folder, also after it was copied or moved.
instance_class:
  module: cloudflix_assets.instance.home
  class: HomeInstance
"""
_CURRENT = _HEADER + TELEMETRY + _NUX + _CONCURRENCY + _INSTANCE + DAEMON
_EVENT_LOG, _COMPUTE_LOGS = (
    re.compile(
        rf"{part}:\n  module: cloudflix_assets\.(?:instance\.)?{module}\n  class: {kind}\n"
        r"  config:\n    base_dir: (.*)\n"
    )
    for part, module, kind in (
        ("event_log_storage", "event_log", "SqliteEventLog"),
        ("compute_logs", "compute_logs", "ComputeLogs"),
    )
)
"""What earlier versions wrote instead of `_INSTANCE`, with the folders of the home that they wrote it for."""
_MOVED = {
    "cloudflix_assets.event_log": "cloudflix_assets.instance.event_log",
    "cloudflix_assets.compute_logs": "cloudflix_assets.instance.compute_logs",
    "cloudflix_assets.adls.compute_logs": "cloudflix_assets.instance.account_compute_logs",
}
"""Modules that a `dagster.yaml` may name by where they lay before 2026-11-30."""
_MODULE = re.compile(r"(?<=module: )[\w.]+")


class InstanceRefused(CloudflixError):
    """Dagster's instance cannot be opened."""


def ensure_settings(home: Path) -> Path:
    """The `dagster.yaml` of an instance, written if it is missing and updated if an earlier version wrote it.

    Raises:
        InstanceRefused: it was edited by hand and names a module that has moved.
    """
    settings = home / "dagster.yaml"
    # A file that cannot be decoded passes here: Dagster, which reads it next, refuses it.
    text = settings.read_text(encoding="utf-8-sig", errors="replace") if settings.is_file() else ""
    if is_empty(text):
        _write(settings, _CURRENT)
        return settings
    relative = _without_folders(text, home)
    if moved := [module for module in _MODULE.findall(relative) if module in _MOVED]:
        raise InstanceRefused(
            f"{settings} names the module {moved[0]}, which is {_MOVED[moved[0]]} now, and was edited "
            "by hand: write the new name there."
        )
    current = with_daemon_settings(relative, _CURRENT)
    if current != text:
        _write(settings, current)
    return settings


def _without_folders(text: str, home: Path) -> str:
    """Replace what an earlier version wrote with the folders of a home; others, named by hand, stay."""
    log, output = _EVENT_LOG.search(text), _COMPUTE_LOGS.search(text)
    if log is None or not _is_of_a_home(log[1], "history/runs", home):
        return text
    if output and _is_of_a_home(output[1], "storage", home):
        text = text.replace(output[0], "")
    return text.replace(log[0], _INSTANCE)


def _is_of_a_home(value: str, below: str, home: Path) -> bool:
    """Whether a folder lies `below` this home, or below the one that this home was copied or moved from."""
    folder = value.strip('"')
    written = Path(folder.removesuffix(f"/{below}"))
    was_home = not written.exists() or (written / "dagster.yaml").is_file()
    return folder.endswith(f"/{below}") and (written == home or was_home)


def _write(settings: Path, text: str) -> None:
    """Write the file whole or not at all: half of one would be taken for one that was edited."""
    part = settings.with_name(f".{settings.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(settings)
