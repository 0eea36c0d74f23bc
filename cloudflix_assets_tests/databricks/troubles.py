"""What goes wrong with a launched step, as the rows of a table name it."""

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
    """Something that is done when a request comes, which is then answered as ever."""

    def __init__(self, pattern: str, do: Callable[[], object], first: int = 1) -> None:
        super().__init__(pattern, delay_seconds=0.001, first=first)
        self.do = do

    def before(self, handler: Handler) -> Reply | Literal["dropped"] | None:
        """Nothing in place of the answer."""
        self.do()
        return None


class Late(Fault):
    """A file of events that is shown only when it is asked for again after the run has ended."""

    def __init__(self, runs: Callable[[], Sequence[Run]]) -> None:
        super().__init__(DOWNLOAD, status=404, code="NOT_FOUND", times=None)
        self.runs, self.asked = runs, 0

    def takes(self, line: str) -> bool:
        """Counts from the end on."""
        taken = self.asked < 2 and super().takes(line)
        self.asked += taken and all(run.ended.is_set() for run in self.runs())
        return taken


def late(launches: Launches) -> None:
    """All events, as where a volume shows files late."""
    launches.emulator.faults.append(Late(lambda: launches.emulator.runs))


def faults(*made: Fault) -> Trouble:
    """Of the calls of the launcher."""
    return lambda launches: launches.emulator.faults.extend(map(replace, made))


def everywhere(**fault: object) -> Trouble:
    """The same, once, of each kind of call."""
    return faults(*(Fault(pattern, **fault) for pattern in EVERY_CALL))  # type: ignore[arg-type]


def plans(*made: RunPlan) -> Trouble:
    """Of the runs, one after the other."""
    return lambda launches: launches.emulator.plans.extend(made)


def settings(**variables: str) -> Trouble:
    """Others than usual."""

    def chosen(launches: Launches) -> None:
        for name, value in variables.items():
            launches.monkeypatch.setenv(name, value)

    return chosen


def without_dbfs(launches: Launches) -> None:
    """As new accounts are."""
    launches.emulator.storage.dbfs_disabled = True


def expired_at(pattern: str, first: int = 1) -> Trouble:
    """The token, when a call comes."""

    def arranged(launches: Launches) -> None:
        launches.emulator.faults.append(Moment(pattern, launches.emulator.tokens.expire, first))

    return arranged


def never_answered(launches: Launches) -> None:
    """A submission, however often it is sent, until the launcher looks what became of it."""
    lost = Fault(SUBMIT, drop="after", times=None)
    launches.emulator.faults += [lost, Moment(LIST, lambda: launches.emulator.faults.remove(lost))]


def soon_given_up(launches: Launches) -> None:
    """A run that goes on after its step."""
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
    """The first driver, after the commit of a table or between its files and that; it does so itself."""

    def arranged(launches: Launches) -> None:
        own = _KILLED.format(path=path, before=before, mark=launches.home / "killed")
        ship(launches, {"cloudflix_assets/delta/commit.py": lambda text: text + own})

    return arranged


def large(launches: Launches) -> None:
    """A package of more than the megabyte that DBFS takes at once."""
    ship(launches, {"cloudflix_assets/errors.py": lambda text: f"{text}\n# {'x' * 2**20}\n"})


def ship(launches: Launches, changes: Mapping[str, Callable[[str], str]]) -> None:
    """Hand over a package some of whose modules are others."""
    real, changed = package.package(), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(real.code)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            new.writestr(zipfile.ZipInfo(name), changes.get(name, str)(text))
    shipped = replace(real, code=changed.getvalue())
    launches.monkeypatch.setattr(submissions, "package", lambda: shipped)
