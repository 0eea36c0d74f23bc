"""The start of drivers, which see nothing of this machine that a cluster would not have."""

import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path

from cloudflix_assets_tests.loopback.databricks.calls import Json
from cloudflix_assets_tests.loopback.databricks.driver_processes import Driver
from cloudflix_assets_tests.loopback.databricks.libraries import install_libraries
from cloudflix_assets_tests.loopback.databricks.runs import Run
from cloudflix_assets_tests.loopback.databricks.secret_scopes import SecretScopes
from cloudflix_assets_tests.loopback.databricks.sessions import SITE, Session
from cloudflix_assets_tests.loopback.databricks.storage import Storage

PROJECT = Path(__file__).parents[3]


class Drivers:
    """The drivers of a workspace.

    Attributes:
        closing: set when all drivers shall end.
    """

    def __init__(self, storage: Storage, secrets: SecretScopes, session: Session) -> None:
        self.storage, self.secrets, self.session = storage, secrets, session
        self.closing = threading.Event()

    def start(self, run: Run) -> Driver:
        """Start the process of a run's task.

        Raises:
            NotInstalled: a library is missing.
            KeyError: a secret is missing to which the cluster refers.
            FileNotFoundError: the Python file is missing.
            Refused: the path of a file is invalid, or its volume or the DBFS root is missing.
        """
        # A root that is used again already has folders with these ids.
        folder = Path(tempfile.mkdtemp(prefix=f"{run.task_run_id}-", dir=self.storage.local))
        wheels = install_libraries(run.task.get("libraries", []), self.storage, folder / "libraries")
        spec = self._spec(run, folder, wheels)
        driver = Driver(spec, folder, self._variables(run, folder))
        run.driver_pid = driver.pid
        return driver

    def _spec(self, run: Run, folder: Path, wheels: list[str]) -> Json:
        task, is_standard = run.task["spark_python_task"], run.cluster.is_standard
        code = self.storage.of_code(task["python_file"])
        if not code.is_file():
            raise FileNotFoundError(2, "no such file", task["python_file"])
        shutil.copyfile(code, folder / "task.py")
        conf = self.secrets.resolve(run.cluster.spec.get("spark_conf", {}))
        conf["spark.databricks.clusterUsageTags.clusterId"] = run.cluster.cluster_id
        return {
            "python_file": str(folder / "task.py"),
            "parameters": task.get("parameters", []),
            "path": [*wheels, *SITE],
            "hidden": {"root": str(PROJECT), "except": [*SITE, str(self.storage.local)]},
            "mounts": self.storage.mounts(dbfs=not is_standard),
            "dbfs": self.storage.mounts(dbfs=True).get("/dbfs"),
            "secrets": self.secrets,
            "session": self.session.session_spec(conf),
            "has_context": not is_standard,
            "error_file": str(folder / "error.json"),
        }

    def _variables(self, run: Run, folder: Path) -> dict[str, str]:
        own = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "LANG": "C.UTF-8",
            "DATABRICKS_RUNTIME_VERSION": run.cluster.runtime,
            "PYSPARK_PYTHON": str(_worker(folder)),
        }
        given = self.secrets.resolve(run.cluster.spec.get("spark_env_vars", {}))
        return {**own, **self.session.variables(), **given}


def _worker(folder: Path) -> Path:
    """Write the Python of Spark's workers, which ignores .pth files as the driver's does; return its path."""
    path = folder / "python"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n', encoding="utf-8")
    path.chmod(0o700)
    return path
