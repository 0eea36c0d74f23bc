"""`cloudflix doctor --fix` makes the containers of a lake, and nothing else."""

from pathlib import Path

from azure.storage.blob import BlobServiceClient

from cloudflix_assets_tests.lake.adls.credential_cases import (
    AFTERWARDS,
    NO_CONTAINER,
    RIGHT,
    called,
    found,
    lake,
    new_names,
    signature,
)
from cloudflix_assets_tests.loopback.azure.azurite import KEY, Azurite
from cloudflix_assets_tests.loopback.azure.hierarchical import Hierarchical


def test_missing_containers_are_made_by_a_doctor_who_is_let(azurite: Azurite, tmp_path: Path) -> None:
    """Twice is no error, and what was there stays."""
    names = new_names()
    told = lake(tmp_path / "home", azurite.endpoint, names)
    with BlobServiceClient(azurite.endpoint, credential=KEY) as service:
        service.create_container(names[0])
        service.get_blob_client(names[0], "landing/dropped.csv").upload_blob(b"kept")
        missing = found(told)
        assert missing["containers"] == f"missing: {', '.join(names[1:])} → cloudflix doctor --fix"
        assert missing["lake"] == f"{azurite.endpoint}: {NO_CONTAINER}{AFTERWARDS}"
        ran = called(told, "run", "--quiet")
        assert ran.sentence == f"{azurite.endpoint}: {NO_CONTAINER}{AFTERWARDS}"
        assert found(told, "--fix") == {}
        assert found(told, "--fix") == {}
        assert found(told) == {}
        assert all(service.get_container_client(name).exists() for name in names)
        assert service.get_blob_client(names[0], "landing/dropped.csv").download_blob().readall() == b"kept"


def test_a_doctor_says_what_it_made_and_when_it_may_not(azurite: Azurite, tmp_path: Path) -> None:
    """A signature without the right to create is enough for a lake, and not for its containers."""
    names = new_names()
    told = lake(tmp_path / "home", azurite.endpoint, names, AZURE_STORAGE_SAS_TOKEN=signature("rl"))
    assert found(told, "--fix")["containers"] == f"{azurite.endpoint}: {RIGHT}{AFTERWARDS}"
    told = lake(tmp_path / "home", azurite.endpoint, names)
    checks = called(told, "doctor", "--fix", "--json").json["checks"]
    (seen,) = [check["seen"] for check in checks if check["check"] == "containers"]
    assert seen == f"{', '.join(names)}; made just now: {', '.join(names)}"


def test_a_lake_may_begin_where_a_doctor_has_looked(hierarchical: Hierarchical, tmp_path: Path) -> None:
    """A hierarchy keeps the folder of a file that is gone: it was taken for somebody else's."""
    hierarchy = {"CLOUDFLIX_AZURE_FLAT_NAMESPACE": "false", "AZURE_STORAGE_KEY": KEY}
    told = lake(tmp_path / "home", hierarchical.endpoint, new_names(), **hierarchy)
    assert found(told, "--fix") == {}
    assert called(told, "run", "--select", "publication", "--quiet").code == 0
