"""Where on GitHub publications lie: `github:owner/repo[@branch][:folder]`."""

import re
from dataclasses import dataclass
from typing import Self

from cloudflix_assets.errors import masked
from cloudflix_assets.sources.base import SourceRefused

SCHEME = "github:"
_ADDRESS = re.compile(
    r"github:(?P<owner>[A-Za-z0-9-]+)/(?P<repo>[\w.-]+)(?:@(?P<branch>[^:\s]+))?(?::(?P<folder>[^\s].*))?"
)


@dataclass(frozen=True)
class Address:
    """A folder (empty: the top) of a branch (None: the repository's default) of a repository."""

    owner: str
    repo: str
    branch: str | None = None
    folder: str = ""

    @classmethod
    def of(cls, setting: str) -> Self:
        """Return the address that a setting names.

        Raises:
            SourceRefused: the setting is no address.
        """
        if not (found := _ADDRESS.fullmatch(setting)):
            raise SourceRefused(
                f"{masked(setting)!r} names no folder on GitHub: write github:owner/repo[@branch][:folder], "
                "such as github:acme/catalogue@main:data."
            )
        folder = (found["folder"] or "").strip("/")
        return cls(found["owner"], found["repo"], found["branch"], folder)

    def __str__(self) -> str:
        """Return the address as a setting, in canonical spelling."""
        branch = f"@{self.branch}" if self.branch else ""
        return f"{SCHEME}{self.repository}{branch}{f':{self.folder}' if self.folder else ''}"

    @property
    def repository(self) -> str:
        """`owner/repo`."""
        return f"{self.owner}/{self.repo}"

    @property
    def place(self) -> str:
        """The folder, in words."""
        return f"the folder {self.folder}" if self.folder else "the top folder"
