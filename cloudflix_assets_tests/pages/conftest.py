"""A copy of the project in which a page was followed."""

import pytest

from cloudflix_assets_tests.pages.pages import ROOT, Copy


@pytest.fixture(scope="module")
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy in which the module's `PAGE` was followed, all of it but the commands in its `UNRUN`."""
    page = ROOT / "docs" / request.module.PAGE
    copy = Copy.of_the_project(
        tmp_path_factory.mktemp(page.stem) / "project", getattr(request.module, "UNRUN", frozenset())
    )
    copy.follow(page)
    return copy
