"""The mounts of a driver process: `/dbfs` and `/Volumes` without root, and a hidden source tree.

Python's file calls are redirected to the folders that stand for the mounts. Native code (a JVM, Arrow,
delta-rs) and other processes see the real paths of this machine.
"""

import builtins
import functools
import io
import os
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from typing import Any

ONE = ("open", "stat", "lstat", "listdir", "scandir", "mkdir", "rmdir", "remove", "unlink", "access", "chmod",
       "utime", "truncate", "readlink")  # fmt: skip
TWO = ("rename", "replace", "link", "symlink")


class Mounts:
    """The mounts, each with the folder that stands for it."""

    def __init__(self, mounts: dict[str, str]) -> None:
        self.mounts = mounts

    def real(self, path: Any) -> Any:
        """Return the real path of a path below a mount; return anything else unchanged."""
        if not isinstance(path, (str, bytes, os.PathLike)):
            return path
        text = os.fsdecode(path)
        for mount, folder in self.mounts.items():
            if text == mount or text.startswith(f"{mount}/"):
                moved = folder + text[len(mount) :]
                return os.fsencode(moved) if isinstance(path, bytes) else moved
        return path

    def install(self) -> None:
        """Redirect the file calls and the imports of this process, from now on."""
        # builtins.open is io.open, which pathlib calls too.
        builtins.open = io.open = self._redirect(io.open, 1)
        for name in (*ONE, *TWO):
            setattr(os, name, self._redirect(getattr(os, name), 2 if name in TWO else 1))
        sys.path_hooks.insert(0, self._finder)
        sys.path_importer_cache.clear()

    def _redirect(self, call: Callable[..., Any], paths: int) -> Any:
        @functools.wraps(call)
        def redirected(*arguments: Any, **named: Any) -> Any:
            moved = [self.real(path) for path in arguments[:paths]]
            named = {
                name: self.real(value) if name in {"path", "file", "src", "dst"} else value
                for name, value in named.items()
            }
            return call(*moved, *arguments[paths:], **named)

        return redirected

    def _finder(self, path: str) -> Any:
        """Return a finder of modules below a mount; importlib does not use the redirected calls."""
        real = self.real(path)
        if real == path:
            raise ImportError
        for hook in sys.path_hooks[1:]:
            try:
                return hook(real)
            except ImportError:
                continue
        raise ImportError


class Nothing:
    """A finder that finds no modules, for the source tree that no cluster has."""

    def find_spec(self, name: str, target: object = None) -> ModuleSpec | None:
        """Find no module, whatever its name."""
        return None

    def invalidate_caches(self) -> None:
        """Do nothing: the finder has no cache."""


def hide(root: str, others: list[str]) -> None:
    """Forbid imports from below `root`, except from below the folders `others`, whatever is on the path."""
    hidden, shown = os.path.realpath(root), [os.path.realpath(other) for other in others]

    def hook(path: str) -> Nothing:
        real = os.path.realpath(path or ".")
        if _is_in(real, hidden) and not any(_is_in(real, other) for other in shown):
            return Nothing()
        raise ImportError

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
