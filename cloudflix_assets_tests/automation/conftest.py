"""What tests of automation share."""

import pytest

from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, MemorySource, publication


@pytest.fixture
def published() -> MemorySource:
    """A source of two sound weeks, whose publications a test replaces."""
    return MemorySource({WEEK_1: publication(), WEEK_2: publication()})
