"""Tests of DBFS and the Files API: round trips, limits, and missing files."""

import base64
import io

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, InvalidParameterValue, NotFound, PermissionDenied
from databricks.sdk.errors.base import DatabricksError

from cloudflix_assets_tests.loopback.databricks.emulator import Emulator

LARGE = bytes(range(256)) * 4_096 * 2 + b"end"  # two blocks and three bytes


def test_a_large_file_goes_through_dbfs_in_blocks(emulator: Emulator, client: WorkspaceClient) -> None:
    client.dbfs.upload("/a/b/large", io.BytesIO(LARGE))
    assert emulator.counted("POST", "/dbfs/add-block") == 3
    with client.dbfs.download("dbfs:/a//b/large") as found:
        assert found.read() == LARGE
    status = client.dbfs.get_status("/a/b/large")
    assert (status.path, status.file_size, status.is_dir) == ("/a/b/large", len(LARGE), False)


def test_an_unfinished_file_is_not_there(client: WorkspaceClient) -> None:
    handle = client.dbfs.create("/part").handle
    assert handle
    client.dbfs.add_block(handle, base64.b64encode(b"x").decode())
    with pytest.raises(NotFound):
        client.dbfs.get_status("/part")
    client.dbfs.close(handle)
    assert client.dbfs.get_status("/part").file_size == 1


def test_dbfs_lists_and_deletes(client: WorkspaceClient) -> None:
    client.dbfs.mkdirs("/a/empty")
    client.dbfs.put("/a/file", contents=base64.b64encode(b"x").decode())
    assert [(entry.path, entry.is_dir) for entry in client.dbfs.list("/a")] == [
        ("/a/empty", True),
        ("/a/file", False),
    ]
    with pytest.raises(DatabricksError, match="not empty"):
        client.api_client.do("POST", "/api/2.0/dbfs/delete", body={"path": "/a"})
    client.dbfs.delete("/a", recursive=True)
    client.dbfs.delete("/a")
    with pytest.raises(NotFound, match="No file or directory exists on path /a"):
        client.dbfs.get_status("/a")


def test_dbfs_moves_a_file_to_where_none_is(client: WorkspaceClient) -> None:
    for path, text in {"/a/part": b"new", "/a/there": b"old"}.items():
        client.dbfs.put(path, contents=base64.b64encode(text).decode())
    with pytest.raises(DatabricksError, match="A file exists at /a/there"):
        client.dbfs.move("/a/part", "/a/there")
    client.dbfs.move("/a/part", "/b/new")
    assert [entry.path for entry in client.dbfs.list("/a")] == ["/a/there"]
    assert base64.b64decode(client.dbfs.read("/b/new").data or "") == b"new"
    with pytest.raises(NotFound, match="No file or directory exists on path /a/part"):
        client.dbfs.move("/a/part", "/b/new")


def test_an_empty_file_is_read_as_no_data(client: WorkspaceClient) -> None:
    """Guard against an answer without `data`, at which the step launcher's reader fails."""
    client.dbfs.put("/empty", contents="")
    assert client.api_client.do("GET", "/api/2.0/dbfs/read", query={"path": "/empty"}) == {
        "bytes_read": 0,
        "data": "",
    }


def test_dbfs_reads_half_a_megabyte_unless_told(client: WorkspaceClient) -> None:
    client.dbfs.upload("/large", io.BytesIO(LARGE))
    assert client.dbfs.read("/large").bytes_read == 512 * 1024
    assert client.dbfs.read("/large", offset=len(LARGE) - 3, length=100).bytes_read == 3


@pytest.mark.parametrize(
    ("call", "fields", "code"),
    [
        ("GET read", {"path": "/there", "length": 1_048_577}, "MAX_READ_SIZE_EXCEEDED"),
        ("GET read", {"path": "/there", "offset": -1}, "INVALID_PARAMETER_VALUE"),
        ("GET read", {"path": "/"}, "INVALID_PARAMETER_VALUE"),
        ("GET read", {"path": "/absent"}, "RESOURCE_DOES_NOT_EXIST"),
        ("GET list", {"path": "/absent"}, "RESOURCE_DOES_NOT_EXIST"),
        ("POST create", {"path": "/there"}, "RESOURCE_ALREADY_EXISTS"),
        ("POST create", {"path": "/", "overwrite": True}, "RESOURCE_ALREADY_EXISTS"),
        ("POST put", {"path": "/there", "contents": ""}, "RESOURCE_ALREADY_EXISTS"),
        ("POST mkdirs", {"path": "/there"}, "RESOURCE_ALREADY_EXISTS"),
        ("POST put", {"path": "/x", "contents": "eHh4" * 349_526}, "MAX_BLOCK_SIZE_EXCEEDED"),
        ("POST put", {"path": "/x", "contents": "no base64!"}, "INVALID_PARAMETER_VALUE"),
        ("POST add-block", {"handle": 7, "data": ""}, "RESOURCE_DOES_NOT_EXIST"),
        ("POST close", {"handle": 7}, "RESOURCE_DOES_NOT_EXIST"),
        ("POST mkdirs", {"path": "relative"}, "INVALID_PARAMETER_VALUE"),
        ("POST mkdirs", {"path": "/a/../../b"}, "INVALID_PARAMETER_VALUE"),
        ("POST mkdirs", {"path": "/Volumes/main/cloudflix/staging"}, "INVALID_PARAMETER_VALUE"),
    ],
)
def test_dbfs_refuses(client: WorkspaceClient, call: str, fields: dict[str, object], code: str) -> None:
    """Guard against wrong error codes: clients decide by them, and the launcher polls for one."""
    client.dbfs.put("/there", contents=base64.b64encode(b"x").decode())
    method, name = call.split()
    query, body = (fields, None) if method == "GET" else (None, fields)
    with pytest.raises(DatabricksError) as refused:
        client.api_client.do(method, f"/api/2.0/dbfs/{name}", query=query, body=body)
    assert refused.value.error_code == code


