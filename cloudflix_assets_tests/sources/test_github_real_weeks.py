"""The real files over four simulated weeks: each week its own bytes, in any order the same digests."""

from pathlib import Path

import dagster as dg
import pytest

from cloudflix_assets.landing.manifest import Manifest
from cloudflix_assets_tests.lakehouse import Lakehouse, Makes, MemorySource
from cloudflix_assets_tests.loopback.github.fixtures import WEEKS, Sources, in_folder, moment
from cloudflix_assets_tests.loopback.github.history import History
from cloudflix_assets_tests.loopback.github.server import LoopbackGitHub
from spark.datasets import DATASETS

IN_ANY_ORDER = (2, 0, 3, 1)


@pytest.fixture
def editions(real_files: Path) -> list[dict[str, bytes]]:
    """Four weeks: each file loses its last records, one more each week; the first week is whole."""
    whole = {dataset.name: (real_files / dataset.file).read_bytes() for dataset in DATASETS}
    return [{name: cut(content, number) for name, content in whole.items()} for number in range(4)]


def cut(content: bytes, lines: int) -> bytes:
    kept = content.splitlines(keepends=True)
    return b"".join(kept[: len(kept) - lines])


@pytest.fixture
def history(editions: list[dict[str, bytes]]) -> History:
    """A commit on the Wednesday of each week."""
    found = History()
    for week, files in zip(WEEKS, editions, strict=True):
        found.commit(in_folder(files), moment(week, 2.5))
    return found


def test_each_week_is_its_own_whatever_the_order(
    lakehouse: Makes,
    source: Sources,
    github: LoopbackGitHub,
    editions: list[dict[str, bytes]],
    tmp_path: Path,
) -> None:
    """What was landed, byte by byte; the digests, against a lake that was given the same files in order."""
    house = lakehouse(source=source())
    for number in IN_ANY_ORDER:
        assert house.run(WEEKS[number]).success
    for number in (2, 3):  # `newflag` reads the week before, which came later
        assert house.run(WEEKS[number]).success
    for number, week in enumerate(WEEKS):
        manifest = Manifest.of(house.lake, week)
        assert manifest
        landed = {file.dataset: house.lake.read(f"raw/{file.path}") for file in manifest.files}
        assert landed == editions[number]

    github.requests.clear()
    assert house.committed(WEEKS[1]) == []
    assert "blob" not in {kind for kind, _ in github.requests}

    environment = house.environment.model_copy(update={"home": tmp_path / "in order"})
    with dg.DagsterInstance.ephemeral() as instance:
        given = MemorySource(dict(zip(WEEKS, editions, strict=True)))
        other = Lakehouse(environment, instance, source=given)
        for week in WEEKS:
            assert other.run(week).success
        assert house.digests(*WEEKS) == other.digests(*WEEKS)
