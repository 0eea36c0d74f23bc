"""The cluster's side of a launched step: unpack the package, set the host's variables, run what was given.

Databricks runs this file alone, so it imports no other module of the project before it has unpacked them.
Arguments: paths of the package, of the step and of the events.
"""

import gzip
import importlib
import json
import os
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

ARCHIVE = "cloudflix.zip"
"""The unpacked package's zip, kept beside its modules: an engine gives it to its workers."""


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
        else:
            _run_step(given["step"], events)


def _examine_cluster(events: str) -> None:
    """Write the findings of `cloudflix doctor` about the cluster to `events`."""
    from cloudflix_assets.doctor.cluster import examine_cluster

    Path(events).write_bytes(gzip.compress(json.dumps(examine_cluster()).encode()))


def _run_step(given: str, events: str) -> None:
    # Now, because Dagster removes the first entry of sys.path while it imports definitions.
    importlib.import_module("cloudflix_assets.definitions")
    from cloudflix_assets.databricks.remote_step import run_step

    run_step(given, events)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], globals()["dbutils"])  # the Databricks runtime defines it
