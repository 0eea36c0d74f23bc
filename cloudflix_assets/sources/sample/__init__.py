"""Synthetic publications: files, encoding, defects and weekly life like the real ones, at any size.

Deterministic: a publication depends on seed, week and number of titles alone. `draws` are the numbers,
`vocabulary` the words; `edition` says which titles a week has, `titles` and `lookups` what they mean,
`slips` what goes wrong, `declared` makes what is no catalogue's; `files` and `encoding` write them, `truth`
says what the lake must make of them.
"""

from cloudflix_assets.sources.sample.folder import WrittenWeek, write
from cloudflix_assets.sources.sample.source import Sample

__all__ = ["Sample", "WrittenWeek", "write"]
