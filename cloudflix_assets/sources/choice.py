"""From the setting `CLOUDFLIX_SOURCE` to a source."""

import re
from dataclasses import replace
from pathlib import Path

from cloudflix_assets.errors import masked
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources.agreement import Agreement
from cloudflix_assets.sources.base import Source, SourceRefused
from cloudflix_assets.sources.directory import Directory
from cloudflix_assets.sources.dropped.source import DropFolder
from cloudflix_assets.sources.github.address import SCHEME, Address
from cloudflix_assets.sources.sample import Sample

_KIND = re.compile(r"\w{2,}:")
"""A single letter is a drive."""


def source_of(environment: Environment) -> Source:
    """Return the source that the setting names: the sample, or a folder in the lake, on GitHub or here.

    Raises:
        SourceRefused: it is of another kind, such as `https://…`.
        LayoutRefused: the layout is none.
    """
    setting, agreement = environment.source, Agreement.of(environment)
    if setting == "sample":
        return Sample(layout=agreement.layout)
    if setting == "landing":
        return DropFolder(lake_of(environment), agreement, environment.source_name)
    if setting.startswith(SCHEME):
        from cloudflix_assets.sources.github.source import GitHub  # httpx takes a while to import

        named = environment.source_name is not None
        found = GitHub.at(Address.of(setting), environment.github_api, environment.github_token, named=named)
        return replace(found, files=agreement.files)
    if not setting.strip() or (_KIND.match(setting) and not Path(setting).exists()):
        raise SourceRefused(
            f"{masked(setting)!r} is no source: give --source (or CLOUDFLIX_SOURCE) `sample`, `landing`, a "
            "folder of CSV files or of weeks, or github:owner/repo[@branch][:folder]."
        )
    return Directory(Path(setting).expanduser().absolute(), environment.source_name, agreement.files)
