"""What tests of a lake in an account share."""

from pathlib import Path

import pytest

from cloudflix_assets.lake.adls import client
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lake.adls.lakes import settings
from cloudflix_assets_tests.loopback.azure.proxy import Proxy


@pytest.fixture
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shut stays shut: that it is asked again is not what is tested there."""
    monkeypatch.setitem(client._SETTINGS, "retry_total", 0)


@pytest.fixture
def account(proxy: Proxy, source: Path, tmp_path: Path) -> Environment:
    """Settings of a new lake behind the proxy, for which the module's folder `source` publishes."""
    return settings(proxy, tmp_path / "home", source=str(source))
