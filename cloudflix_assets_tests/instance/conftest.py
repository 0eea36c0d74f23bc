"""What tests of an instance share."""

from collections.abc import Iterator

import dagster as dg
import pytest

from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.settings.environment import Environment


@pytest.fixture
def opened(environment: Environment) -> Iterator[dg.DagsterInstance]:
    """This test's instance, in its home."""
    with open_instance(environment) as instance:
        yield instance
