"""From the setting `CLOUDFLIX_SOURCE` to a source."""

import re
from pathlib import Path

from cloudflix_assets.sources.directory import Directory
from cloudflix_assets.sources.publication import Source, SourceRefused
from cloudflix_assets.sources.sample import Sample

_KIND = re.compile(r"\w{2,}:")
"""A single letter is a drive."""


def source_of(setting: str, name: str | None = None) -> Source:
    """`sample`, or a folder, known to the lake as `name`.

    Raises:
        SourceRefused: it is of another kind, such as `https://…`.
    """
    if setting == "sample":
        return Sample()
    if not setting.strip() or (_KIND.match(setting) and not Path(setting).exists()):
        raise SourceRefused(
            f"{setting!r} is no source: give --source (or CLOUDFLIX_SOURCE) `sample`, or a folder of five "
            "CSV files or of weeks."
        )
    return Directory(Path(setting).expanduser().absolute(), name)
