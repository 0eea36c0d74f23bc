"""The program of a driver process: it runs one Python file as Databricks runs a task.

The file finds `spark`, `dbutils` and, if the access mode has a SparkContext, `sc`. Its own Python calls see
the mounts (driver_mounts.py).
"""

import builtins
import contextlib
import fcntl
import json
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, NoReturn


class FileInfo(NamedTuple):
    """An entry of `dbutils.fs.ls`: sizes in bytes, times in milliseconds since 1970."""

    path: str
    name: str
    size: int
    modificationTime: int  # noqa: N815  # Databricks' name


class Secrets:
    """The double of `dbutils.secrets`."""

    def __init__(self, scopes: Mapping[str, Mapping[str, str]]) -> None:
        self._scopes = scopes

    def get(self, scope: str, key: str) -> str:
        """Return a secret; raise ValueError if there is none."""
        if key not in self._scopes.get(scope, {}):
            raise ValueError(f"Secret does not exist with scope: {scope} and key: {key}")
        return self._scopes[scope][key]


class Files:
    """The double of `dbutils.fs`, which sees DBFS in every access mode."""

    def __init__(self, dbfs: str | None) -> None:
        self._dbfs = dbfs

    def ls(self, path: str) -> list[FileInfo]:
        """List a folder; raise FileNotFoundError if it is absent, PermissionError if DBFS is disabled."""
        plain = "/" + path.removeprefix("dbfs:").strip("/")
        if plain.startswith("/Volumes/"):
            folder = plain
        elif self._dbfs is None:
            raise PermissionError(f"Public DBFS root is disabled. Access is denied on path: {path}")
        else:
            folder = self._dbfs + plain
        return [
            self._describe(plain, entry) for entry in sorted(os.scandir(folder), key=lambda entry: entry.name)
        ]

    def _describe(self, folder: str, entry: "os.DirEntry[str]") -> FileInfo:
        status, end = entry.stat(), "/" if entry.is_dir() else ""
        size = 0 if entry.is_dir() else status.st_size
        path = f"dbfs:{folder.rstrip('/')}/{entry.name}{end}"
        return FileInfo(path, entry.name + end, size, int(status.st_mtime * 1000))


class DbUtils(NamedTuple):
    """The double of `dbutils`."""

    secrets: Secrets
    fs: Files


class NoContext:
    """The double of `sc` on Sail, which has no SparkContext: each attribute raises an error."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"sc.{name}: this driver computes on Sail, without a SparkContext: serve with --session jvm"
        )


def main(spec: dict[str, Any], mounts: Any, leash: int) -> NoReturn:
    """Run the task of a spec, and end the process; end it early if the other end of the leash closes.

    `mounts` is the module driver_mounts, which is not on the path; `leash` is the descriptor of a socket.
    """
    threading.Thread(target=_end_with_parent, args=(leash,), daemon=True).start()
    sys.path += spec["path"]
    mounts.hide(spec["hidden"]["root"], spec["hidden"]["except"])
    mounts.Mounts(spec["mounts"]).install()
    code = 0
    try:
        _run(spec)
    except SystemExit as error:
        if error.code not in {None, 0}:
            code = _report(spec, error)
    except BaseException as error:  # noqa: BLE001  # the service reports it
        code = _report(spec, error)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _end_with_parent(leash: int) -> None:
    """Kill the process group when the other end of the leash closes; nothing is ever written to it."""
    os.read(leash, 1)
    os.killpg(0, signal.SIGKILL)


def _run(spec: dict[str, Any]) -> None:
    filename = spec["python_file"]
    sys.argv = [filename, *spec["parameters"]]
    spark = _session({**spec["session"], "has_context": spec["has_context"]})
    known = {"__name__": "__main__", "__file__": filename, "__builtins__": builtins, "spark": spark,
             "dbutils": DbUtils(Secrets(spec["secrets"]), Files(spec["dbfs"]))}  # fmt: skip
    if spec["has_context"]:
        known["sc"] = NoContext() if spec["session"]["kind"] == "sail" else spark.sparkContext
    with open(filename, "rb") as file:  # noqa: PTH123  # pathlib is not needed for this
        code = compile(file.read(), filename, "exec")
    exec(code, known)


def _session(told: dict[str, Any]) -> Any:
    """Make the ambient session, which `getOrCreate` in the task's code returns."""
    from pyspark.sql import SparkSession  # noqa: PLC0415  # it is on the path only now

    if told["kind"] == "sail":
        session, afterwards = SparkSession.builder.remote(told["url"]).getOrCreate(), told["conf"]
    else:
        # The list of processes shows the options of a JVM's start, so keys are set after the start.
        at_start = {name: value for name, value in told["conf"].items() if name.startswith("spark.")}
        afterwards = {name: value for name, value in told["conf"].items() if name not in at_start}
        builder, options = SparkSession.builder, dict(told["options"])
        if not told["has_context"]:
            # In standard access mode the session is a client of this driver's own Spark Connect server.
            builder = builder.remote(options.pop("spark.master"))
        for name, value in {**options, **at_start}.items():
            builder = builder.config(name, value)
        with _alone_and_quiet(told["lock"]), warnings.catch_warnings():
            # 2026-11-26: a client of Spark Connect sets options again that only count at the start.
            warnings.filterwarnings("ignore", "Failed to set spark")
            session = builder.getOrCreate()
    for name, value in afterwards.items():
        session.conf.set(name, value)
    return session


@contextlib.contextmanager
def _alone_and_quiet(lock: str) -> Iterator[None]:
    """Hold a lock, so that no two drivers fetch a jar at once; send a JVM's first messages to stderr."""
    output = os.dup(1)
    os.dup2(2, 1)
    with open(lock, "wb") as file:  # noqa: PTH123
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    os.dup2(output, 1)
    os.close(output)


def _report(spec: dict[str, Any], error: BaseException) -> int:
    trace = traceback.format_exc()
    sys.stderr.write(trace)
    with open(spec["error_file"], "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump({"error": f"{type(error).__name__}: {error}", "error_trace": trace}, file)
    return 1
