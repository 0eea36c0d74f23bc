"""Fixtures that unset the developer's engine and workspace for launched steps."""

import pytest


@pytest.fixture(autouse=True, scope="module")
def without_engine(no_engine: None) -> None:
    """Unset the engine, which a pass of the tests sets and a deployment on a cluster refuses."""


@pytest.fixture(autouse=True)
def without_workspace(no_workspace: None) -> None:
    """Unset the developer's variables and profiles, which would reach a client."""
