"""A lock in a storage account: the lease of a blob, which expires when its holder dies."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.blob import BlobClient, BlobLeaseClient
from tenacity import retry, retry_if_exception_type, wait_random

LEASE_SECONDS = 60
"""The longest lease that expires (Lease Blob: 15 to 60 seconds, or infinite)."""
RENEWED_EVERY = 15.0


@contextmanager
def hold(blob: BlobClient) -> Iterator[None]:
    """Hold the blob's lease for the block, waiting for another holder; a thread renews it meanwhile."""
    lease, over = _acquire(blob), Event()
    keeper = Thread(target=_renew, args=(lease, over), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()
        with suppress(AzureError):  # it may have expired already, and otherwise will
            lease.release()


@retry(retry=retry_if_exception_type(ResourceExistsError), wait=wait_random(0.05, 0.5))
def _acquire(blob: BlobClient) -> BlobLeaseClient:
    return blob.acquire_lease(LEASE_SECONDS)


def _renew(lease: BlobLeaseClient, over: Event) -> None:
    while not over.wait(RENEWED_EVERY):
        try:
            lease.renew()
        except AzureError:  # the next call may succeed before the lease expires
            continue
