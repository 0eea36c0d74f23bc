"""Fixtures of a loopback GitHub with four weeks of history, and of the source that reads it."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest

from cloudflix_assets.sources.github.address import Address
from cloudflix_assets.sources.github.api import Api
from cloudflix_assets.sources.github.source import GitHub
from cloudflix_assets_tests.lakehouse import publication, titles
from cloudflix_assets_tests.loopback.github.history import History
from cloudflix_assets_tests.loopback.github.server import NAME, OWNER, LoopbackGitHub
from spark.datasets import DATASETS

FOLDER = "data"
WEEKS = [date(2026, 10, 26) + timedelta(days=7 * number) for number in range(4)]

Sources = Callable[..., GitHub]


def moment(week: date, days: float) -> datetime:
    """Return the moment that is some days after the start of a week."""
    return datetime.combine(week, time(), UTC) + timedelta(days=days)


def published(number: int) -> dict[str, bytes]:
    """Return the publication of one of the four weeks: files by dataset."""
    return publication(titles=titles({"title": f"Edition {number}"}))


def in_folder(files: dict[str, bytes], folder: str = FOLDER) -> dict[str, bytes]:
    """Return files of datasets by their path in the repository, with a README that is no dataset."""
    names = {dataset.name: dataset.file for dataset in DATASETS}
    return {"README.md": b"A catalogue.\n", **{f"{folder}/{names[n]}": c for n, c in files.items()}}


@pytest.fixture
def history() -> History:
    """A repository with a commit on the Wednesday of each week."""
    found = History()
    for number, week in enumerate(WEEKS):
        found.commit(in_folder(published(number)), moment(week, 2.5))
    return found


@pytest.fixture
def github(history: History) -> Iterator[LoopbackGitHub]:
    """A running server; a request that GitHub would not understand fails the test."""
    with LoopbackGitHub(history).serve() as server:
        yield server
    assert server.wrong == []


@pytest.fixture
def source(github: LoopbackGitHub) -> Sources:
    """A function that makes a source on that server, such as `source(branch="main")`; its waits are short."""

    def make(token: str | None = None, timeout: float = 20, **address: str) -> GitHub:
        where = Address(**{"owner": OWNER, "repo": NAME, "folder": FOLDER, **address})
        api = Api(github.url, token, backoff=lambda _: 0.001, timeout=timeout)
        return GitHub(where, api)

    return make
