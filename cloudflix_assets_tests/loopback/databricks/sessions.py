"""The Spark that drivers find: Sail in a process of its own, or Spark itself in each driver.

In standard access mode the latter is a client of Spark Connect, whose server is the driver's own JVM.
"""

import os
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol

from cloudflix_assets.engines.choice import _SESSION_OPTIONS
from cloudflix_assets.engines.jvm import AZURE_JAR, DELTA_JAR, _prepare_start
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.loopback.databricks.calls import Json

Kind = Literal["sail", "jvm"]
SITE = [str(Path(path)) for path in dict.fromkeys(map(sysconfig.get_path, ("purelib", "platlib")))]
ISOLATED = [sys.executable, "-I", "-S"]
"""No variable, no working directory and no .pth file adds to the path: what is being developed is unknown."""


class Session(Protocol):
    """The Spark session of a driver."""

    def told(self, conf: Mapping[str, str]) -> Json:
        """Return what the driver of a cluster with this configuration needs to make its session."""

    def variables(self) -> dict[str, str]:
        """The variables of the driver's environment."""

    def close(self) -> None:
        """Leave no process behind."""


class SailSession:
    """One server for all drivers, started when the first needs it; sessions share nothing but its memory.

    Args:
        variables: of the server, by which it reads an account.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.extra = dict(variables)
        self.lock = threading.Lock()
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def told(self, conf: Mapping[str, str]) -> Json:
        """Start the server if it does not run, and return its address and the configuration."""
        with self.lock:
            if self.process is None:
                self.process, self.url = self._started()
        return {"kind": "sail", "url": self.url, "conf": conf}

    def variables(self) -> dict[str, str]:
        """Variables with which `getOrCreate` joins this session, as on a cluster in standard access mode."""
        return {"SPARK_REMOTE": self.url}

    def close(self) -> None:
        """It ends when nobody holds its input."""
        if self.process:
            self.process.communicate()

    def _started(self) -> tuple[subprocess.Popen[str], str]:
        script = str(Path(__file__).with_name("sail_server.py"))
        variables = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "RUST_LOG": "error", **self.extra}
        process = subprocess.Popen(
            [*ISOLATED, script, *SITE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables, text=True, start_new_session=True,
        )  # fmt: skip
        assert process.stdout
        if not (url := process.stdout.readline().strip()):
            process.communicate()
            raise OSError(f"no Sail server started: its process ended with {process.returncode}")
        return process, url


class JvmSession:
    """A JVM per driver with Delta, its jars from the cache of the engine `spark`."""

    def __init__(self) -> None:
        before = dict(os.environ)
        try:
            self.options = _prepare_start(Environment(), [DELTA_JAR], _SESSION_OPTIONS)
            self.java = os.environ["JAVA_HOME"]
            self.lock = Environment().cache / "starting.lock"
        finally:
            os.environ.clear()
            os.environ.update(before)

    def told(self, conf: Mapping[str, str]) -> Json:
        """The options of the engine `spark`; the jar for accounts only where one is named, for it is slow."""
        jars = [DELTA_JAR, AZURE_JAR] if any("fs.azure." in name for name in conf) else [DELTA_JAR]
        options = {**self.options, "spark.jars.packages": ",".join(jars)}
        return {"kind": "jvm", "options": options, "conf": conf, "lock": str(self.lock)}

    def variables(self) -> dict[str, str]:
        """Its Java; of its Python workers, what they may import, which is no more than the driver may."""
        return {"JAVA_HOME": self.java, "PYTHONPATH": os.pathsep.join(SITE)}

    def close(self) -> None:
        """Each has ended with its driver."""


def session(kind: Kind, variables: Mapping[str, str]) -> Session:
    """The one that all drivers of a workspace use."""
    return SailSession(variables) if kind == "sail" else JvmSession()
