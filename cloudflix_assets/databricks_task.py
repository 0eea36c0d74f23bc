"""The cluster's side of a launched step: unpack the package, set the host's variables, run the step, report.

Databricks runs this file alone, so it imports no other module of the project before it has unpacked them.
Arguments: paths of the package, of the step and of the events.
"""

import gzip
import importlib
import json
import os
import sys
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import Any

ARCHIVE = "cloudflix.zip"
"""The unpacked package's zip, kept beside its modules: an engine gives it to its workers."""
SECONDS = 1.0
"""Pause between two reports while a step runs."""


class Reports:
    """Writes every event so far into one file, and again whenever there are more, until the block ends."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.events: list[Any] = []
        self.written = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._write_regularly, daemon=True)

    def __enter__(self) -> "Reports":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()
        self._write()

    def _write_regularly(self) -> None:
        while not self.ended.wait(SECONDS):
            self._write()

    def _write(self) -> None:
        from dagster._serdes import serialize_value  # 2026-11-30: private; drop once Dagster exports it

        events = list(self.events)
        if len(events) == self.written:
            return
        content = gzip.compress(serialize_value(events).encode())
        part = self.path.with_suffix(".part")
        part.write_bytes(content)
        part.replace(self.path)
        self.written = len(events)


def main(package: str, step: str, events: str, dbutils: Any) -> None:
    """Run the step that the host handed over.

    Args:
        package: path of the zip of the code.
        step: path of the handed-over step, settings and places of secrets.
        events: path to write the events to.
        dbutils: Databricks' utilities, which read secrets.
    """
    given = json.loads(gzip.decompress(Path(step).read_bytes()))
    with tempfile.TemporaryDirectory(prefix="cloudflix-") as folder:
        archive = Path(folder, ARCHIVE)
        archive.write_bytes(Path(package).read_bytes())
        with zipfile.ZipFile(archive) as code:
            code.extractall(folder)
        sys.path.insert(0, folder)  # takes precedence over a version installed on the cluster
        os.environ.update(given["variables"])
        for secret in given["secrets"]:
            value = dbutils.secrets.get(scope=secret["scope"], key=secret["key"])
            os.environ[secret["variable"]] = value
        os.environ.setdefault("CLOUDFLIX_HOME", f"{folder}/home")
        if given["step"] is None:
            _examine_cluster(events)
            return
        # Now, because Dagster removes the first entry of sys.path while it imports definitions.
        importlib.import_module("cloudflix_assets.definitions")
        _run(given["step"], events)


def _examine_cluster(events: str) -> None:
    """Write the findings of `cloudflix doctor` about the cluster to `events`."""
    from cloudflix_assets.doctor.cluster import examine_cluster

    Path(events).write_bytes(gzip.compress(json.dumps(examine_cluster()).encode()))


def _run(told: str, events: str) -> None:
    """Run a step given as JSON: loading a pickle would execute whatever lies in the staging area."""
    # 2026-11-30: a step is run by private parts of Dagster 1.13, as on the host. Drop once it exports them.
    from dagster._core.definitions.step_launcher import StepRunRef
    from dagster._core.execution.plan.external_step import (
        external_instance_from_step_run_ref,
        run_step_from_ref,
    )
    from dagster._serdes import deserialize_value

    step = StepRunRef(**deserialize_value(told, dict))
    with Reports(events) as reports:
        instance = external_instance_from_step_run_ref(step, event_listener_fn=reports.events.append)
        for _ in run_step_from_ref(step, instance):
            pass


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], globals()["dbutils"])  # the Databricks runtime defines it
