"""The folders that stand for DBFS, Unity Catalog volumes and workspace files, and the paths within."""

import re
from pathlib import Path

from cloudflix_assets_tests.loopback.databricks.calls import BAD, Refused

VOLUME = re.compile(r"/Volumes/([^/]+)/([^/]+)/([^/]+)(?:/(.*))?")


class Storage:
    """The storage that the workspace and its drivers share.

    Attributes:
        dbfs_disabled: the account has no DBFS root, like every new account.
        volumes: the paths of the existing volumes, `/Volumes/<catalog>/<schema>/<volume>`.
    """

    def __init__(self, root: Path) -> None:
        self.dbfs_root, self.volumes_root = root / "dbfs", root / "Volumes"
        self.workspace_root, self.local = root / "Workspace", root / "local_disk0"
        for folder in (self.dbfs_root, self.volumes_root, self.workspace_root, self.local):
            folder.mkdir(parents=True, exist_ok=True)
        self.dbfs_disabled = False
        self.volumes: set[str] = set()

    def add_volume(self, name: str) -> str:
        """Make the volume `catalog.schema.volume`, and return its path under `/Volumes`."""
        path = "/Volumes/" + "/".join(name.split("."))
        if not VOLUME.fullmatch(path):
            raise ValueError(f"{name} is no name of a volume: write catalog.schema.volume")
        self.volumes.add(path)
        self.in_volume(path).mkdir(parents=True, exist_ok=True)
        return path

    def in_volume(self, path: str) -> Path:
        """Return the path on this machine of a path under `/Volumes`.

        Raises:
            Refused: 400 if the path is in no volume, 404 if the volume does not exist.
        """
        found = VOLUME.fullmatch(clean(path))
        if not found:
            raise Refused(400, "INVALID_PATH", f"Invalid path: {path} is in no volume")
        catalog, schema, volume, rest = found.groups()
        if f"/Volumes/{catalog}/{schema}/{volume}" not in self.volumes:
            raise Refused(404, "NOT_FOUND", f"Volume '{catalog}.{schema}.{volume}' does not exist.")
        return self.volumes_root / catalog / schema / volume / (rest or "")

    def in_dbfs(self, path: str) -> Path:
        """Return the path on this machine of a path in the DBFS root.

        Raises:
            Refused: 400 if the path is not in the DBFS root, 403 if the root is disabled.
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
        """Return the path on this machine of a file of a task: in DBFS, a volume or the workspace files."""
        if clean(uri).startswith("/Volumes/"):
            return self.in_volume(uri)
        if uri.startswith("dbfs:"):
            return self.in_dbfs(uri)
        return self.workspace_root / clean(uri).removeprefix("/Workspace").lstrip("/")

    def mounts(self, *, dbfs: bool) -> dict[str, str]:
        """Return the folders of this machine by their mount in a driver; `dbfs` asks for `/dbfs` too."""
        mounts = {"/Volumes": str(self.volumes_root), "/Workspace": str(self.workspace_root)}
        return {**mounts, "/dbfs": str(self.dbfs_root)} if dbfs and not self.dbfs_disabled else mounts


def clean(path: str) -> str:
    """Return a path without `dbfs:` and without repeated slashes.

    Raises:
        Refused: 400 if the path is relative, or has a part `..`.
    """
    cleaned = re.sub(r"/+", "/", path.removeprefix("dbfs:"))
    if not cleaned.startswith("/") or ".." in cleaned.split("/"):
        raise Refused(400, BAD, f"Path must be absolute: {path}")
    return cleaned.rstrip("/") or "/"
