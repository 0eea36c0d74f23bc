"""Lakes in an account of the tests: settings with containers of their own, which are made."""

from pathlib import Path
from uuid import uuid4

from azure.storage.blob import BlobServiceClient
from pydantic import SecretStr

from cloudflix_assets.environment import Environment
from cloudflix_assets_tests.azure.azurite import ACCOUNT, KEY


def account_environment(home: Path, endpoint: str, *, flat: bool = True, made: bool = True) -> Environment:
    """Settings of a lake of its own in the account at an endpoint; `made` makes its containers."""
    names = [f"{layer}-{uuid4().hex[:12]}" for layer in ("raw", "bronze", "silver", "gold")]
    for name in names if made else ():
        BlobServiceClient(endpoint, credential=KEY).create_container(name)
    return Environment(
        home=home,
        deployment="azure",
        azure_account=ACCOUNT,
        azure_key=SecretStr(KEY),
        azure_endpoint=endpoint,
        azure_flat_namespace=flat,
        azure_containers=",".join(names),
    )
