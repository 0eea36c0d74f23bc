"""What tests of a lake in an account share."""

import pytest

from cloudflix_assets.lake.adls import client


@pytest.fixture
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shut stays shut: that it is asked again is not what is tested there."""
    monkeypatch.setitem(client._SETTINGS, "retry_total", 0)
