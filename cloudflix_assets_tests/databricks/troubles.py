"""Troubles of a launched step, for the rows of the table of faults."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from cloudflix_assets.databricks import package, submissions
from cloudflix_assets_tests.databricks.launches import Launches
from cloudflix_assets_tests.loopback.databricks.faults import Fault
from cloudflix_assets_tests.loopback.databricks.runs import Run, RunPlan
from cloudflix_assets_tests.loopback.web import Handler, Reply

SUBMIT = r"POST .*/runs/submit$"
POLL = r"GET .*/runs/get$"
LIST = r"GET .*/runs/list$"
UPLOAD = r"PUT .*/fs/files/.*/runs/.*\.step$"
DOWNLOAD = r"GET .*/fs/files/.*/runs/.*\.events$"
DELETE = r"DELETE .*/fs/files/.*/runs/.*\.events$"
EVERY_CALL = (SUBMIT, POLL, UPLOAD, DOWNLOAD, DELETE)
PROXY = b"<html><head><title>Bad Gateway</title></head><body><pre>Bad Gateway</pre></body></html>"

Trouble = Callable[[Launches], None]


class Moment(Fault):
    """Does something when a request comes, and lets the request be answered as usual."""

    def __init__(self, pattern: str, do: Callable[[], object], first: int = 1) -> None:
        super().__init__(pattern, delay_seconds=0.001, first=first)
        self.do = do

    def before(self, handler: Handler) -> Reply | Literal["dropped"] | None:
        """Do it, and return None: the request is answered as usual."""
        self.do()
        return None


class Late(Fault):
    """Hides the file of events until it is asked for the second time after the run has ended."""

    def __init__(self, runs: Callable[[], Sequence[Run]]) -> None:
        super().__init__(DOWNLOAD, status=404, code="NOT_FOUND", times=None)
        self.runs, self.asked = runs, 0

    def takes(self, line: str) -> bool:
        """Whether a request meets the fault; counts those after the end of the runs."""
        taken = self.asked < 2 and super().takes(line)
        self.asked += taken and all(run.ended.is_set() for run in self.runs())
        return taken


def late(launches: Launches) -> None:
    """A volume shows the file of events late."""
    launches.emulator.faults.append(Late(lambda: launches.emulator.runs))


def faults(*made: Fault) -> Trouble:
    """Calls of the launcher meet these faults."""
    return lambda launches: launches.emulator.faults.extend(map(replace, made))


def everywhere(**fault: object) -> Trouble:
    """The same fault meets each kind of call, once."""
    return faults(*(Fault(pattern, **fault) for pattern in EVERY_CALL))  # type: ignore[arg-type]


def plans(*made: RunPlan) -> Trouble:
    """The runs follow these plans, one after the other."""
    return lambda launches: launches.emulator.plans.extend(made)


def settings(**variables: str) -> Trouble:
    """The settings have these variables too."""

    def chosen(launches: Launches) -> None:
        for name, value in variables.items():
            launches.monkeypatch.setenv(name, value)

    return chosen


def without_dbfs(launches: Launches) -> None:
    """The workspace has no DBFS, as those of new accounts."""
    launches.emulator.storage.dbfs_disabled = True


def expired_at(pattern: str, first: int = 1) -> Trouble:
    """The token expires when such a call comes."""

    def arranged(launches: Launches) -> None:
        launches.emulator.faults.append(Moment(pattern, launches.emulator.tokens.expire, first))

    return arranged


def never_answered(launches: Launches) -> None:
    """No submission is answered until the launcher lists the runs, to see what became of it."""
    lost = Fault(SUBMIT, drop="after", times=None)
    launches.emulator.faults += [lost, Moment(LIST, lambda: launches.emulator.faults.remove(lost))]


def soon_given_up(launches: Launches) -> None:
    """The launcher waits only briefly for a run that goes on after its step."""
    launches.monkeypatch.setattr("cloudflix_assets.databricks.launcher.LINGERING", 0.1)


_KILLED = """

def _killed_once(commit, mark):
    import os, signal
    from pathlib import Path

    def committed(table, week, files):
        is_due = week.path == "{path}" and not Path(mark).exists()
        Path(mark).touch() if is_due else None
        version = None if is_due and {before} else commit(table, week, files)
        os.kill(os.getpid(), signal.SIGKILL) if is_due else None
        return version

    return committed


_commit = _killed_once(_commit, "{mark}")
"""


def killed_at_commit_of(path: str, *, before: bool = False) -> Trouble:
    """The first driver kills itself after the commit of a table, or between its files and the commit."""

    def arranged(launches: Launches) -> None:
        own = _KILLED.format(path=path, before=before, mark=launches.home / "killed")
        ship(launches, {"cloudflix_assets/delta/commit.py": lambda text: text + own})

    return arranged


def large(launches: Launches) -> None:
    """The package is larger than the megabyte that DBFS takes in one call."""
    ship(launches, {"cloudflix_assets/errors.py": lambda text: f"{text}\n# {'x' * 2**20}\n"})


def ship(launches: Launches, changes: Mapping[str, Callable[[str], str]]) -> None:
    """Hand over a package in which some modules are changed."""
    real, changed = package.package(), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(real.code)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            new.writestr(zipfile.ZipInfo(name), changes.get(name, str)(text))
    shipped = replace(real, code=changed.getvalue())
    launches.monkeypatch.setattr(submissions, "package", lambda: shipped)
