"""A home of an earlier version still opens; what was edited by hand is not overwritten."""

from pathlib import Path

import pytest

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
EARLIER = {"the first": FIRST, "with nux": SECOND, "with compute logs": THIRD}


def settings_of(environment: Environment, text: str) -> Path:
    """A `dagster.yaml` in this test's home."""
    environment.home.mkdir(parents=True)
    settings = environment.home / "dagster.yaml"
    settings.write_text(text.replace("{home}", str(environment.home)))
    return settings


@pytest.mark.parametrize("version", EARLIER)
def test_the_settings_of_an_earlier_version_open_and_name_the_new_modules(
    environment: Environment, version: str
) -> None:
    """Whoever updates the project keeps a home whose `dagster.yaml` names modules by where they lay."""
    settings = settings_of(environment, EARLIER[version])
    with open_instance(environment) as instance:
        assert type(instance.event_log_storage).__module__ == "cloudflix_assets.instance.event_log"
    expected = EARLIER[version].replace("assets.event_log", "assets.instance.event_log")
    expected = expected.replace("assets.compute_logs", "assets.instance.compute_logs")
    assert settings.read_text() == expected.replace("{home}", str(environment.home))
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