def test_a_workspace_without_a_dbfs_root_refuses_every_call(
    emulator: Emulator, client: WorkspaceClient
) -> None:
    """Guard against a client that needs the DBFS root, which new accounts do not have."""
    emulator.storage.dbfs_disabled = True
    for call in (client.dbfs.mkdirs, client.dbfs.create, client.dbfs.get_status):
        with pytest.raises(PermissionDenied, match="Public DBFS root is disabled"):
            call("/a")
    client.files.create_directory(f"{emulator.volume}/a")


def test_a_volume_keeps_files(emulator: Emulator, client: WorkspaceClient) -> None:
    path = f"{emulator.volume}/a/b/file"
    client.files.create_directory(f"{emulator.volume}/a/b")
    client.files.upload(path, io.BytesIO(LARGE))
    assert client.files.get_metadata(path).content_length == len(LARGE)
    found = client.files.download(path).contents
    assert found
    with found:
        assert found.read() == LARGE
    client.files.get_directory_metadata(f"{emulator.volume}/a")
    listed = [(entry.path, entry.is_directory, entry.file_size) for entry in
              client.files.list_directory_contents(f"{emulator.volume}/a/b")]  # fmt: skip
    assert listed == [(path, False, len(LARGE))]
    client.files.delete(path)
    client.files.delete_directory(f"{emulator.volume}/a/b")
    with pytest.raises(NotFound):
        client.files.get_directory_metadata(f"{emulator.volume}/a/b")


def test_a_directory_is_listed_in_pages(emulator: Emulator, client: WorkspaceClient) -> None:
    for number in range(5):
        client.files.upload(f"{emulator.volume}/{number}", io.BytesIO(b"x"))
    found = client.files.list_directory_contents(emulator.volume, page_size=2)
    assert [entry.name for entry in found] == ["0", "1", "2", "3", "4"]
    assert emulator.counted("GET", emulator.volume) == 3


def test_a_part_of_a_file_is_read(emulator: Emulator, client: WorkspaceClient) -> None:
    client.files.upload(f"{emulator.volume}/file", io.BytesIO(b"0123456789"))
    answer = httpx.get(
        f"{emulator.host}/api/2.0/fs/files{emulator.volume}/file",
        headers={"Authorization": f"Bearer {emulator.token}", "Range": "bytes=7-"},
    )
    assert (answer.status_code, answer.content) == (206, b"789")
    assert answer.headers["content-range"] == "bytes 7-9/10"


def test_a_file_needs_its_directory(emulator: Emulator, client: WorkspaceClient) -> None:
    with pytest.raises(NotFound, match="parent directory"):
        client.files.upload(f"{emulator.volume}/absent/file", io.BytesIO(b"x"))


def test_a_file_is_not_overwritten_unless_told(emulator: Emulator, client: WorkspaceClient) -> None:
    path = f"{emulator.volume}/file"
    client.files.upload(path, io.BytesIO(b"old"))
    with pytest.raises(DatabricksError) as refused:
        client.files.upload(path, io.BytesIO(b"new"), overwrite=False)
    assert refused.value.error_code == "ALREADY_EXISTS"
    client.files.upload(path, io.BytesIO(b"new"), overwrite=True)
    assert emulator.storage.in_volume(path).read_bytes() == b"new"


def test_a_volume_must_exist(client: WorkspaceClient) -> None:
    with pytest.raises(NotFound, match=r"Volume 'main\.cloudflix\.other' does not exist"):
        client.files.upload("/Volumes/main/cloudflix/other/file", io.BytesIO(b"x"))


@pytest.mark.parametrize("path", ["/Volumes/main/cloudflix", "/tmp/file"])
def test_what_is_in_no_volume_is_refused(client: WorkspaceClient, path: str) -> None:
    with pytest.raises(BadRequest):
        client.files.create_directory(path)


def test_a_directory_that_holds_something_stays(emulator: Emulator, client: WorkspaceClient) -> None:
    client.files.create_directory(f"{emulator.volume}/a/b")
    with pytest.raises(BadRequest, match="not empty"):
        client.files.delete_directory(f"{emulator.volume}/a")
    client.files.delete_directory(f"{emulator.volume}/a/b")
    client.files.delete_directory(f"{emulator.volume}/a")
    with pytest.raises(InvalidParameterValue, match="is a volume"):
        client.files.delete_directory(emulator.volume)


def test_what_is_absent_or_of_the_other_kind_is_not_found(
    emulator: Emulator, client: WorkspaceClient
) -> None:
    client.files.create_directory(f"{emulator.volume}/a")
    client.files.upload(f"{emulator.volume}/file", io.BytesIO(b"x"))
    with pytest.raises(NotFound, match="file being accessed"):
        client.files.download(f"{emulator.volume}/a")
    with pytest.raises(NotFound, match="file being accessed"):
        client.files.delete(f"{emulator.volume}/absent")
    with pytest.raises(NotFound, match="directory being accessed"):
        next(iter(client.files.list_directory_contents(f"{emulator.volume}/file")))
    with pytest.raises(DatabricksError):
        client.files.create_directory(f"{emulator.volume}/file")
