"""Compute logs in the lake's storage account: an option of dagster.yaml, see docs/azure.md.

The account and its credential come from the settings, so dagster.yaml holds no secret.
"""

from collections.abc import Sequence
from typing import IO, Any, Self

import dagster as dg
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

# 2026-11-30: what a manager of compute logs is made with is private in Dagster 1.13. Drop once it exports it.
from dagster._core.storage.compute_log_manager import ComputeIOType
from dagster._serdes import ConfigurableClassData
from dagster_azure.blob import AzureBlobComputeLogManager

from cloudflix_assets.instance.compute_logs import ComputeLogs
from cloudflix_assets.lake.adls.account import Account
from cloudflix_assets.lake.adls.client import blob_service
from cloudflix_assets.lake.adls.credentials import SharedAccessSignature
from cloudflix_assets.settings.environment import environment


class AccountComputeLogs(AzureBlobComputeLogManager):
    """The compute logs of dagster-azure, with the account of the settings and `ComputeLogs` for local files.

    2026-11-26: dagster-azure takes its secrets from dagster.yaml and knows only the public cloud.

    Args:
        container: for these logs alone, because the lake's containers hold nothing else; created if missing.
        local_dir: folder of the files until a step has ended.
    """

    def __init__(
        self,
        container: str,
        local_dir: str,
        prefix: str = "dagster",
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        self._account = Account.of(environment())
        super().__init__(
            storage_account=self._account.name,
            container=container,
            local_dir=local_dir,
            prefix=prefix,
            inst_data=inst_data,
            default_azure_credential={},
        )
        self._blob_client = blob_service(self._account)
        self._container_client = self._blob_client.get_container_client(container)
        self._local_manager = ComputeLogs(local_dir)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Return the fields that dagster.yaml may set."""
        return {
            "container": dg.StringSource,
            "local_dir": dg.StringSource,
            "prefix": dg.Field(dg.StringSource, is_required=False, default_value="dagster"),
        }

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """Create the manager from dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    def download_url_for_type(self, log_key: Sequence[str], io_type: ComputeIOType) -> str | None:
        """Return an address valid for some hours, or None: a shared access signature cannot sign another."""
        if isinstance(self._account.credential, SharedAccessSignature):
            return None
        url: str | None = super().download_url_for_type(log_key, io_type)
        return url

    def _upload_file_obj(
        self,
        data: IO[bytes],
        log_key: Sequence[str],
        io_type: ComputeIOType,
        partial: bool = False,  # noqa: FBT001, FBT002  # dagster-azure's signature
    ) -> None:
        blob = self._container_client.get_blob_client(self._blob_key(log_key, io_type, partial=partial))
        try:
            blob.upload_blob(data, overwrite=True)
        except ResourceNotFoundError:
            self._make_container()
            data.seek(0)
            blob.upload_blob(data, overwrite=True)

    def _make_container(self) -> None:
        try:
            self._container_client.create_container()
        except ResourceExistsError:  # just made by another run
            return
