"""docs/schema-drift.md, carried out in a copy of the project: each mode, an optional column, semicolons."""

import pytest

from cloudflix_assets_tests.pages.pages import Copy

pytestmark = pytest.mark.slow  # a page that is carried out
PAGE = "schema-drift.md"
UNRUN = frozenset({"rm -r drifting .cloudflix/drift"})  # looked at below

LAKE = ".cloudflix/drift/lake"


def test_every_week_reached_gold(project: Copy) -> None:
    """A delivery that is admitted and then quarantined whole would have been admitted for nothing."""
    for name in ("titles", "cast", "category", "countries", "directors"):
        rows = project.rows(f"{LAKE}/gold/{name}")
        assert set(rows) == {"2026-11-09", "2026-11-16"}
        refused = project.rows(f"{LAKE}/silver/gold_{name}_quarantine")
        assert all(refused[week] < 0.05 * rows[week] for week in rows)


def test_landed_files_are_named_by_their_dialect(project: Copy) -> None:
    """One that was read under another declaration must not be taken for it."""
    landed = {
        path.name.partition(".")[2] for path in (project.folder / LAKE / "raw/files/titles").glob("*.csv")
    }
    assert landed == {"csv", "semicolon.cp1252.csv"}
