"""The Spark sessions of drivers: on one Sail server for all drivers, or on a JVM in each driver.

In standard access mode a driver with a JVM is a client of Spark Connect, whose server is that JVM.
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
"""A Python without variables, working directory or .pth files on its path: it cannot import this project."""


class Session(Protocol):
    """The Spark sessions of the drivers of a workspace."""

    def session_spec(self, conf: Mapping[str, str]) -> Json:
        """Return what the driver of a cluster with this configuration needs to make its session."""

    def variables(self) -> dict[str, str]:
        """Return the variables that a driver's environment needs for its session."""

    def close(self) -> None:
        """End the processes that serve the sessions."""


class SailSession:
    """The sessions on one Sail server, which the first driver starts; they share nothing but its memory.

    Args:
        variables: variables of the server, by which it reads an account.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.extra = dict(variables)
        self.lock = threading.Lock()
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def session_spec(self, conf: Mapping[str, str]) -> Json:
        """Start the server unless it runs, and return its address and the configuration."""
        with self.lock:
            if self.process is None:
                self.process, self.url = self._start()
        return {"kind": "sail", "url": self.url, "conf": conf}

    def variables(self) -> dict[str, str]:
        """Return the variables by which `getOrCreate` joins the session, as in standard access mode."""
        return {"SPARK_REMOTE": self.url}

    def close(self) -> None:
        """Close the input of the server, at which it ends, and wait for its end."""
        if self.process:
            self.process.communicate()

    def _start(self) -> tuple[subprocess.Popen[str], str]:
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
    """The sessions on a JVM with Delta in each driver; the jars come from the engine `spark`'s cache."""

    def __init__(self) -> None:
        before = dict(os.environ)
        try:
            self.options = _prepare_start(Environment(), [DELTA_JAR], _SESSION_OPTIONS)
            self.java = os.environ["JAVA_HOME"]
            self.lock = Environment().cache / "starting.lock"
        finally:
            os.environ.clear()
            os.environ.update(before)

    def session_spec(self, conf: Mapping[str, str]) -> Json:
        """Return the options of the engine `spark`; the slow jar for accounts only if `conf` names one."""
        jars = [DELTA_JAR, AZURE_JAR] if any("fs.azure." in name for name in conf) else [DELTA_JAR]
        options = {**self.options, "spark.jars.packages": ",".join(jars)}
        return {"kind": "jvm", "options": options, "conf": conf, "lock": str(self.lock)}

    def variables(self) -> dict[str, str]:
        """Return the home of Java, and the path of Python workers, which import no more than the driver."""
        return {"JAVA_HOME": self.java, "PYTHONPATH": os.pathsep.join(SITE)}

    def close(self) -> None:
        """Do nothing: each JVM has ended with its driver."""


def make_session(kind: Kind, variables: Mapping[str, str]) -> Session:
    """Make the sessions of the drivers of a workspace."""
    return SailSession(variables) if kind == "sail" else JvmSession()
