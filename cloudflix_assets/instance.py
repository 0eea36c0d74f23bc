"""The Dagster instance under `CLOUDFLIX_HOME`, which the command line and the web UI share."""

import json
from pathlib import Path

import dagster as dg

from cloudflix_assets.environment import Environment

_SETTINGS = """\
# Written by cloudflix when it was missing; yours from then on.
telemetry:
  enabled: false
nux:
  enabled: false
event_log_storage:
  module: cloudflix_assets.event_log
  class: SqliteEventLog
  config:
    base_dir: {base_dir}
"""


def open_instance(environment: Environment) -> dg.DagsterInstance:
    """Open the instance, made first if need be."""
    return dg.DagsterInstance.from_config(str(prepare(environment)))


def prepare(environment: Environment) -> Path:
    """The instance's folder, with its settings."""
    settings = environment.home / "dagster.yaml"
    if not settings.is_file():
        settings.parent.mkdir(parents=True, exist_ok=True)
        runs = json.dumps(str(environment.home / "history" / "runs"), ensure_ascii=False)
        settings.write_text(_SETTINGS.format(base_dir=runs), encoding="utf-8")
    return environment.home
