"""What a run meets after it was let in: a role that is withdrawn, and somebody else's container."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.lake.adls.lake import OWNER
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lake.adls.credential_cases import AFTERWARDS, RIGHT, lake, made, new_names, week
from cloudflix_assets_tests.loopback.azure.azurite import ACCOUNT, KEY, Azurite
from cloudflix_assets_tests.loopback.azure.faults import Fault, Outcome, refusal
from cloudflix_assets_tests.loopback.azure.proxy import ALWAYS, Proxy
from cloudflix_assets_tests.loopback.web import Handler, Reply

pytestmark = pytest.mark.usefixtures("one_try")

Contents = dict[str, list[tuple[str, str]]]


def after(calls: int, reply: Reply) -> Fault:
    """Goes well for some calls, and never again."""
    left, lock = iter(range(calls)), threading.Lock()

    def fault(_: Handler, __: Reply | None) -> Outcome:
        with lock:
            return reply if next(left, None) is None else None

    return fault


@pytest.mark.parametrize("calls", [25, 40, 90, 140])
def test_a_role_that_is_lost_in_the_middle_of_a_run(calls: int, proxy: Proxy, tmp_path: Path) -> None:
    """Whichever library meets it, the step fails with the sentence, in the web UI too."""
    told = lake(tmp_path / "home", proxy.endpoint, made(proxy.endpoint, new_names()))
    denied = refusal(403, "AuthorizationPermissionMismatch", "This request is not authorized.")
    proxy.fault(after(len(proxy.calls) + calls, denied), times=ALWAYS)
    ran = week(told)
    (ended,) = ran.weeks
    assert (ran.code, ended["success"]) == (1, False)
    assert ended["failures"]
    for sentence in ended["failures"].values():
        assert sentence.startswith("abfss://")
        assert sentence.endswith(f": {RIGHT}{AFTERWARDS}")
    assert set(ended["failures"].values()) <= set(told_to_dagster(tmp_path / "home", ended["run"]))


def told_to_dagster(home: Path, run_id: str) -> Iterator[str]:
    """The descriptions of the failed steps in the event log."""
    with open_instance(Environment(home=home)) as instance:
        for record in instance.get_records_for_run(run_id).records:
            event = record.event_log_entry.dagster_event
            if event and event.is_step_failure and event.step_failure_data.user_failure_data:
                yield " ".join(str(event.step_failure_data.user_failure_data.description).split())


def contents(azurite: Azurite, names: tuple[str, ...]) -> Contents:
    """What lies in containers, by name and entity tag."""
    with BlobServiceClient(azurite.endpoint, credential=KEY) as service:
        return {
            name: [
                (str(blob.name), str(blob.etag)) for blob in service.get_container_client(name).list_blobs()
            ]
            for name in names
        }


WHOSE = {
    "a file": ("their/report.csv", b"1,2", "somebody else: their, titles lies there"),
    "a mark": (OWNER, json.dumps({"lake": "lake2/raw"}).encode(), "the lake lake2/raw"),
    "a mark that cannot be read": (OWNER, b"{", f"the lake something else, as its {OWNER} says"),
}


@pytest.mark.parametrize("options", [(), ("--replace-source",)], ids=["run", "replace"])
@pytest.mark.parametrize("whose", WHOSE)
@pytest.mark.parametrize("layer", [0, 3], ids=["raw", "gold"])
def test_a_container_of_somebody_else_stays_as_it_is(
    whose: str, layer: int, options: tuple[str, ...], azurite: Azurite, tmp_path: Path
) -> None:
    """A lake replaces and removes what it takes for its own, such as a table of the same name."""
    name, content, owner = WHOSE[whose]
    names = made(azurite.endpoint, new_names())
    with BlobServiceClient(azurite.endpoint, credential=KEY) as service:
        service.get_blob_client(names[layer], name).upload_blob(content)
        service.get_blob_client(names[layer], "titles/_delta_log/0.json").upload_blob(b"theirs")
    before = contents(azurite, names)
    ran = week(lake(tmp_path / "home", azurite.endpoint, names), *options)
    assert ran.sentence == (
        f"the container {names[layer]} of {ACCOUNT} belongs to {owner}: choose other containers "
        "(CLOUDFLIX_AZURE_CONTAINERS) or another account; nothing was written."
    )
    assert ran.code == 1
    assert contents(azurite, names) == before
