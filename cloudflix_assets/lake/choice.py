"""Choose the lake that the settings name."""

from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.settings.environment import Environment


def lake_of(environment: Environment) -> Lake:
    """Return the lake of the settings: a folder or a storage account.

    Raises:
        AccountMissing: no account is named.
        CredentialMissing: there is no credential for it.
    """
    if not environment.has_account:
        return LocalLake(environment.lake_root)
    from cloudflix_assets.lake.adls.lake import AdlsLake  # Azure's libraries take a while to import

    return AdlsLake.of(environment)
