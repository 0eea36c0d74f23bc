"""Pages that are carried out: their code blocks, and a copy of the project in which to follow them.

* Under a line that ends in a file's name and a colon (`spark/gold/ratings.py`:) a block is that file, or,
  marked `diff`, a change of it.
* `console`: what follows `$` runs in bash, in the copy; the lines under it must stand in what is printed,
  in their order (`…` stands for anything). `# exit code 1` tells how it ends, if not well; an `export`
  or `set -a` holds for what follows.
* `python` under no file's name runs as a script; a block `text` after it stands in what it prints.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deltalake import DeltaTable

ROOT = Path(__file__).parents[2]
NOT_COPIED = (
    *(".git", ".venv", ".venv-newest", ".cloudflix", ".hypothesis", ".pytest_cache", ".ruff_cache"),
    *("__pycache__", ".cloudflix-azurite", ".azurite.env", ".azurite.pid", ".azurite.log", "node_modules"),
)
NOT_OURS = frozenset({*NOT_COPIED, ".mypy_cache"})
NODE_MODULES = Path("cloudflix_assets_tests", "loopback", "azure", "node_modules")

_BLOCK = re.compile(r"(?:`([^`\n]+)`:\n\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
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


def bare(command: str) -> str:
    """A command without the comment that follows it."""
    return command.partition("  #")[0].strip()


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

    def follow(self, page: Path) -> None:
        """Do what a page says, block by block."""
        exports: list[str] = []
        printed = ""
        for block in blocks(page):
            if block.language == "console":
                for command, shown in block.commands:
                    exports += [command] if command.startswith(("export ", "set -a")) else []
                    if bare(command) not in self.unrun:
                        self._run_as_shown("; ".join([*exports, command]), shown)
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
        own = {n: v for n, v in os.environ.items() if not n.startswith(("CLOUDFLIX_", "AZURE_", "PYTEST_"))}
        engine = {name: value for name, value in os.environ.items() if name == "CLOUDFLIX_ENGINE"}
        path = {"PYTHONPATH": str(self.folder), "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"}
        result = subprocess.run(
            command,
            cwd=self.folder,
            env={**own, **engine, **path, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if result.returncode != code:
            raise AssertionError(f"{command} ended with {result.returncode}, not {code}:\n{result.stdout}")
        return result.stdout

    def rows(self, table: str) -> Counter[str]:
        """Rows per week of a Delta table, as its log counts them; a week may have several files."""
        actions = DeltaTable(self.folder / table).get_add_actions(flatten=True)
        weeks, counts = (actions[name].to_pylist() for name in ("partition.week", "num_records"))
        found: Counter[str] = Counter()
        for week, count in zip(weeks, counts, strict=True):
            found[str(week)] += count
        return found

    def _run_as_shown(self, command: str, shown: list[str]) -> None:
        expected = _EXIT_CODE.search(command)
        printed = self.run(["bash", "-c", command], int(expected[1]) if expected else 0)
        _check_shown(shown, printed)

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


def _check_shown(shown: list[str], printed: str) -> None:
    """The lines that a page shows stand in what was printed, in their order."""
    pattern = ".*".join(".*".join(map(re.escape, line.strip().split("…"))) for line in shown)
    if not re.search(pattern, printed, re.DOTALL):
        raise AssertionError(f"the page shows {shown}, but this was printed:\n{printed}")


def _side(lines: list[str], mark: str) -> str:
    """What a hunk holds before (`-`) or after (`+`); editors strip the blank of an empty line."""
    return "".join(line[1:] if line.strip() else "\n" for line in lines if line[0] in f" \n{mark}")
