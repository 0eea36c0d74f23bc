"""docs/azure.md, carried out in a copy of the project on an emulator of its own."""

from pathlib import Path

import pytest

from cloudflix_assets_tests.loopback.azure.azurite import NoNode, install
from cloudflix_assets_tests.pages.pages import ROOT, Copy

pytestmark = pytest.mark.slow  # a page that is carried out


@pytest.fixture
def project(tmp_path: Path) -> Copy:
    """A copy of the project."""
    try:
        install()
    except NoNode as error:
        pytest.skip(str(error))
    return Copy.of_the_project(tmp_path / "a project")


def test_the_page_is_carried_out(project: Copy) -> None:
    """Who has no account tries it by these very lines; what is said to be gone afterwards must be."""
    try:
        project.follow(ROOT / "docs" / "azure.md")
    finally:
        project.run(["make", "azurite-stop"])
    left = {path.name for path in project.folder.iterdir()}
    assert not left & {".azurite.env", ".azurite.pid", ".azurite.log", ".cloudflix-azurite"}
