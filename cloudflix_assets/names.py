"""Groups of assets: the layers, numbered, because the web UI lists groups by name.

So they are listed in the order of the flow. Whoever names one may leave the number out.
"""

import re

from spark.table import Layer

SOURCE = "source"
GROUPS = {name: f"{place}_{name}" for place, name in enumerate((SOURCE, *Layer))}

_GROUP = re.compile(r'\bgroup:"?(\w+)"?')


def numbered(selection: str) -> str:
    """A selection of assets in which `group:gold` is `group:"4_gold"`."""
    return _GROUP.sub(lambda found: f'group:"{GROUPS.get(found[1], found[1])}"', selection)
