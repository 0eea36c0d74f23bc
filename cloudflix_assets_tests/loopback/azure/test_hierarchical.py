"""Tests of the double of a hierarchical namespace: directories stay, renames are one call, mistakes fail."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.filedatalake import FileSystemClient

from cloudflix_assets_tests.loopback.azure.azurite import KEY, NO_TRIES
from cloudflix_assets_tests.loopback.azure.faults import reset
from cloudflix_assets_tests.loopback.azure.hierarchical import Hierarchical
from cloudflix_assets_tests.loopback.azure.proxy import Proxy


@pytest.fixture
def files(hierarchical: Hierarchical) -> Iterator[FileSystemClient]:
    """A client of a new file system in an account with a hierarchy."""
    name = f"c{uuid4().hex}"
    with FileSystemClient(hierarchical.endpoint, name, KEY, **NO_TRIES) as client:
        client.create_file_system()
        yield client


@pytest.fixture
def blobs(hierarchical: Hierarchical, files: FileSystemClient) -> Iterator[ContainerClient]:
    """A client of the same file system through the Blob protocol."""
    with ContainerClient(hierarchical.endpoint, files.file_system_name, KEY, **NO_TRIES) as client:
        yield client


def test_a_blob_has_directories_and_they_stay(files: FileSystemClient, blobs: ContainerClient) -> None:
    """Guard against a double without directories, on which no code that meets them is tested."""
    blobs.upload_blob("a/b/c.txt", b"1")
    assert [(path.name, path.is_directory) for path in files.get_paths()] == [
        ("a", True),
        ("a/b", True),
        ("a/b/c.txt", False),
    ]
    assert [blob.name for blob in blobs.walk_blobs()] == ["a/"]
    with pytest.raises(HttpResponseError, match="DirectoryIsNotEmpty"):
        blobs.delete_blob("a/b")
    blobs.delete_blob("a/b/c.txt")
    assert [blob.name for blob in blobs.list_blobs()] == ["a", "a/b"]


def test_a_file_is_appended_to_flushed_and_moved(files: FileSystemClient, blobs: ContainerClient) -> None:
    """Guard against two protocols that see different files."""
    file = files.create_file("x/y.bin")
    file.append_data(b"cd", 2)
    file.append_data(b"ab", 0)
    assert blobs.get_blob_client("x/y.bin").get_blob_properties().size == 0
    file.flush_data(4)
    files.get_directory_client("x").rename_directory(f"{files.file_system_name}/z")
    assert blobs.download_blob("z/y.bin").readall() == b"abcd"
    with pytest.raises(HttpResponseError, match="SourcePathNotFound"):
        file.rename_file(f"{files.file_system_name}/w")


def test_a_wrong_position_is_caught(hierarchical: Hierarchical, files: FileSystemClient) -> None:
    """Guard against a client that flushes beyond the appended bytes, and passes."""
    with pytest.raises(HttpResponseError, match="InvalidFlushPosition"):
        files.create_file("a").flush_data(7)
    assert len(hierarchical.wrong) == 1
    hierarchical.wrong.clear()


def test_a_proxy_in_front_of_a_hierarchy_knows_a_rename(
    hierarchical: Hierarchical, files: FileSystemClient
) -> None:
    """Guard against a proxy that does not recognize a rename, by which Hadoop commits."""
    files.create_file("a")
    with Proxy(hierarchical.azurite, hierarchical=True).serve() as proxy:
        proxy.fault(reset, kind="rename", when="after")
        with (
            FileSystemClient(proxy.endpoint, files.file_system_name, KEY, **NO_TRIES) as client,
            pytest.raises(AzureError),
        ):
            client.get_file_client("a").rename_file(f"{files.file_system_name}/b")
        assert [path.name for path in files.get_paths()] == ["b"]
        assert proxy.wrong == []


def test_an_account_with_a_hierarchy_says_so(hierarchical: Hierarchical) -> None:
    """Guard against clients that take the account for a flat one."""
    with BlobServiceClient(hierarchical.endpoint, credential=KEY) as client:
        assert client.get_account_information().get("is_hns_enabled")
