"""Pages that are carried out: their code blocks, and a copy of the project in which to follow them.

* Under a line that ends in a file's name and a colon (`spark/gold/ratings.py`:) a block is that file, or,
  marked `diff`, a change of it.
* `console`: what follows `$` runs in bash, in the copy; the lines under it must stand in what is printed,
  in their order (`…` stands for anything). `# exit code 1` tells how it ends, if not well. All commands
  of a page run in one shell, which the page must leave as it found it: no variable, no process, no file but
  those that its blocks name.
* `python` under no file's name runs as a script; a block `text` after it stands in what it prints.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path
from tempfile import gettempdir
from threading import Timer
from time import monotonic, sleep
from types import TracebackType
from typing import Self

from deltalake import DeltaTable

ROOT = Path(__file__).parents[2]
NOT_COPIED = (
    *(".git", ".venv", ".venv-newest", ".cloudflix", ".hypothesis", ".pytest_cache", ".ruff_cache"),
    *("__pycache__", ".cloudflix-azurite", ".azurite.env", ".azurite.pid", ".azurite.log", "node_modules"),
)
NOT_OURS = frozenset({*NOT_COPIED, ".mypy_cache"})
NODE_MODULES = Path("cloudflix_assets_tests", "loopback", "azure", "node_modules")

_BLOCK = re.compile(r"(?:`([^`\n]+)`:\n\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVED = frozenset({"azure.md", "connect.md", "databricks.md"})
"""Pages that start a server, at a port that is written there: on a machine one is carried out at a time."""
LONGEST = 600.0
"""Seconds after which a command that does not end is an error."""
PATIENCE = 60.0
"""Seconds until what a page has killed must have ended."""

_END = "-- the command has ended with"
_EXIT_CODE = re.compile(r"# exit code (\d+)")


def files_below(folder: Path) -> list[Path]:
    """Every file of the project below a folder, sorted; folders of other tools are not walked through."""
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in NOT_OURS)
        found += [Path(parent, name) for name in files if name not in NOT_OURS]
    return sorted(found)


@dataclass(frozen=True)
class Block:
    """A code block: its language, the file that the line above names, its text."""

    language: str
    file: str | None
    text: str

    @property
    def commands(self) -> list[tuple[str, list[str]]]:
        """The commands of a console block, each with the lines that are shown under it."""
        first, *shown = re.split(r"^\$ ", self.text, flags=re.MULTILINE)
        if first.strip():
            raise ValueError(f"a console block begins with a command, not with {first!r}")
        found = [command.splitlines() for command in shown]
        return [(lines[0], [line for line in lines[1:] if line.strip()]) for lines in found]


def blocks(page: Path) -> list[Block]:
    """The code blocks of a page, in their order."""
    found = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return [Block(language, file or None, text) for file, language, text in found]


def commands(page: Path) -> Iterator[str]:
    """Every command of a page."""
    for block in blocks(page):
        if block.language == "console":
            yield from (bare(command) for command, _ in block.commands)


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other process of this machine carries out a page that starts a server, and do so."""
    with Path(gettempdir(), "cloudflix-served-page").open("w") as held:
        flock(held, LOCK_EX)
        yield


def bare(command: str) -> str:
    """A command without the comment that follows it."""
    return command.partition("  #")[0].strip()


class Shell:
    """A bash that runs commands one after the other, as somebody types them."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def run(self, command: str) -> tuple[str, int]:
        """Run a command; what it printed, and its exit code."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{{ {command}\n}} < /dev/null\necho {_END} $?\n")
        self._process.stdin.flush()
        printed, too_long = "", Timer(LONGEST, self._process.kill)
        too_long.start()
        try:
            for line in self._process.stdout:
                before, end, code = line.rpartition(f"{_END} ")
                if end:
                    return printed + before, int(code)
                printed += line
        finally:
            too_long.cancel()
        raise AssertionError(f"{command} ended the shell, or took over {LONGEST} s:\n{printed}")

    def variables(self) -> dict[str, str]:
        """What commands are told."""
        told, _ = self.run("env -0 | tr '\\n\\0' '\\r\\n'")
        found = dict(line.split("=", 1) for line in told.splitlines())
        return {name: value for name, value in found.items() if name != "_"}

    def processes(self) -> list[str]:
        """What was started and still runs after `PATIENCE`: what was killed takes a moment to end."""
        last_look = monotonic() + PATIENCE
        while (found := self.run("jobs -r")[0].splitlines()) and monotonic() < last_look:
            sleep(0.1)
        return found


