"""The driver's side of a step: unpack the package, become the host's environment, run the step, tell of it.

Databricks runs this file as it is, beside no other of ours. Arguments: the package, the step, where the
events go.
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
"""Beside the code: what workers are given."""
SECONDS = 1.0
"""Between two reports while a step tells of itself."""


class Reports:
    """Every event so far as one file, which is written anew when there are more."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.told: list[Any] = []
        self.written = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._go_on, daemon=True)

    def __enter__(self) -> "Reports":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()
        self._write()

    def _go_on(self) -> None:
        while not self.over.wait(SECONDS):
            self._write()

    def _write(self) -> None:
        from dagster._serdes import serialize_value

        told = list(self.told)
        if len(told) == self.written:
            return
        content = gzip.compress(serialize_value(told).encode())
        part = self.path.with_suffix(".part")
        part.write_bytes(content)
        part.replace(self.path)
        self.written = len(told)


def main(package: str, step: str, events: str, dbutils: Any) -> None:
    """Run a step that the host handed over."""
    given = json.loads(gzip.decompress(Path(step).read_bytes()))
    with tempfile.TemporaryDirectory(prefix="cloudflix-") as folder:
        archive = Path(folder, ARCHIVE)
        archive.write_bytes(Path(package).read_bytes())
        with zipfile.ZipFile(archive) as code:
            code.extractall(folder)
        sys.path.insert(0, folder)  # before a version of it that somebody installed on the cluster
        os.environ.update(given["variables"])
        for secret in given["secrets"]:
            value = dbutils.secrets.get(scope=secret["scope"], key=secret["key"])
            os.environ[secret["variable"]] = value
        os.environ.setdefault("CLOUDFLIX_HOME", f"{folder}/home")
        if given["step"] is None:
            _look_around(events)
            return
        # Now: Dagster takes the first of the path out while it imports.
        importlib.import_module("cloudflix_assets.definitions")
        _run(given["step"], events)


def _look_around(events: str) -> None:
    """For `cloudflix doctor`."""
    from cloudflix_assets.doctor.cluster import findings

    Path(events).write_bytes(gzip.compress(json.dumps(findings()).encode()))


def _run(told: str, events: str) -> None:
    """As JSON: a pickle would run what lies in the staging area."""
    from dagster._core.definitions.step_launcher import StepRunRef
    from dagster._core.execution.plan.external_step import (
        external_instance_from_step_run_ref,
        run_step_from_ref,
    )
    from dagster._serdes import deserialize_value

    step = StepRunRef(**deserialize_value(told, dict))
    with Reports(events) as reports:
        instance = external_instance_from_step_run_ref(step, event_listener_fn=reports.told.append)
        for _ in run_step_from_ref(step, instance):
            pass


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], globals()["dbutils"])  # which the runtime puts here
