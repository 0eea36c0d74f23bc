"""The definitions that Dagster loads, from the settings of this process."""

from cloudflix_assets.build import build_defs
from cloudflix_assets.settings.environment import environment

defs = build_defs(environment())