@dataclass(frozen=True)
class Copy:
    """A copy of the project in a folder of its own, with the installed packages of this one."""

    folder: Path
    unrun: frozenset[str] = frozenset()
    """Commands that a test has no use for: set-up, servers, everything that runs all tests."""

    @classmethod
    def of_the_project(cls, folder: Path, unrun: frozenset[str] = frozenset()) -> "Copy":
        """Copy the project without its history and its lake; what types are known is kept, for speed."""
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED))
        (folder / ".venv").mkdir()
        for part in ("bin", "lib", "pyvenv.cfg"):
            (folder / ".venv" / part).symlink_to(Path(sys.prefix) / part)
        (folder / ".venv" / ".installed").touch()  # make finds nothing to set up
        (folder / NODE_MODULES).symlink_to(ROOT / NODE_MODULES)
        return cls(folder, unrun)

    def follow(self, page: Path, shell: Shell | None = None) -> None:
        """Do what a page says, block by block, in a shell of its own or in this one."""
        if shell is None:
            with self.shell() as own:
                return self.follow(page, own)
        if unknown := self.unrun - set(commands(page)):
            raise AssertionError(f"{page.name} has no such command: {sorted(unknown)}")
        variables, files = shell.variables(), self._files()
        with alone() if page.name in SERVED else nullcontext():
            self._follow(page, shell)
        found = [f"{name}={value}" for name, value in shell.variables().items() ^ variables.items()]
        found += shell.processes()
        if not any("rm -r" in command for command in self.unrun):
            named = {self.folder / block.file for block in blocks(page) if block.file}
            found += sorted(str(path.relative_to(self.folder)) for path in self._files() - files - named)
        if found:
            raise AssertionError(f"{page.name} leaves behind: {', '.join(found)}")
        return None

    def shell(self) -> Shell:
        """A shell in the copy."""
        return Shell(self.folder, self._environment())

    def _files(self) -> set[Path]:
        """What lies in the copy, and in the home of the lake beside it: whose own files change with a run."""
        own = {*self.folder.iterdir(), *(self.folder / ".cloudflix").glob("*/lake")}
        return {path for path in own if path.name not in NOT_OURS}

    def _follow(self, page: Path, shell: Shell) -> None:
        printed = ""
        for block in blocks(page):
            if block.language == "console":
                for command, shown in block.commands:
                    if bare(command) not in self.unrun:
                        _run_as_shown(shell, command, shown)
            elif block.language == "diff":
                self._change(block)
            elif block.file:
                self._write(self.folder / block.file, block.text)
            elif block.language == "python":
                printed = self.run([sys.executable, "-c", block.text])
            elif block.language == "text":
                _check_shown(block.text.splitlines(), printed)

    def run(self, command: list[str], code: int = 0, **variables: str) -> str:
        """Run a command in the copy; what it printed."""
        result = subprocess.run(
            command,
            cwd=self.folder,
            env={**self._environment(), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if result.returncode != code:
            raise AssertionError(f"{command} ended with {result.returncode}, not {code}:\n{result.stdout}")
        return result.stdout

    def _environment(self) -> dict[str, str]:
        own = {n: v for n, v in os.environ.items() if not n.startswith(("CLOUDFLIX_", "AZURE_", "PYTEST_"))}
        engine = {name: value for name, value in os.environ.items() if name == "CLOUDFLIX_ENGINE"}
        path = {"PYTHONPATH": str(self.folder), "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"}
        return {**own, **engine, **path}

    def rows(self, table: str) -> Counter[str]:
        """Rows per week of a Delta table, as its log counts them; a week may have several files."""
        actions = DeltaTable(self.folder / table).get_add_actions(flatten=True)
        weeks, counts = (actions[name].to_pylist() for name in ("partition.week", "num_records"))
        found: Counter[str] = Counter()
        for week, count in zip(weeks, counts, strict=True):
            found[str(week)] += count
        return found

    def _write(self, file: Path, text: str) -> None:
        if file.exists():
            raise AssertionError(f"{file} is there already: the page shows a change as `diff`")
        file.write_text(text, encoding="utf-8")

    def _change(self, block: Block) -> None:
        """Apply a diff whose hunks are parted by `@@`; each must fit in exactly one place."""
        file = self.folder / (block.file or "")
        text = file.read_text(encoding="utf-8")
        for hunk in re.split(r"^@@.*\n", block.text, flags=re.MULTILINE):
            lines = hunk.splitlines(keepends=True)
            old, new = _side(lines, "-"), _side(lines, "+")
            if text.count(old) != 1:
                raise AssertionError(f"{block.file} holds {text.count(old)} times:\n{old}")
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")


def _run_as_shown(shell: Shell, command: str, shown: list[str]) -> None:
    expected = _EXIT_CODE.search(command)
    printed, code = shell.run(command)
    wanted = int(expected[1]) if expected else 0
    if code != wanted:
        raise AssertionError(f"{command} ended with {code}, not {wanted}:\n{printed}")
    _check_shown(shown, printed)


def _check_shown(shown: list[str], printed: str) -> None:
    """The lines that a page shows stand in what was printed, in their order."""
    pattern = ".*".join(".*".join(map(re.escape, line.strip().split("…"))) for line in shown)
    if not re.search(pattern, printed, re.DOTALL):
        raise AssertionError(f"the page shows {shown}, but this was printed:\n{printed}")


def _side(lines: list[str], mark: str) -> str:
    """What a hunk holds before (`-`) or after (`+`); editors strip the blank of an empty line."""
    return "".join(line[1:] if line.strip() else "\n" for line in lines if line[0] in f" \n{mark}")
