"""The storage account of a lake: its name, a container per layer, where it answers, who asks."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.lake.adls.credentials import Credential, chosen
from cloudflix_assets.settings.environment import Environment
from spark.table import Layer

PUBLIC_CLOUD = "core.windows.net"


class AccountMissing(CloudflixError):
    """No storage account is named."""


@dataclass(frozen=True)
class Account:
    """A storage account.

    Args:
        containers: of the layers, in their order.
        endpoint: of its Blob service, `https://<name>.blob.core.windows.net`.
        flat: a flat namespace is accepted, as emulators have it.
        jvm: a JVM computes, which finds an account by its address; of a server elsewhere it is assumed.
    """

    name: str
    containers: tuple[str, ...]
    endpoint: str
    credential: Credential
    flat: bool = False
    jvm: bool = False

    @classmethod
    def of(cls, environment: Environment) -> Self:
        """The account of the settings.

        Raises:
            AccountMissing: no account is named.
            CredentialMissing: there is no credential.
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
            chosen(environment),
            environment.azure_flat_namespace,
            environment.engine != "sail",
        )

    @property
    def host(self) -> str:
        """Of the account in abfss addresses; an emulator is called like an account of the public cloud."""
        own = urlsplit(self.endpoint).netloc
        is_its_own = own.startswith(f"{self.name}.") and ".blob." in own
        return own.replace(".blob.", ".dfs.", 1) if is_its_own else self.public_host

    @property
    def public_host(self) -> str:
        """2026-11-26: Sail and delta-rs refuse addresses of other clouds, and are told the endpoint apart."""
        return f"{self.name}.dfs.{PUBLIC_CLOUD}"

    @property
    def is_public(self) -> bool:
        """The endpoint is where abfss addresses of the public cloud lead to."""
        return self.endpoint == f"https://{self.name}.blob.{PUBLIC_CLOUD}"

    @property
    def is_emulated(self) -> bool:
        """The endpoint is another than abfss addresses would lead to."""
        return self.host.replace(".dfs.", ".blob.", 1) != urlsplit(self.endpoint).netloc

    @property
    def is_plain(self) -> bool:
        """Without TLS."""
        return self.endpoint.startswith("http:")

    def container(self, layer: Layer) -> str:
        """The container of a layer."""
        return dict(zip(Layer, self.containers, strict=True))[layer]

    def placed(self, path: str) -> tuple[str, str]:
        """From a path in the lake, which begins with a layer, to a container and a name in it."""
        layer, _, name = path.partition("/")
        return self.container(Layer(layer)), name

    def uri(self, path: str) -> str:
        """`abfss://<container>@<name>.dfs.core.windows.net/<table>`, as the engine takes it."""
        container, name = self.placed(path)
        return f"abfss://{container}@{self.host if self.jvm else self.public_host}/{name}"

    def delta_uri(self, path: str) -> str:
        """The same, as delta-rs takes it."""
        container, name = self.placed(path)
        return f"abfss://{container}@{self.public_host}/{name}"
