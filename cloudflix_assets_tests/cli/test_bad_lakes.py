"""A lake that cannot be used as it stands: told in one sentence, touched by nobody, put right by the remedy.

What is wrong with one table stands in test_bad_tables.py; every marker that is refused, in lake/test_lake.py.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from cloudflix_assets.lake.base import MARKER
from cloudflix_assets.landing.manifest import Manifest
from cloudflix_assets_tests.cli.bad_input import House, a_file, failures, house_in, refused
from cloudflix_assets_tests.lakehouse import WEEK_1


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return house_in(tmp_path_factory.mktemp("lakes"))


OTHER = "choose another lake (CLOUDFLIX_LAKE)"
IN_THE_WAY = f"is a file, and the lake needs a folder there: move the file away, or {OTHER}."
LAKES: dict[str, tuple[Callable[[Path], object], str]] = {
    "is a file": (a_file, f"{{lake}} {IN_THE_WAY}"),
    "has a file for a layer": (lambda lake: a_file(lake / "silver"), f"{{lake}}/silver {IN_THE_WAY}"),
    "of another source": (
        lambda lake: (lake / MARKER).write_text('{"format": 1, "source": "sample"}'),
        (
            "the lake {lake} holds sample, not directory:netflix: name its source again (--source sample), "
            f"{OTHER}, or empty this one with `cloudflix run --replace-source`."
        ),
    ),
}


@pytest.mark.parametrize("kind", LAKES)
def test_a_lake_that_is_no_lake_of_ours_is_left_alone(house: House, kind: str) -> None:
    """Weeks of two sources in one table look like one history."""
    arrange, sentence = LAKES[kind]
    with house.put_back():
        arrange(house.lake)
        before = house.listing()
        assert refused(house.run()) == sentence.format(lake=house.lake)
        assert house.listing() == before


def test_a_lake_below_a_file_is_refused(house: House, tmp_path: Path) -> None:
    """The path is a typo away from a good one; nothing can be made there."""
    (tmp_path / "file").write_text("no folder")
    lake = str(tmp_path / "file" / "lake")
    assert refused(house.run(env={"CLOUDFLIX_LAKE": lake})) == f"{tmp_path}/file {IN_THE_WAY}"


def test_a_landed_file_that_is_gone_is_landed_again(house: House) -> None:
    """Bronze of what is left would be a publication with a file missing."""
    with house.put_back():
        (landed,) = (house.lake / "raw" / "files" / "cast").iterdir()
        landed.unlink()
        assert failures(house.run("--select", "bronze/cast")) == {
            "bronze_cast": f"the landed file {landed} is gone: restore it, or rerun the week with its "
            "publication, which lands the file again if the source still has it."
        }
        assert house.run("--select", "+bronze/cast").code == 0


def test_a_manifest_that_is_damaged_is_written_anew(house: House) -> None:
    """Pydantic's report of it names a page of documentation, and no remedy."""
    with house.put_back():
        manifest = house.lake / Manifest.path_of(WEEK_1)
        manifest.write_text("{")
        assert failures(house.run("--select", "raw/cast")) == {
            "raw_cast": f"the manifest {manifest} cannot be read: rerun its week with its publication, which "
            "writes it anew."
        }
        assert house.run("--select", "+raw/cast").code == 0
