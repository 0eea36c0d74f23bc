"""A lake with one good week, and what must hold after anything was refused."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import copytree, rmtree

from cloudflix_assets_tests.cli.command import Told, cloudflix
from cloudflix_assets_tests.lakehouse import WEEK_1, publication, put

PLAIN_LOGS = ("raw/files/publications", "raw/files/rejected")
"""Rewritten by every run of a week: when the files were fetched, and why they were not landed."""


@dataclass(frozen=True)
class House:
    """A home in which one week was run from a folder of five files."""

    home: Path
    source: Path

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    def run(self, *options: str, week: object = WEEK_1, env: Mapping[str, str] | None = None) -> Told:
        """Run a week, reporting as JSON."""
        source = () if "--source" in options else ("--source", str(self.source))
        return cloudflix(self.home, "run", "--json", "--week", str(week), *source, *options, env=env)

    def listing(self) -> dict[str, str]:
        """Every file of the lake with its hash, staging and half-written files among them."""
        files = {str(path.relative_to(self.lake)): path for path in self.lake.rglob("*") if path.is_file()}
        return {
            name: sha256(path.read_bytes()).hexdigest()
            for name, path in sorted(files.items())
            if not name.startswith(PLAIN_LOGS)
        }

    @contextmanager
    def put_back(self) -> Iterator[None]:
        """Whatever happens to the lake and the files meanwhile, both are afterwards as before."""
        kept = self.home.parent / "kept"
        copytree(self.lake, kept)
        try:
            yield
        finally:
            rmtree(self.lake) if self.lake.is_dir() else self.lake.unlink()
            kept.rename(self.lake)
            put(self.source, publication())


def house_in(folder: Path) -> House:
    """A house whose first week is good."""
    house = House(folder / "home", put(folder / "netflix", publication()))
    told = house.run()
    assert told.code == 0, told.stderr
    return house


def a_file(path: Path) -> None:
    """A file where a folder was."""
    rmtree(path)
    path.write_text("no folder")


def failures(told: Told) -> dict[str, str]:
    """The sentence of each failed step of a week that ended as a failed week should."""
    assert told.code == 1
    assert "Traceback" not in told.stderr
    (week,) = told.weeks
    assert week["success"] is False
    found: dict[str, str] = week["failures"]
    for sentence in found.values():
        assert sentence in told.sentence
    return found


def refused(told: Told) -> str:
    """The one sentence of a command that ran nothing."""
    assert (told.code, told.stdout) == (1, "")
    (sentence,) = told.stderr.splitlines()
    return sentence
