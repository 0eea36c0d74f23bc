"""Which Parquet files in a folder are data."""

from cloudflix_assets.lake.files import Files, Stored


def parquet_files(files: Files, folder: str) -> list[Stored]:
    """Return the Parquet files that an engine would read from a folder, sorted by path."""
    return [stored for stored in files.files_below(folder) if _is_data(stored.path.removeprefix(folder))]


def _is_data(path: str) -> bool:
    """Whether an engine reads the file: names that begin with `_` or `.` are leftovers of failed tasks."""
    return path.endswith(".parquet") and not any(part.startswith(("_", ".")) for part in path.split("/"))
