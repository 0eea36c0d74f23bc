"""What is launched knows no engine and no workspace of the developer's."""

import pytest


@pytest.fixture(autouse=True, scope="module")
def without_engine(no_engine: None) -> None:
    """A cluster's engine cannot be chosen, and a pass of the tests chooses one."""


@pytest.fixture(autouse=True)
def without_workspace(no_workspace: None) -> None:
    """The developer's variables and profiles would reach a client."""
