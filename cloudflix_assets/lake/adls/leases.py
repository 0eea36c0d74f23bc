"""A lock that lies in the account: the lease of a blob, which ends by itself when its holder dies."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.blob import BlobClient, BlobLeaseClient
from tenacity import retry, retry_if_exception_type, wait_random

LEASE_SECONDS = 60
RENEWED_EVERY = 15.0


@contextmanager
def held(blob: BlobClient) -> Iterator[None]:
    """Hold the blob's lease, renewed for as long as this takes; wait for whoever holds it."""
    lease, over = _acquired(blob), Event()
    keeper = Thread(target=_kept, args=(lease, over), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()
        with suppress(AzureError):  # it may be over already, and ends by itself if it is not
            lease.release()


@retry(retry=retry_if_exception_type(ResourceExistsError), wait=wait_random(0.05, 0.5))
def _acquired(blob: BlobClient) -> BlobLeaseClient:
    return blob.acquire_lease(LEASE_SECONDS)


def _kept(lease: BlobLeaseClient, over: Event) -> None:
    while not over.wait(RENEWED_EVERY):
        try:
            lease.renew()
        except AzureError:  # the next one may succeed before the lease ends
            continue
