"""The Blob service of an account through dagster-azure's resource, and its Data Lake service beside it."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from typing import Any

from azure.core.exceptions import AzureError
from azure.core.pipeline.transport import HttpRequest, HttpResponse, RequestsTransport
from azure.storage.blob import BlobServiceClient
from azure.storage.filedatalake import DataLakeServiceClient
from dagster_azure.blob import (
    AzureBlobStorageDefaultCredential,
    AzureBlobStorageResource,
)
from pydantic import PrivateAttr

from cloudflix_assets.lake.adls.account import Account
from cloudflix_assets.lake.adls.library_options import blob_credential

BLOCK_BYTES = 8 << 20
AT_ONCE = 4
"""Blocks of a large file that are up- or downloaded at once."""
ANSWER_SECONDS = 30
"""A server that says nothing is asked four times: two minutes."""
_SETTINGS: dict[str, Any] = {
    # The SDK's default waits a quarter of a minute before it asks again.
    "retry_total": 4,
    "initial_backoff": 0.5,
    "increment_base": 2,
    "random_jitter_range": 0.3,
    "max_single_put_size": BLOCK_BYTES,
    "max_block_size": BLOCK_BYTES,
    "max_single_get_size": BLOCK_BYTES,
    "max_chunk_get_size": BLOCK_BYTES,
}


class DiscreetTransport(RequestsTransport):  # type: ignore[misc]  # exported by a __getattr__
    """A transport whose errors do not tell addresses: a shared access signature stands in them.

    A refusal is read to its end here, where a torn one is asked for again; the SDK reads it too late.
    """

    def send(self, request: HttpRequest, **options: Any) -> HttpResponse:
        """Send a request."""
        try:
            response: HttpResponse = super().send(request, **options)
            if response.status_code >= HTTPStatus.BAD_REQUEST and hasattr(response, "read"):
                response.read()
        except AzureError as error:
            kind, words = type(error), re.sub(r"\?[^\s'\")]*", "?…", str(error))
        else:
            return response
        raise kind(words)  # out here: within, it would keep the other one


class BlobStorageResource(AzureBlobStorageResource):
    """dagster-azure's resource with the credential of the settings, and retries that end soon.

    2026-11-26: theirs knows no credential but keys, signatures and whatever DefaultAzureCredential finds.
    """

    _account: Account = PrivateAttr()

    @classmethod
    def of(cls, account: Account) -> "BlobStorageResource":
        """The resource of an account."""
        # Theirs print the key and the signature that they are given; ours is in the account.
        resource = cls(account_url=account.endpoint, credential=AzureBlobStorageDefaultCredential())
        resource._account = account
        return resource

    @contextmanager
    def get_client(self) -> Generator[BlobServiceClient, None, None]:
        """A client; one serves the whole process, because each has connections of its own."""
        yield blob_service(self._account)


@cache
def blob_service(account: Account) -> BlobServiceClient:
    """The Blob service: every call of ours but two."""
    return BlobServiceClient(account.endpoint, credential=blob_credential(account), **_options())


@cache
def data_lake(account: Account) -> DataLakeServiceClient:
    """The Data Lake service, which moves a file and removes a folder at once."""
    endpoint = account.endpoint if account.is_emulated else f"https://{account.host}"
    return DataLakeServiceClient(endpoint, credential=blob_credential(account), **_options())


def _options() -> dict[str, Any]:
    # A block is sent within the first of the two.
    transport = DiscreetTransport(connection_timeout=20, read_timeout=ANSWER_SECONDS)
    return {**_SETTINGS, "transport": transport}
