"""Differences between an account with a hierarchical namespace, a data lake, and a flat one."""

import time
from functools import cache

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobClient
from azure.storage.filedatalake import DataLakeServiceClient

from cloudflix_assets.errors import Trouble
from cloudflix_assets.lake.adls.account import Account
from cloudflix_assets.lake.adls.client import blob_service

COPY_SECONDS = 300.0
"""Seconds that a copy within the account may take."""


class CopyFailed(RuntimeError):
    """A copy within the account failed or did not end in time."""


@cache
def is_flat(account: Account) -> bool:
    """Return whether the namespace is flat; if the account refuses the question, the settings decide."""
    try:
        return not blob_service(account).get_account_information()["is_hns_enabled"]
    except HttpResponseError as error:
        # Not every signature and role may ask this; if they may do nothing at all, the next call fails.
        if error.status_code not in {403, 404}:
            raise
        return account.flat


def flat_namespace(account: Account) -> Trouble:
    """Return what to do about an account without a hierarchical namespace."""
    return Trouble(
        f"the account {account.name} has no hierarchical namespace, so it is no data lake",
        f"upgrade it (az storage account hns-migration start --type upgrade -n {account.name}), or create "
        "one with --hns true; for an emulator set CLOUDFLIX_AZURE_FLAT_NAMESPACE=true",
    )


def remove_folder(service: DataLakeServiceClient, container: str, name: str) -> None:
    """Remove a folder with everything in it in one call; nothing happens if it does not exist."""
    try:
        service.get_directory_client(container, name).delete_directory()
    except ResourceNotFoundError as error:
        raise_unless_absent(error)


def move_file(service: DataLakeServiceClient, container: str, name: str, target: str) -> None:
    """Move a file within its container, in one call if the target's folder exists.

    Raises:
        ResourceNotFoundError: the file does not exist, perhaps moved by another process.
    """
    file = service.get_file_client(container, name)
    try:
        file.rename_file(f"{container}/{target}")
    except ResourceNotFoundError as error:
        if getattr(error, "error_code", None) != "RenameDestinationParentPathNotFound":
            raise
        # If another process has made the folder meanwhile, its files stay.
        service.get_directory_client(container, target.rpartition("/")[0]).create_directory()
        file.rename_file(f"{container}/{target}")


def raise_unless_absent(error: ResourceNotFoundError) -> None:
    """Raise the error again if the container is absent; return if only the file is."""
    code = getattr(error, "error_code", None)  # the SDKs set it without declaring it
    if code in {"ContainerNotFound", "FilesystemNotFound", "ContainerBeingDeleted"}:
        raise error


def await_copy(blob: BlobClient) -> None:
    """Wait until a copy within the account has ended, which mostly it has at once.

    Raises:
        CopyFailed: it failed, or did not end within COPY_SECONDS.
    """
    until = time.monotonic() + COPY_SECONDS
    while (state := blob.get_blob_properties().copy.status) == "pending" and time.monotonic() < until:
        time.sleep(0.1)
    if state != "success":
        raise CopyFailed(f"copying to {blob.blob_name} ended as {state}")
