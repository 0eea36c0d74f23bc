"""docs/other-sources.md, carried out in a copy of the project: a layout that ships, and an own one."""

import pytest

from cloudflix_assets_tests.pages.pages import Copy

pytestmark = pytest.mark.slow  # a page that is carried out
PAGE = "other-sources.md"
UNRUN = frozenset({"rm -r in-one elsewhere .cloudflix/in-one .cloudflix/elsewhere"})  # looked at below


def test_both_sources_reached_gold_whole(project: Copy) -> None:
    """A file that is admitted and then quarantined would have been admitted for nothing."""
    week = "2026-11-09"
    names = ("titles", "cast", "category", "countries", "directors")
    elsewhere = [project.rows(f".cloudflix/elsewhere/lake/gold/{name}")[week] for name in names]
    assert elsewhere == [2, 3, 3, 3, 1]
    for name in names:
        assert project.rows(f".cloudflix/in-one/lake/gold/{name}")[week] > 0
        for home in ("in-one", "elsewhere"):
            for quarantine in (f"{name}_quarantine", f"gold_{name}_quarantine"):
                assert project.rows(f".cloudflix/{home}/lake/silver/{quarantine}")[week] == 0
