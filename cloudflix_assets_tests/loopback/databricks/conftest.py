"""Fixtures that unset the developer's engine and workspace for launched steps."""

import pytest


@pytest.fixture(autouse=True, scope="module")
def without_engine(no_engine: None) -> None:
    """A cluster's engine cannot be chosen, and a pass of the tests chooses one."""


@pytest.fixture(autouse=True)
def without_workspace(no_workspace: None) -> None:
    """The developer's variables and profiles would reach a client."""
