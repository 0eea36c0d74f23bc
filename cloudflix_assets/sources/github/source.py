"""A folder of a GitHub repository as a source: the commit that a week ended with, and its files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Self
from urllib.parse import quote

from pydantic import SecretStr

from cloudflix_assets.lake.marker import Place
from cloudflix_assets.sources.base import (
    Delivered,
    LandedBefore,
    News,
    NoPublication,
    Pin,
    SourceRefused,
)
from cloudflix_assets.sources.github.address import Address
from cloudflix_assets.sources.github.api import Answer, Api, NotThere
from cloudflix_assets.sources.github.models import Commit, Entry, Repository
from spark.datasets import DATASETS, Dataset

LARGEST_BYTES = 100 * 2**20
"""The largest file that the API serves, in bytes."""
_WEEK = timedelta(days=7)
POLL_TIMEOUT = 10.0
"""Seconds. Dagster gives a sensor a minute."""


@dataclass(frozen=True)
class GitHub:
    """The publisher. A lake knows it by its address; `named`, it may be on another server than before."""

    address: Address
    api: Api
    named: bool = False
    files: Sequence[Dataset] = DATASETS

    @classmethod
    def at(cls, address: Address, server: str, token: SecretStr | None, *, named: bool = False) -> Self:
        """Return the source at an address on a server, read with a token if there is one."""
        return cls(address, Api(server, token.get_secret_value() if token else None), named)

    @property
    def identity(self) -> str:
        """`github:owner/repo[@branch][:folder]`."""
        return str(self.address)

    @property
    def place(self) -> Place:
        """The server: two may have a repository of the same name."""
        return Place(self.api.server.rstrip("/"), vouched=self.named)

    def deliveries(self, week: date, *, pin: Pin | None = None) -> Sequence[Delivered]:
        """Return the files, all of one commit: `pin`, or the week's last one that touched the folder.

        Raises:
            NoPublication: the folder's history begins after the week.
            SourceRefused: GitHub cannot be read, or the commit lacks a file.
        """
        if pin:
            return self._pinned(week, pin)
        commit = self._last_commit(week)
        try:
            answer = self._contents(commit.sha)
        except NotThere:
            raise SourceRefused(
                f"{self.address} lacks {self.address.place} in its commit {commit.sha[:12]}, the last of "
                f"the week {week} (was it moved?): give --source its new folder; nothing was landed."
            ) from None
        origin = {
            "repository": self.address.repository,
            "commit": commit.sha,
            "authored": commit.commit.author.date.isoformat(),
            "committed": commit.commit.committer.date.isoformat(),
        }
        return self._deliveries(week, answer, origin)

    def _pinned(self, week: date, pin: Pin) -> Sequence[Delivered]:
        """Return the files of the commit that the week was landed from; after a 304, as they were landed."""
        origin = dict(pin.files[0].origin)
        try:
            answer = self._contents(pin.commit, origin.get("etag"))
        except NotThere:
            raise self._explain_hidden() or SourceRefused(
                f"{self.address} no longer has the commit {pin.commit[:12]}, from which the week {week} was "
                "landed (was its history rewritten?): `cloudflix run --refresh` for that week takes the "
                "commit that stands there now; nothing was landed."
            ) from None
        if answer.value is not None:
            return self._deliveries(week, answer, origin)
        return [self._unchanged(file) for file in pin.files]

    def news(self, etag: str | None) -> News | None:
        """Return the newest commit that touched the folder, or None if it came with `etag` before.

        There is one request and no second attempt: the next tick asks again.

        Raises:
            NoPublication: the folder has no history.
            SourceRefused: GitHub cannot be asked.
        """
        api = replace(self.api, attempts=1, timeout=POLL_TIMEOUT)
        try:
            answer = api.ask_if_changed(self._path("commits"), list[Commit], self._history(), etag)
        except NotThere:
            raise self._explain_absence() from None
        if answer.value is None:
            return None
        if not answer.value:
            raise NoPublication(f"{self.address} has no commit in {self.address.place}")
        return News(answer.value[0].sha, answer.etag)

    def _history(self) -> dict[str, str | int]:
        """Return parameters that ask for the newest commit of the folder on the branch."""
        params: dict[str, str | int] = {"per_page": 1}
        params |= {"path": self.address.folder} if self.address.folder else {}
        return params | ({"sha": self.address.branch} if self.address.branch else {})

    def _last_commit(self, week: date) -> Commit:
        last_second = datetime.combine(week + _WEEK, time(), UTC) - timedelta(seconds=1)
        params = self._history() | {"until": last_second.strftime("%Y-%m-%dT%H:%M:%SZ")}
        try:
            commits: list[Commit] = self.api.ask(self._path("commits"), list[Commit], params)
        except NotThere:
            raise self._explain_absence() from None
        if not commits:
            raise NoPublication(
                f"{self.address} has no commit in {self.address.place} by the end of the week {week}: "
                "nothing was published until then; choose a later week, or check the folder and the branch."
            )
        return commits[0]

    def _contents(self, commit: str, etag: str | None = None) -> Answer:
        """List the folder at a commit; the value is None if it is still the listing that `etag` names."""
        path = self._path(f"contents/{quote(self.address.folder)}".rstrip("/"))
        return self.api.ask_if_changed(path, list[Entry] | Entry, {"ref": commit}, etag)

    def _deliveries(self, week: date, answer: Answer, origin: Mapping[str, str]) -> Sequence[Delivered]:
        if isinstance(answer.value, Entry):
            raise SourceRefused(
                f"{self.address} is a file: give --source the folder that holds it; nothing was landed."
            )
        entries = {entry.name: entry for entry in answer.value}
        told = {**origin, "etag": answer.etag} if answer.etag else origin
        return [self._delivery(dataset, entries.get(dataset.file), told, week) for dataset in self.files]

    def _unchanged(self, file: LandedBefore) -> Delivered:
        entry = Entry(name=file.file, type="file", sha=file.origin["blob"], size=file.bytes)
        opened = partial(self.api.download, self.address.repository, entry)
        return Delivered(file.dataset, file.file, opened, file.origin)

    def _delivery(
        self, dataset: Dataset, entry: Entry | None, origin: Mapping[str, str], week: date
    ) -> Delivered:
        where = f"{self.address}, commit {origin['commit'][:12]}, the last of the week {week}"
        if entry is None or entry.type != "file":
            raise SourceRefused(
                f"{dataset.file} is missing from {where}: have it published there, then rerun the week; "
                "nothing was landed."
            )
        if entry.size > LARGEST_BYTES:
            raise SourceRefused(
                f"{dataset.file} has {entry.size / 2**20:,.0f} MB in {where}, and GitHub serves 100 at most: "
                "clone the repository and give --source the folder; nothing was landed."
            )
        opened = partial(self.api.download, self.address.repository, entry)
        return Delivered(dataset.name, dataset.file, opened, {**origin, "blob": entry.sha})

    def _explain_absence(self) -> SourceRefused:
        """Return the error for a history that is not there: no such repository, or no such branch."""
        return self._explain_hidden() or SourceRefused(
            f"{self.address.repository} has no branch {self.address.branch} (was it renamed?): its default "
            f"is {self._repository().default_branch}; nothing was landed."
        )

    def _explain_hidden(self) -> SourceRefused | None:
        """Return the error for a repository that is absent or hidden; None if it can be seen."""
        try:
            self._repository()
        except NotThere:
            hidden = (
                "the token in GITHUB_TOKEN may not see it"
                if self.api.token
                else "it is private: set GITHUB_TOKEN then"
            )
            return SourceRefused(
                f"GitHub shows no repository {self.address.repository}: check its name, or {hidden}; "
                "nothing was landed."
            )
        return None

    def _repository(self) -> Repository:
        return Repository.model_validate(self.api.ask(f"/repos/{self.address.repository}", Repository))

    def _path(self, rest: str) -> str:
        return f"/repos/{self.address.repository}/{rest}"
