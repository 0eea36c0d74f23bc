"""A home of an earlier version still opens; what was edited by hand is not overwritten."""

from pathlib import Path

import pytest

from cloudflix_assets.doctor.machine import probe_instance
from cloudflix_assets.instance import settings_file
from cloudflix_assets.instance.home import folders_elsewhere
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


def now(version: str, others: str = "") -> str:
    """What becomes of the settings of an earlier version: no folder, and `others` of the operator's own."""
    kept = EARLIER[version].partition("event_log_storage:")[0]
    return f"{kept}{settings_file._INSTANCE}{others}{ADDED}"


@pytest.mark.parametrize("version", EARLIER)
def test_the_settings_of_an_earlier_version_open_and_name_no_folder(
    environment: Environment, version: str
) -> None:
    """Whoever updates the project keeps a home whose `dagster.yaml` names modules by where they lay."""
    settings = settings_of(environment, EARLIER[version])
    with open_instance(environment) as instance:
        assert type(instance.event_log_storage).__module__ == "cloudflix_assets.instance.event_log"
        assert list(folders_elsewhere(instance, environment.home)) == []
    assert settings.read_text() == now(version)
    assert [path.name for path in environment.home.glob(".dagster*")] == []


@pytest.mark.parametrize("version", EARLIER)
@pytest.mark.parametrize("original", ["stays", "is gone"])
def test_the_settings_of_a_copied_home_of_an_earlier_version_are_its_own(
    environment: Environment, tmp_path: Path, version: str, original: str
) -> None:
    """It wrote its runs into the history of the home that it was copied from."""
    text = EARLIER[version].replace("{home}", str(tmp_path / "original"))
    if original == "stays":
        (tmp_path / "original").mkdir()
        (tmp_path / "original" / "dagster.yaml").write_text(text)
    settings = settings_of(environment, text)
    with open_instance(environment) as instance:
        assert list(folders_elsewhere(instance, environment.home)) == []
    assert settings.read_text() == now(version)


def test_what_else_an_operator_wrote_stays(environment: Environment) -> None:
    """The page about Azure has compute logs replaced; the history must follow the home all the same."""
    own = "compute_logs:\n  module: dagster\n  class: NoOpComputeLogManager\n"
    own = own.replace("dagster\n", "dagster._core.storage.noop_compute_log_manager\n", 1)
    settings = settings_of(environment, SECOND + own)
    with open_instance(environment) as instance:
        assert list(folders_elsewhere(instance, environment.home)) == []
        assert type(instance.compute_log_manager).__name__ == "NoOpComputeLogManager"
    assert settings.read_text() == now("with nux", own)


def test_folders_that_were_named_by_hand_stay(environment: Environment, tmp_path: Path) -> None:
    """The history on another disk would be forgotten."""
    (tmp_path / "disk").mkdir()
    text = THIRD.replace("{home}/history", str(tmp_path / "disk" / "history"))
    text = text.replace("cloudflix_assets.", "cloudflix_assets.instance.")
    settings = settings_of(environment, text)
    before = settings.read_text()
    with open_instance(environment) as instance:
        elsewhere = dict(folders_elsewhere(instance, environment.home))
    assert elsewhere == {"event_log_storage": tmp_path / "disk" / "history" / "runs"}
    assert settings.read_text() == before + ADDED


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


@pytest.mark.parametrize("text", [None, "", "\n", "# mine\n", "{}", "---\nnull\n", "[]\n", "\ufeff\n"])
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


@pytest.mark.parametrize("nothing", ["", " {}", " null  # mine"])
def test_telemetry_of_which_nothing_is_said_is_switched_off(environment: Environment, nothing: str) -> None:
    settings_of(environment, f"telemetry:{nothing}\nconcurrency: {{runs: {{max_concurrent_runs: 7}}}}\n")
    with open_instance(environment) as instance:
        assert instance.telemetry_enabled is False


def test_settings_to_which_nothing_can_be_added_stay(environment: Environment) -> None:
    """Half of a file is worse than a setting that it lacks."""
    text = "{concurrency: {runs: {max_concurrent_runs: 7}}}\n"
    settings = settings_of(environment, text)
    with open_instance(environment):
        assert settings.read_text() == text
