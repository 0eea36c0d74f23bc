"""From the setting `CLOUDFLIX_SOURCE` to a source."""

from pathlib import Path

from cloudflix_assets.sources.directory import Directory
from cloudflix_assets.sources.publication import Source
from cloudflix_assets.sources.sample import Sample


def source_of(setting: str, name: str | None = None) -> Source:
    """`sample`, or a folder, known to the lake as `name`."""
    if setting == "sample":
        return Sample()
    return Directory(Path(setting).expanduser().absolute(), name)
