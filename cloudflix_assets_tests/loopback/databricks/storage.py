"""Folders that stand for DBFS, Unity Catalog volumes and workspace files, and what a path means there."""

import re
from pathlib import Path

from cloudflix_assets_tests.loopback.databricks.calls import BAD, Refused

VOLUME = re.compile(r"/Volumes/([^/]+)/([^/]+)/([^/]+)(?:/(.*))?")


class Storage:
    """The storage that the workspace and its drivers share.

    Attributes:
        dbfs_disabled: the account has no DBFS root, as new ones have none.
        volumes: `/Volumes/<catalog>/<schema>/<volume>` of those that exist.
    """

    def __init__(self, root: Path) -> None:
        self.dbfs_root, self.volumes_root = root / "dbfs", root / "Volumes"
        self.workspace_root, self.local = root / "Workspace", root / "local_disk0"
        for folder in (self.dbfs_root, self.volumes_root, self.workspace_root, self.local):
            folder.mkdir(parents=True, exist_ok=True)
        self.dbfs_disabled = False
        self.volumes: set[str] = set()

    def add_volume(self, name: str) -> str:
        """Make `catalog.schema.volume` exist; returns its path, under `/Volumes`."""
        path = "/Volumes/" + "/".join(name.split("."))
        if not VOLUME.fullmatch(path):
            raise ValueError(f"{name} is no name of a volume: write catalog.schema.volume")
        self.volumes.add(path)
        self.in_volume(path).mkdir(parents=True, exist_ok=True)
        return path

    def in_volume(self, path: str) -> Path:
        """Where a path under `/Volumes` lies on this machine.

        Raises:
            Refused: 400 if it is no such path, 404 if there is no such volume.
        """
        found = VOLUME.fullmatch(clean(path))
        if not found:
            raise Refused(400, "INVALID_PATH", f"Invalid path: {path} is in no volume")
        catalog, schema, volume, rest = found.groups()
        if f"/Volumes/{catalog}/{schema}/{volume}" not in self.volumes:
            raise Refused(404, "NOT_FOUND", f"Volume '{catalog}.{schema}.{volume}' does not exist.")
        return self.volumes_root / catalog / schema / volume / (rest or "")

    def in_dbfs(self, path: str) -> Path:
        """Where a path of the DBFS root lies on this machine.

        Raises:
            Refused: 400 if it is none, 403 if the root is disabled.
        """
        cleaned = clean(path)
        if cleaned.startswith("/Volumes/"):
            raise Refused(400, BAD, "No operations allowed on this path")
        if self.dbfs_disabled:
            raise Refused(
                403, "PERMISSION_DENIED", f"Public DBFS root is disabled. Access is denied on path: {path}"
            )
        return self.dbfs_root / cleaned.lstrip("/")

    def of_code(self, uri: str) -> Path:
        """Where the Python file of a task lies on this machine: in DBFS, a volume or the workspace."""
        if clean(uri).startswith("/Volumes/"):
            return self.in_volume(uri)
        if uri.startswith("dbfs:"):
            return self.in_dbfs(uri)
        return self.workspace_root / clean(uri).removeprefix("/Workspace").lstrip("/")

    def mounts(self, *, dbfs: bool) -> dict[str, str]:
        """The folders of this machine by the paths of a driver: `/dbfs` only in some access modes."""
        mounts = {"/Volumes": str(self.volumes_root), "/Workspace": str(self.workspace_root)}
        return {**mounts, "/dbfs": str(self.dbfs_root)} if dbfs and not self.dbfs_disabled else mounts


def clean(path: str) -> str:
    """Absolute, each slash once, without `dbfs:`.

    Raises:
        Refused: 400 if it is relative, or leads out of where it is.
    """
    cleaned = re.sub(r"/+", "/", path.removeprefix("dbfs:"))
    if not cleaned.startswith("/") or ".." in cleaned.split("/"):
        raise Refused(400, BAD, f"Path must be absolute: {path}")
    return cleaned.rstrip("/") or "/"
