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
from cloudflix_assets.lake.adls.troubles import troubles_of
from cloudflix_assets.lake.base import DROPPED, REJECTED, Lake, LakeRefused
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.lake.marker import Place
from cloudflix_assets.settings.environment import Environment
from spark.table import Layer

OWNER = ".cloudflix.json"
"""The file in each container that names the lake which the container belongs to."""
PATIENCE = {"timeout": "30s", "retry_timeout": "60s"}
"""Options of delta-rs. By default each of its calls waits three minutes for a silent server."""


@dataclass(frozen=True)
class AdlsLake(AccountFiles, Lake):
    """A lake in the containers of `account`, one for each layer."""

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
        """The account and the container of raw, `account/container`, which identify the lake."""
        return f"{self.account.name}/{self.account.containers[0]}"

    @property
    def storage_options(self) -> Mapping[str, str]:
        """The endpoint, the credential and the timeouts, for delta-rs."""
        return {**storage_options(self.account), **PATIENCE}

    @property
    def remedy(self) -> str:
        """What a user does to choose another lake: name other containers or another account."""
        return "choose other containers (CLOUDFLIX_AZURE_CONTAINERS) or another account"

    @property
    def troubles(self) -> Mapping[str, Trouble]:
        """The errors of the account and of Entra ID, as they apply to the credential in use."""
        return troubles_of(self.account)

    def delta_uri(self, path: str) -> str:
        """Return the public cloud's address, the only form delta-rs accepts; it gets the endpoint apart."""
        return self.account.delta_uri(path)

    def refuse_unusable(self) -> None:
        """Refuse an account without a hierarchical namespace, and a container that is not the lake's.

        Raises:
            LakeRefused: it is one of these; the message says what to do.
            StorageRefused: the account denies access, or lacks a container.
        """
        with storage_errors(self.account.endpoint, self.troubles), ThreadPoolExecutor(len(Layer) + 1) as pool:
            flat = pool.submit(namespaces.is_flat, self.account)
            owners = list(pool.map(self._owner, Layer))
            if flat.result() and not self.account.flat:
                what, remedy = namespaces.flat_namespace(self.account)
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
        if others:  # another run of this lake may have marked the container meanwhile
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
        """Return what lies in a container and was not dropped; only its first ten entries are asked for."""
        container, _ = self._container(layer.value)
        page = next(container.walk_blobs(results_per_page=10).by_page(), iter(()))
        names = [entry.name.rstrip("/") for entry in page]
        if layer is not Layer.RAW:
            return names
        is_noted = {f"raw/files/{name}" for name in self.names("raw/files")} == {REJECTED}
        return [name for name in names if name not in DROPPED | ({"files"} if is_noted else set())]

    def claim(self, source: str, place: Place | None = None) -> str | None:
        """Mark each container as the lake's and the lake as `source`'s; refuse what is marked otherwise.

        Returns:
            A notice if the marker remembers another place from now on, or its first.

        Raises:
            LakeRefused: a container is another lake's, or the lake another source's.
        """
        owner = json.dumps({"lake": self.place}).encode()
        # The containers first: a lake in unmarked containers would be taken for somebody else's.
        with ThreadPoolExecutor(len(Layer)) as pool:
            new = list(pool.map(lambda layer: self.write_new(f"{layer.value}/{OWNER}", owner), Layer))
        if any(new) and not all(new):
            self.refuse_unusable()
        return super().claim(source, place)

    def empty(self, tables: Iterable[str]) -> None:
        """Remove these tables, every landed file and the markers, and nothing else."""
        for path in (*tables, "raw/files"):
            self.remove(path)
        for layer in Layer:
            self.remove_file(f"{layer.value}/{OWNER}")
