"""Which files in a folder an engine reads."""

from cloudflix_assets.lake.files import Files, Stored


def visible_files(files: Files, folder: str) -> list[Stored]:
    """Return the files that an engine reads if it is given the folder, sorted by path.

    Whatever they are called: Sail and Spark pass over names alone that begin with `_` or `.`.
    """
    return [stored for stored in files.files_below(folder) if _is_visible(stored.path.removeprefix(folder))]


def parquet_files(files: Files, folder: str) -> list[Stored]:
    """Return the Parquet files that an engine has written to a folder, sorted by path."""
    return [stored for stored in visible_files(files, folder) if stored.path.endswith(".parquet")]


def _is_visible(path: str) -> bool:
    return not any(part.startswith(("_", ".")) for part in path.split("/"))
