"""docs/add-a-file.md, followed to the letter in a copy of the project: the file reaches gold."""

import pytest

from cloudflix_assets.names import quarantine_of
from cloudflix_assets_tests.pages.pages import Copy

pytestmark = pytest.mark.slow  # a page that is carried out
PAGE = "add-a-file.md"

TABLES = ["raw/awards", "bronze/awards", "silver/awards", "gold/awards"]


def test_every_record_of_the_new_file_is_accounted_for(project: Copy) -> None:
    """A file that reaches bronze and stops there would look as if it had been delivered empty."""
    lake = ".cloudflix/lake"
    found = {path: project.rows(f"{lake}/{path}") for path in TABLES}
    assert list(found["raw/awards"].values()) == [1, 1]
    for week in found["raw/awards"]:
        assert found["bronze/awards"][week] > 100
        for before, after in (("bronze", "silver"), ("silver", "gold")):
            refused = project.rows(f"{lake}/{quarantine_of(f'{after}/awards')}")[week]
            assert found[f"{before}/awards"][week] == found[f"{after}/awards"][week] + refused
