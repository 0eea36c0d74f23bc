"""What `dagster.yaml` says of Dagster's daemon and of telemetry, added where an earlier version lacks it.

Other settings of the instance, and who may write the file, are in settings_file.py.
"""

import re

TELEMETRY = "telemetry:\n  enabled: false\n"
DAEMON = """\
# A run that does not start or end is ended; one whose process crashed is run once more.
run_monitoring:
  enabled: true
run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false
# Days for which the evaluations of schedules, sensors and conditions are kept.
retention:
  schedule:
    purge_after_days: 365
  sensor:
    purge_after_days:
      skipped: 7
      success: 90
      failure: 90
  auto_materialize:
    purge_after_days:
      skipped: 7
      success: 90
      failure: 90
"""
KEYS = ("run_monitoring", "run_retries", "retention")
_KEY = re.compile(r"^(\w+):", re.MULTILINE)
_SAYS_NOTHING = re.compile(r"\s*(---|\.\.\.|\{\s*\}|\[\s*\]|null|~)?\s*(#.*)?")
"""A line without a setting, of which Dagster makes the settings that it has by default."""
_TELEMETRY_OF_NOTHING = re.compile(
    r"^telemetry:[ \t]*(\{[ \t]*\}|null|~)?[ \t]*(#.*)?(\n|\Z)(?![ \t])", re.MULTILINE
)
_OF_A_CLASS = re.compile(
    r"(instance_class|event_log_storage|compute_logs|  (module|class|config)|    base_dir):.*"
)


def is_empty(text: str) -> bool:
    """Return whether a `dagster.yaml` says nothing."""
    return all(_SAYS_NOTHING.fullmatch(line) for line in text.splitlines())


def with_daemon_settings(text: str, written: str) -> str:
    """Add what a `dagster.yaml` lacks: telemetry is switched off in any, the rest is added to ours.

    Args:
        text: of the file; one that is no list of keys stays as it is.
        written: what this version writes; a file is ours if it begins alike and has no other lines.
    """
    text = _TELEMETRY_OF_NOTHING.sub(TELEMETRY, text)
    keys, known = set(_KEY.findall(text)), written.splitlines()
    lines = [line for line in text.splitlines() if line and not _OF_A_CLASS.fullmatch(line)]
    missing = TELEMETRY if keys and "telemetry" not in keys else ""
    if lines[:1] == known[:1] and set(lines) <= set(known) and keys.isdisjoint(KEYS):
        missing += DAEMON
    return f"{text.rstrip()}\n{missing}" if missing else text
