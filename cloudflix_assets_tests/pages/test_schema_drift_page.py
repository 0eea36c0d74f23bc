"""docs/schema-drift.md, carried out in a copy of the project: each mode, an optional column, semicolons."""

import pytest

from cloudflix_assets_tests.pages.pages import ROOT, Copy

pytestmark = pytest.mark.slow  # a page that is carried out

LAKE = ".cloudflix/drift/lake"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy of the project in which the page was followed."""
    copy = Copy.of_the_project(tmp_path_factory.mktemp("schema-drift") / "project")
    copy.follow(ROOT / "docs" / "schema-drift.md")
    return copy


def test_every_week_reached_gold(project: Copy) -> None:
    """A delivery that is admitted and then quarantined whole would have been admitted for nothing."""
    for name in ("titles", "cast", "category", "countries", "directors"):
        rows = project.rows(f"{LAKE}/gold/{name}")
        assert set(rows) == {"2026-11-09", "2026-11-16"}
        refused = project.rows(f"{LAKE}/gold/{name}_quarantine")
        assert all(refused[week] < 0.05 * rows[week] for week in rows)


def test_landed_files_are_named_by_their_dialect(project: Copy) -> None:
    """One that was read under another declaration must not be taken for it."""
    landed = {
        path.name.partition(".")[2] for path in (project.folder / LAKE / "raw/files/titles").glob("*.csv")
    }
    assert landed == {"csv", "semicolon.cp1252.csv"}
