"""Clients of an account's Blob service, through dagster-azure's resource, and its Data Lake service."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

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
from cloudflix_assets.lake.waiting import waiting_for

BLOCK_BYTES = 8 << 20
AT_ONCE = 4
"""The number of blocks of a large file that are uploaded or downloaded at the same time."""
ANSWER_SECONDS = 30
"""Seconds that each attempt waits for an answer: a silent server is asked four times, two minutes in all."""
_SETTINGS: dict[str, Any] = {
    # By default the SDK waits a quarter of a minute before it retries.
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
    """A transport whose errors hide the queries of addresses, in which a shared access signature stands.

    It also reads an error response to its end, inside the SDK's retries: one that breaks off is retried.
    """

    def send(self, request: HttpRequest, **options: Any) -> HttpResponse:
        """Send a request and read an error response to its end.

        Raises:
            AzureError: of the same class as the transport's, without the query of an address.
        """
        try:
            with waiting_for(urlsplit(request.url).netloc):
                response: HttpResponse = super().send(request, **options)
                if response.status_code >= HTTPStatus.BAD_REQUEST and hasattr(response, "read"):
                    response.read()
        except AzureError as error:
            kind, words = type(error), re.sub(r"\?[^\s'\")]*", "?…", str(error))
        else:
            return response
        raise kind(words)  # outside of the handler: inside, the error would keep the original as its context


class BlobStorageResource(AzureBlobStorageResource):
    """dagster-azure's resource with the credential of the settings and short retries.

    2026-11-26: the original takes keys, signatures and what DefaultAzureCredential finds, nothing else.
    """

    _account: Account = PrivateAttr()

    @classmethod
    def of(cls, account: Account) -> "BlobStorageResource":
        """Return the resource of an account."""
        # A key or signature given here would be printed with the resource; ours stays in the account.
        resource = cls(account_url=account.endpoint, credential=AzureBlobStorageDefaultCredential())
        resource._account = account
        return resource

    @contextmanager
    def get_client(self) -> Generator[BlobServiceClient, None, None]:
        """Yield the client of the account, one for the whole process: each has its own connections."""
        yield blob_service(self._account)


@cache
def blob_service(account: Account) -> BlobServiceClient:
    """Return the client of the Blob service, which serves every call but two."""
    return BlobServiceClient(account.endpoint, credential=blob_credential(account), **_options())


@cache
def data_lake(account: Account) -> DataLakeServiceClient:
    """Return the client of the Data Lake service, which moves a file or removes a folder in one call."""
    endpoint = account.endpoint if account.is_emulated else f"https://{account.host}"
    return DataLakeServiceClient(endpoint, credential=blob_credential(account), **_options())


def _options() -> dict[str, Any]:
    # urllib3 keeps the connection's timeout on the socket until a request is sent: a block gets 20 s.
    transport = DiscreetTransport(connection_timeout=20, read_timeout=ANSWER_SECONDS)
    return {**_SETTINGS, "transport": transport}
