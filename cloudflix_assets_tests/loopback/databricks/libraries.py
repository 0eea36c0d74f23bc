"""The libraries of a job, compared with the packages of the drivers, since nothing is downloaded."""

import json
import zipfile
from collections.abc import Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from cloudflix_assets_tests.loopback.databricks.calls import Json
from cloudflix_assets_tests.loopback.databricks.storage import Storage


class NotInstalled(Exception):
    """The error of a library that no cluster could install, or that the drivers here do not have."""


def install_libraries(libraries: Sequence[Json], storage: Storage, folder: Path) -> list[str]:
    """Check packages, and unpack wheels into a folder; return the folders that come first on the path.

    Raises:
        NotInstalled: a package is missing or has another version; a wheel is missing.
    """
    wheels = []
    for library in libraries:
        kind, asked = next(iter(library.items()))
        if kind == "pypi":
            _check(str(asked["package"]))
        elif kind == "requirements":
            _check_all(storage.of_code(str(asked)))
        elif kind == "whl":
            wheels.append(storage.of_code(str(asked)))
        else:
            raise NotInstalled(f"the loopback does not install {kind} {asked}")
    for wheel in wheels:
        if not wheel.is_file():
            raise NotInstalled(f"{wheel.name} does not exist")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    return [str(folder)] if wheels else []


def _check_all(listed: Path) -> None:
    if not listed.is_file():
        raise NotInstalled(f"{listed.name} does not exist")
    for line in listed.read_text().splitlines():
        _check(line)


def _check(asked: str) -> None:
    try:
        requirement = Requirement(asked)
    except InvalidRequirement as error:
        raise NotInstalled(f"{asked} is no requirement: {error}") from None
    if requirement.marker and not requirement.marker.evaluate():
        return
    try:
        found = distribution(requirement.name)
    except PackageNotFoundError:
        raise NotInstalled(f"Could not find a version that satisfies the requirement {asked}") from None
    # An editable package is under development here, and on no index.
    if _is_editable(found) or not requirement.specifier.contains(found.version, prereleases=True):
        raise NotInstalled(f"No matching distribution found for {asked} (there is {found.version})")


def _is_editable(found: Distribution) -> bool:
    told = json.loads(found.read_text("direct_url.json") or "{}")
    return bool(told.get("dir_info", {}).get("editable"))
