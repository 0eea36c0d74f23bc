"""Troubles of a whole workspace: each is arranged in the emulator, and returns the settings that meet it."""

from cloudflix_assets_tests.loopback.databricks.emulator import Emulator


def expired(emulator: Emulator) -> dict[str, str]:
    """Let every token expire."""
    emulator.tokens.expire()
    return {}


def without_dbfs(emulator: Emulator) -> dict[str, str]:
    """Disable DBFS, and return the setting that stages there."""
    emulator.storage.dbfs_disabled = True
    return {"CLOUDFLIX_DATABRICKS_STAGING": "dbfs:/cloudflix"}
