"""A lake in a storage account: a container per layer, each marked with the lake that it belongs to."""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

from cloudflix_assets.errors import Trouble, storage_errors
from cloudflix_assets.lake.adls import namespaces
from cloudflix_assets.lake.adls.account import Account
from cloudflix_assets.lake.adls.files import AccountFiles
from cloudflix_assets.lake.adls.library_options import storage_options, tell_process
from cloudflix_assets.lake.adls.troubles import of_credential
from cloudflix_assets.lake.base import LakeRefused
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.settings.environment import Environment
from spark.table import Layer

OWNER = ".cloudflix.json"
"""In each container: the lake that it is a part of."""
PATIENCE = {"timeout": "30s", "retry_timeout": "60s"}
"""delta-rs's: by default a server that says nothing is waited for for three minutes, at each call."""
_DROPPED = {"landing", "landed", "refused"}
"""What may lie in raw before it is a lake's: also what was taken in before a week was complete."""


@dataclass(frozen=True)
class AdlsLake(AccountFiles):
    """A lake in the containers of `account`."""

    @classmethod
    def of(cls, environment: Environment) -> Self:
        """The lake of the settings.

        Raises:
            AccountMissing: no account is named.
            CredentialMissing: there is no credential for it.
        """
        account = Account.of(environment)
        tell_process(account)
        return cls(account, None if environment.is_remote else LocalLake(environment.home / "scratch"))

    @property
    def place(self) -> str:
        """Account and container of raw, which are a lake's name."""
        return f"{self.account.name}/{self.account.containers[0]}"

    @property
    def storage_options(self) -> Mapping[str, str]:
        """The endpoint, the credential, and how long to wait."""
        return {**storage_options(self.account), **PATIENCE}

    @property
    def remedy(self) -> str:
        """How to choose another one."""
        return "choose other containers (CLOUDFLIX_AZURE_CONTAINERS) or another account"

    @property
    def troubles(self) -> Mapping[str, Trouble]:
        """What the account and Entra ID refuse."""
        return of_credential(self.account)

    def delta_uri(self, path: str) -> str:
        """The same of the public cloud: delta-rs knows no other, and is told the endpoint."""
        return self.account.delta_uri(path)

    def refuse_unusable(self) -> None:
        """Refuse an account that is no data lake, and a container of somebody else.

        Raises:
            LakeRefused: with the remedy.
            StorageRefused: the account does not let us in, or lacks a container.
        """
        with storage_errors(self.account.endpoint, self.troubles), ThreadPoolExecutor(len(Layer) + 1) as pool:
            flat = pool.submit(namespaces.is_flat, self.account)
            owners = list(pool.map(self._owner, Layer))
            if flat.result() and not self.account.flat:
                what, remedy = namespaces.flatness(self.account)
                raise LakeRefused(f"{what}: {remedy}; nothing was written.")
            for layer, owner in zip(Layer, owners, strict=True):
                self._refuse_foreign(layer, owner)

    def _owner(self, layer: Layer) -> str | None:
        content = self.read(f"{layer.value}/{OWNER}")
        try:
            return None if content is None else str(json.loads(content)["lake"])
        except (ValueError, TypeError, KeyError):
            return f"something else, as its {OWNER} says"

    def _refuse_foreign(self, layer: Layer, owner: str | None) -> None:
        container = self.account.container(layer)
        others = [] if owner else self._strangers(layer)
        if others:  # of another run of this lake, if it has marked the container meanwhile
            owner = self._owner(layer)
        whose = f"the lake {owner}" if owner else None
        if others and owner is None:
            whose = f"somebody else: {', '.join(others[:3])} lies there"
        if whose and owner != self.place:
            raise LakeRefused(
                f"the container {container} of {self.account.name} belongs to {whose}: {self.remedy}; "
                "nothing was written."
            )

    def _strangers(self, layer: Layer) -> list[str]:
        """What lies in a container and was not dropped, of its first entries: it may be a large one."""
        container, _ = self._container(layer.value)
        page = next(container.walk_blobs(results_per_page=10).by_page(), iter(()))
        names = [entry.name.rstrip("/") for entry in page]
        return [name for name in names if layer is not Layer.RAW or name not in _DROPPED]

    def claim(self, source: str) -> None:
        """Mark each container as the lake's, and the lake as `source`'s, or check that they are."""
        owner = json.dumps({"lake": self.place}).encode()
        # First: a lake whose containers are not marked would be taken for somebody else's.
        with ThreadPoolExecutor(len(Layer)) as pool:
            new = list(pool.map(lambda layer: self.write_new(f"{layer.value}/{OWNER}", owner), Layer))
        if any(new) and not all(new):
            self.refuse_unusable()
        super().claim(source)

    def empty(self, tables: Iterable[str]) -> None:
        """Remove these tables, every landed file and the markers, and nothing else."""
        for path in (*tables, "raw/files"):
            self.remove(path)
        for layer in Layer:
            self._remove_file(f"{layer.value}/{OWNER}")
