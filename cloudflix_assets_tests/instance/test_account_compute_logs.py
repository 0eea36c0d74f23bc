"""What steps print goes to the account, where a dagster.yaml of one's own says so."""

import shutil
import sys
import urllib.request
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.storage.compute_log_manager import ComputeIOType

from cloudflix_assets.instance.account_compute_logs import AccountComputeLogs
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.lake.adls.account import AccountMissing
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.loopback.azure.azurite import Azurite

KEY = ["run", "compute_logs", "steps"]
OPTION = """\
telemetry:
  enabled: false
compute_logs:
  module: cloudflix_assets.instance.account_compute_logs
  class: AccountComputeLogs
  config:
    container: {container}
    local_dir: {folder}
"""


@pytest.fixture
def container(
    azurite: Azurite,
    environment: Environment,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> str:
    """Its name; it is not there yet. The settings of this process are those of the account."""
    monkeypatch.setenv("CLOUDFLIX_DEPLOYMENT", "azure")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", azurite.account)
    monkeypatch.setenv("AZURE_STORAGE_KEY", azurite.key)
    monkeypatch.setenv("CLOUDFLIX_AZURE_ENDPOINT", azurite.endpoint)
    name = f"logs-{uuid4().hex}"
    environment.home.mkdir()
    settings = OPTION.format(container=name, folder=environment.home / "storage")
    (environment.home / "dagster.yaml").write_text(settings)
    return name


def printed(instance: dg.DagsterInstance) -> AccountComputeLogs:
    """The manager, after something was printed in a step."""
    logs = instance.compute_log_manager
    assert isinstance(logs, AccountComputeLogs)
    with logs.capture_logs(KEY):
        sys.stdout.write("to standard output")
        sys.stderr.write("to standard error")
    return logs


def test_what_is_printed_is_read_from_the_account(environment: Environment, container: str) -> None:
    """The machine of the run may be gone when somebody reads; and no container was made by hand."""
    with open_instance(environment) as instance:
        logs = printed(instance)
        shutil.rmtree(environment.home / "storage")
        kept = logs.get_log_data(KEY)
        assert (kept.stdout, kept.stderr) == (b"to standard output", b"to standard error")


def test_a_second_upload_replaces_the_first(environment: Environment, container: str) -> None:
    """Its answer was lost, and dagster-azure's own would fail for ever after."""
    with open_instance(environment) as instance:
        printed(instance)
        logs = printed(instance)
        shutil.rmtree(environment.home / "storage")
        assert logs.get_log_data(KEY).stdout == b"to standard output"


def test_the_web_ui_gets_an_address_that_leads_to_the_file(environment: Environment, container: str) -> None:
    with open_instance(environment) as instance:
        url = printed(instance).download_url_for_type(KEY, ComputeIOType.STDOUT)
        assert url is not None
        with urllib.request.urlopen(url) as answer:
            assert answer.read() == b"to standard output"


def test_with_a_signature_there_is_no_address(
    environment: Environment, container: str, azurite: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None can be made of one, and the one that we have must not be shown."""
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", "sv=2026-10-06&sig=secret")
    monkeypatch.setenv("CLOUDFLIX_AZURE_CREDENTIAL", "sas")
    with open_instance(environment) as instance:
        logs = instance.compute_log_manager
        assert isinstance(logs, AccountComputeLogs)
        assert logs.download_url_for_type(KEY, ComputeIOType.STDOUT) is None


def test_an_account_that_refuses_them_fails_no_step(environment: Environment, container: str) -> None:
    """What a step printed is not worth the step."""
    settings = environment.home / "dagster.yaml"
    settings.write_text(settings.read_text().replace(container, "no--container-is-called-so"))

    @dg.asset
    def printing() -> None:
        sys.stdout.write("to standard output")

    with open_instance(environment) as instance:
        assert dg.materialize([printing], instance=instance).success


def test_without_an_account_the_instance_says_what_to_do(
    environment: Environment, container: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the first run would fail with a stack trace."""
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT")
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)  # as a lake told this process before
    told = "set AZURE_STORAGE_ACCOUNT to its name"
    with pytest.raises(AccountMissing, match=told), open_instance(environment):
        pass
