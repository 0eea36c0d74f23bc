"""The storage account of a lake: its name, its containers, its endpoint and the credential."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.lake.adls.credentials import Credential, choose_credential
from cloudflix_assets.settings.environment import Environment
from spark.table import Layer

PUBLIC_CLOUD = "core.windows.net"


class AccountMissing(CloudflixError):
    """The deployment needs a storage account, and the settings name none."""


@dataclass(frozen=True)
class Account:
    """A storage account.

    Args:
        name: the account's name.
        containers: one for each layer, in the order of `Layer`.
        endpoint: the address of the Blob service, `https://<name>.blob.core.windows.net`.
        credential: what every library authenticates with.
        flat: accept an account with a flat namespace, as emulators have it.
        jvm: the engine is a JVM, which derives the endpoint from an address; assumed of engines elsewhere.
    """

    name: str
    containers: tuple[str, ...]
    endpoint: str
    credential: Credential
    flat: bool = False
    jvm: bool = False

    @classmethod
    def of(cls, environment: Environment) -> Self:
        """Return the account of the settings.

        Raises:
            AccountMissing: the settings name no account.
            CredentialMissing: the settings make no credential.
        """
        name = environment.azure_account
        if not name:
            raise AccountMissing(
                f"CLOUDFLIX_DEPLOYMENT={environment.deployment} needs a storage account: set "
                "AZURE_STORAGE_ACCOUNT to its name."
            )
        return cls(
            name,
            environment.azure_containers,
            environment.azure_endpoint or f"https://{name}.blob.{PUBLIC_CLOUD}",
            choose_credential(environment),
            environment.azure_flat_namespace,
            environment.engine != "sail",
        )

    @property
    def host(self) -> str:
        """The host in abfss addresses; an emulator gets the host of an account in the public cloud."""
        own = urlsplit(self.endpoint).netloc
        is_its_own = own.startswith(f"{self.name}.") and ".blob." in own
        return own.replace(".blob.", ".dfs.", 1) if is_its_own else self.public_host

    @property
    def public_host(self) -> str:
        """The host in the public cloud.

        2026-11-26: Sail and delta-rs accept no addresses of other clouds and get the endpoint as an option.
        """
        return f"{self.name}.dfs.{PUBLIC_CLOUD}"

    @property
    def is_public(self) -> bool:
        """Whether the endpoint is the one that public abfss addresses lead to."""
        return self.endpoint == f"https://{self.name}.blob.{PUBLIC_CLOUD}"

    @property
    def is_emulated(self) -> bool:
        """Whether the endpoint is another than the abfss addresses of `host` lead to."""
        return self.host.replace(".dfs.", ".blob.", 1) != urlsplit(self.endpoint).netloc

    @property
    def is_plain(self) -> bool:
        """Whether the endpoint speaks HTTP without TLS."""
        return self.endpoint.startswith("http:")

    def container(self, layer: Layer) -> str:
        """Return the container of a layer."""
        return dict(zip(Layer, self.containers, strict=True))[layer]

    def locate(self, path: str) -> tuple[str, str]:
        """Return the container of a path in the lake, and the name of its blob there."""
        layer, _, name = path.partition("/")
        return self.container(Layer(layer)), name

    def uri(self, path: str) -> str:
        """Return `abfss://<container>@<name>.dfs.core.windows.net/<path>`, as the engine takes it."""
        container, name = self.locate(path)
        return f"abfss://{container}@{self.host if self.jvm else self.public_host}/{name}"

    def delta_uri(self, path: str) -> str:
        """Return the same address as delta-rs takes it."""
        container, name = self.locate(path)
        return f"abfss://{container}@{self.public_host}/{name}"
