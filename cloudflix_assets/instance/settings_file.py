"""`dagster.yaml` of an instance: written when it is missing, and brought up to date while nobody edited it.

It names classes of ours by their modules, so a module that moves must be named anew in files that lie in
users' homes. A file that an earlier version wrote is rewritten; one that was edited by hand is left alone,
and the sentence says what to change in it.
"""

import json
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
_EVENT_LOG = """\
event_log_storage:
  module: {event_log}
  class: SqliteEventLog
  config:
    base_dir: {runs}
"""
_COMPUTE_LOGS = """\
compute_logs:
  module: {compute_logs}
  class: ComputeLogs
  config:
    base_dir: {logs}
"""
_FIRST = _HEADER + TELEMETRY + _EVENT_LOG
_SECOND = _HEADER + TELEMETRY + _NUX + _EVENT_LOG
_THIRD = _HEADER + TELEMETRY + _NUX + _CONCURRENCY + _EVENT_LOG + _COMPUTE_LOGS
_CURRENT = _THIRD + DAEMON
_EVENT_LOG_MODULE = "cloudflix_assets.instance.event_log"
_COMPUTE_LOGS_MODULE = "cloudflix_assets.instance.compute_logs"
_MOVED = {
    "cloudflix_assets.event_log": _EVENT_LOG_MODULE,
    "cloudflix_assets.compute_logs": _COMPUTE_LOGS_MODULE,
    "cloudflix_assets.adls.compute_logs": "cloudflix_assets.instance.account_compute_logs",
}
"""Modules that a `dagster.yaml` may name by where they lay before 2026-11-30."""
_MODULE = re.compile(r"(?<=module: )[\w.]+")
_FOLDER = re.compile(r"(?<=base_dir: ).*")


class InstanceRefused(CloudflixError):
    """Dagster's instance cannot be opened."""


def ensure_settings(home: Path) -> Path:
    """The `dagster.yaml` of an instance, written if it is missing and updated if an earlier version wrote it.

    Raises:
        InstanceRefused: it was edited by hand and names a module that has moved.
    """
    settings = home / "dagster.yaml"
    # A file that cannot be decoded passes here: Dagster, which reads it next, refuses it.
    text = settings.read_text(encoding="utf-8", errors="replace") if settings.is_file() else ""
    if is_empty(text):
        _write(settings, _rendered(home))
        return settings
    moved = [module for module in _MODULE.findall(text) if module in _MOVED]
    if moved and not _is_ours(text):
        raise InstanceRefused(
            f"{settings} names the module {moved[0]}, which is {_MOVED[moved[0]]} now, and was edited "
            "by hand: write the new name there."
        )
    current = _MODULE.sub(lambda found: _MOVED.get(found[0], found[0]), text)
    current = with_daemon_settings(current, _CURRENT)
    if current != text:
        _write(settings, current)
    return settings


def _rendered(home: Path) -> str:
    folders = {"runs": home / "history" / "runs", "logs": home / "storage"}
    return _CURRENT.format(
        event_log=_EVENT_LOG_MODULE,
        compute_logs=_COMPUTE_LOGS_MODULE,
        **{name: json.dumps(str(folder), ensure_ascii=False) for name, folder in folders.items()},
    )


def _is_ours(text: str) -> bool:
    """Whether an earlier version wrote it: the same but for modules and folders."""

    def without_values(text: str) -> str:
        return _FOLDER.sub("", _MODULE.sub("", text))

    written = (
        version.format(event_log="x", compute_logs="x", runs="x", logs="x")
        for version in (_FIRST, _SECOND, _THIRD, _CURRENT)
    )
    return without_values(text) in map(without_values, written)


def _write(settings: Path, text: str) -> None:
    """Write the file whole or not at all: half of one would be taken for one that was edited."""
    part = settings.with_name(f".{settings.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(settings)
