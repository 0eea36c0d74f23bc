"""Within a driver: `/dbfs` and `/Volumes` without root, and a source tree that cannot be imported.

Calls from Python are led to the folders that stand for the mounts. Native code (a JVM, Arrow, delta-rs) and
other processes see this machine as it is.
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
    """Which folder stands for which mount."""

    def __init__(self, mounts: dict[str, str]) -> None:
        self.mounts = mounts

    def real(self, path: Any) -> Any:
        """Translate a path of the driver; anything else is returned unchanged."""
        if not isinstance(path, (str, bytes, os.PathLike)):
            return path
        text = os.fsdecode(path)
        for mount, folder in self.mounts.items():
            if text == mount or text.startswith(f"{mount}/"):
                moved = folder + text[len(mount) :]
                return os.fsencode(moved) if isinstance(path, bytes) else moved
        return path

    def install(self) -> None:
        """For this process, from here on."""
        # io.open is what builtins.open is, and what pathlib calls.
        builtins.open = io.open = self._led(io.open, 1)
        for name in (*ONE, *TWO):
            setattr(os, name, self._led(getattr(os, name), 2 if name in TWO else 1))
        sys.path_hooks.insert(0, self._finder)
        sys.path_importer_cache.clear()

    def _led(self, call: Callable[..., Any], paths: int) -> Any:
        @functools.wraps(call)
        def led(*arguments: Any, **named: Any) -> Any:
            moved = [self.real(path) for path in arguments[:paths]]
            named = {
                name: self.real(value) if name in {"path", "file", "src", "dst"} else value
                for name, value in named.items()
            }
            return call(*moved, *arguments[paths:], **named)

        return led

    def _finder(self, path: str) -> Any:
        """Modules below a mount, which importlib looks for by itself."""
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
    """A finder of modules that finds none, for the folder that no cluster has."""

    def find_spec(self, name: str, target: object = None) -> ModuleSpec | None:
        """Never."""
        return None

    def invalidate_caches(self) -> None:
        """There is none."""


def hide(root: str, others: list[str]) -> None:
    """Let nothing below a folder be imported but from some folders within, whatever is on the path."""
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
