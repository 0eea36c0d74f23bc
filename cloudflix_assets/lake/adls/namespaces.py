"""What differs between a hierarchical namespace, which a data lake has, and a flat one."""

import time
from functools import cache

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobClient
from azure.storage.filedatalake import DataLakeServiceClient

from cloudflix_assets.errors import Trouble
from cloudflix_assets.lake.adls.account import Account
from cloudflix_assets.lake.adls.client import blob_service

COPY_SECONDS = 300.0


class CopyFailed(RuntimeError):
    """The server gave up copying a file."""


@cache
def is_flat(account: Account) -> bool:
    """Whether the account has no hierarchical namespace; as the settings say if it does not tell."""
    try:
        return not blob_service(account).get_account_information()["is_hns_enabled"]
    except HttpResponseError as error:
        # Not every signature and role may ask this; whether they may do anything is soon found out.
        if error.status_code not in {403, 404}:
            raise
        return account.flat


def flatness(account: Account) -> Trouble:
    """What to do about an account that has none."""
    return Trouble(
        f"the account {account.name} has no hierarchical namespace, so it is no data lake",
        f"upgrade it (az storage account hns-migration start --type upgrade -n {account.name}), or create "
        "one with --hns true; for an emulator set CLOUDFLIX_AZURE_FLAT_NAMESPACE=true",
    )


def remove_folder(service: DataLakeServiceClient, container: str, name: str) -> None:
    """Remove a folder with all that is in it, in one call."""
    try:
        service.get_directory_client(container, name).delete_directory()
    except ResourceNotFoundError as error:
        raise_unless_absent(error)


def move_file(service: DataLakeServiceClient, container: str, name: str, target: str) -> None:
    """Give a file another place in its container, in one call if the folder is there.

    Raises:
        ResourceNotFoundError: somebody else has moved it.
    """
    file = service.get_file_client(container, name)
    try:
        file.rename_file(f"{container}/{target}")
    except ResourceNotFoundError as error:
        if getattr(error, "error_code", None) != "RenameDestinationParentPathNotFound":
            raise
        # One that is there by now keeps what is in it.
        service.get_directory_client(container, target.rpartition("/")[0]).create_directory()
        file.rename_file(f"{container}/{target}")


def raise_unless_absent(error: ResourceNotFoundError) -> None:
    """A file that is not there is an answer, a container that is not there is none."""
    code = getattr(error, "error_code", None)  # set by the SDKs, not declared
    if code in {"ContainerNotFound", "FilesystemNotFound", "ContainerBeingDeleted"}:
        raise error


def await_copy(blob: BlobClient) -> None:
    """Wait for a copy within the account: mostly it is there at once.

    Raises:
        CopyFailed: it is not, and will not be.
    """
    until = time.monotonic() + COPY_SECONDS
    while (state := blob.get_blob_properties().copy.status) == "pending" and time.monotonic() < until:
        time.sleep(0.1)
    if state != "success":
        raise CopyFailed(f"copying to {blob.blob_name} ended as {state}")
