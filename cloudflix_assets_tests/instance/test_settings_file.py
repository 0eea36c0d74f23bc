"""A home of an earlier version still opens; what was edited by hand is not overwritten."""

from pathlib import Path

import pytest

from cloudflix_assets.doctor.machine import probe_instance
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.instance.settings_file import InstanceRefused
from cloudflix_assets.settings.environment import Environment

FIRST = """\
# Written by cloudflix when it was missing; yours from then on.
telemetry:
  enabled: false
event_log_storage:
  module: cloudflix_assets.event_log
  class: SqliteEventLog
  config:
    base_dir: "{home}/history/runs"
"""
SECOND = FIRST.replace("event_log_storage:", "nux:\n  enabled: false\nevent_log_storage:")
THIRD = (
    SECOND.replace(
        "event_log_storage:",
        "# Each run of a backfill is a process with an engine of its own.\n"
        "concurrency:\n  runs:\n    max_concurrent_runs: 2\nevent_log_storage:",
    )
    + """\
compute_logs:
  module: cloudflix_assets.compute_logs
  class: ComputeLogs
  config:
    base_dir: "{home}/storage"
"""
)
ADDED = """\
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
EARLIER = {"the first": FIRST, "with nux": SECOND, "with compute logs": THIRD}


def settings_of(environment: Environment, text: str) -> Path:
    """A `dagster.yaml` in this test's home."""
    environment.home.mkdir(parents=True)
    settings = environment.home / "dagster.yaml"
    settings.write_text(text.replace("{home}", str(environment.home)))
    return settings


@pytest.mark.parametrize("version", EARLIER)
def test_the_settings_of_an_earlier_version_open_and_are_brought_up_to_date(
    environment: Environment, version: str
) -> None:
    """Whoever updates the project keeps a home whose `dagster.yaml` names modules by where they lay."""
    settings = settings_of(environment, EARLIER[version])
    with open_instance(environment) as instance:
        assert type(instance.event_log_storage).__module__ == "cloudflix_assets.instance.event_log"
    expected = EARLIER[version].replace("assets.event_log", "assets.instance.event_log")
    expected = expected.replace("assets.compute_logs", "assets.instance.compute_logs")
    assert settings.read_text() == expected.replace("{home}", str(environment.home)) + ADDED
    with open_instance(environment):
        assert settings.read_text() == expected.replace("{home}", str(environment.home)) + ADDED
    assert [path.name for path in environment.home.glob(".dagster*")] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("cloudflix_assets.event_log", "cloudflix_assets.instance.event_log"),
        ("cloudflix_assets.compute_logs", "cloudflix_assets.instance.compute_logs"),
        ("cloudflix_assets.adls.compute_logs", "cloudflix_assets.instance.account_compute_logs"),
    ],
)
def test_settings_edited_by_hand_are_left_alone_and_told_what_to_change(
    environment: Environment, old: str, new: str
) -> None:
    """Overwritten, somebody's own database or log folder would be forgotten."""
    text = f"telemetry: {{enabled: false}}\ncompute_logs:\n  module: {old}\n  class: Mine\n"
    settings = settings_of(environment, text)
    with pytest.raises(InstanceRefused) as refused, open_instance(environment):
        pass
    assert str(refused.value) == (
        f"{settings} names the module {old}, which is {new} now, and was edited by hand: write the new name "
        "there."
    )
    assert settings.read_text() == text


@pytest.mark.parametrize("text", [None, "", "\n", "# mine\n"])
def test_a_new_instance_is_watched_tidied_and_silent(environment: Environment, text: str | None) -> None:
    """Also where `dagster.yaml` is there and says nothing: Dagster would report its use."""
    if text is not None:
        settings_of(environment, text)
    with open_instance(environment) as instance:
        assert instance.telemetry_enabled is False
        assert instance.run_monitoring_enabled
        assert instance.run_retries_enabled
        assert instance.run_retries_max_retries == 1
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert set(instance.get_settings("retention")) == {"schedule", "sensor", "auto_materialize"}
        assert type(instance.event_log_storage).__module__ == "cloudflix_assets.instance.event_log"


@pytest.mark.parametrize(
    ("text", "silent"),
    [
        ("concurrency:\n  runs:\n    max_concurrent_runs: 7", True),
        ("telemetry:\n  enabled: true\n", False),
        ("telemetry: {enabled: false}\nconcurrency: {runs: {max_concurrent_runs: 7}}\n", True),
    ],
)
def test_settings_edited_by_hand_get_no_more_than_telemetry_switched_off(
    environment: Environment, text: str, silent: bool
) -> None:
    """Unless they say otherwise; what else they lack, doctor tells."""
    settings = settings_of(environment, text)
    with open_instance(environment) as instance:
        assert instance.telemetry_enabled is not silent
        assert not instance.run_retries_enabled
    added = "" if "telemetry" in text else "\ntelemetry:\n  enabled: false\n"
    assert settings.read_text() == text + added
    found = probe_instance(environment)
    assert found.state == "warn"
    assert found.seen == f"{settings} was edited by hand and lacks run_monitoring, run_retries, retention"


def test_settings_to_which_nothing_can_be_added_stay(environment: Environment) -> None:
    """Half of a file is worse than a setting that it lacks."""
    text = "{concurrency: {runs: {max_concurrent_runs: 7}}}\n"
    settings = settings_of(environment, text)
    with open_instance(environment):
        assert settings.read_text() == text
