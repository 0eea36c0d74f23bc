"""Parquet files that lie in a folder of the lake."""

from cloudflix_assets.lake.base import Lake, Stored


def parquet_files(lake: Lake, folder: str) -> list[Stored]:
    """The Parquet files below a folder, by name."""
    return [stored for stored in lake.files_below(folder) if _is_data(stored.path.removeprefix(folder))]


def _is_data(path: str) -> bool:
    """Engines read nothing below a name that begins with `_` or `.`: leftovers of a task lie there."""
    return path.endswith(".parquet") and not any(part.startswith(("_", ".")) for part in path.split("/"))
