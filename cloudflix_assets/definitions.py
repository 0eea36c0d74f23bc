"""What Dagster loads."""

from cloudflix_assets.build import build_defs
from cloudflix_assets.settings.environment import environment

defs = build_defs(environment())
