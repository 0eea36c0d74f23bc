"""docs/quickstart.md, carried out in a copy of the project as a newcomer would, but for the web UI."""

from pathlib import Path

import pytest
from deltalake import DeltaTable

from cloudflix_assets_tests.lakehouse import PATHS
from cloudflix_assets_tests.pages.pages import Copy

pytestmark = pytest.mark.slow  # a page that is carried out
PAGE = "quickstart.md"

# It serves until somebody ends it; what is removed is looked at below.
UNRUN = frozenset({"make dev", "rm -r delivered .cloudflix/mine"})


def test_the_broken_file_left_the_lake_as_it_was(project: Copy) -> None:
    """A rejected publication that touches a table would be published in part."""
    tables = [path.parent for path in (project.folder / ".cloudflix" / "mine").rglob("_delta_log")]
    assert len(tables) == len(PATHS)
    # Made, and its week committed once: neither the rejection nor the rerun added a version.
    assert {DeltaTable(table).version() for table in tables} == {1}


def test_no_pickle_is_left(project: Copy) -> None:
    """What a later reader would run by loading it; SECURITY.md says that there is none."""
    written = [path for path in (project.folder / ".cloudflix").rglob("*") if path.is_file()]
    assert len(written) > 100
    assert [path for path in written if begins(path, b"\x80")] == []


def begins(path: Path, start: bytes) -> bool:
    """Whether a file begins with these bytes, as each pickle does with its protocol."""
    with path.open("rb") as opened:
        return opened.read(len(start)) == start
