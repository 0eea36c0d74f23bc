"""What GitHub's API answers, as far as it is used here. Other fields may come and go."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """An answer; it is GitHub's, so fields that are not declared are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Signature(Model):
    """An author or a committer, of whom only the time of signing is used."""

    date: datetime


class Signatures(Model):
    """When a commit was written, and when it came into the history that it stands in."""

    author: Signature
    committer: Signature


class Commit(Model):
    """A state of the repository."""

    sha: str
    commit: Signatures


class Entry(Model):
    """A name in a folder; `sha` is git's hash of a file, `size` its bytes."""

    name: str
    type: str
    sha: str
    size: int


class Repository(Model):
    """A repository."""

    full_name: str
    default_branch: str
