"""Versions of code: a hash over modules and all that they import from their package, and installed packages.

The hash is taken over syntax trees: a comment does not change it, a changed helper does.
"""

import ast
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple


@cache
def hash_of(modules: frozenset[str]) -> str:
    """Return twelve hexadecimal digits for the named modules and all that they import from their package."""
    digest = sha256()
    for name in sorted(_closure(set(modules))):
        digest.update(f"{name}\n{_parsed(name).code}\n".encode())
    return digest.hexdigest()[:12]


def _closure(names: set[str]) -> set[str]:
    seen: set[str] = set()
    waiting = sorted(names)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += _parsed(name).imports
    return seen


class _Parsed(NamedTuple):
    """A module without its comments, and the modules of the same package that it imports."""

    code: str
    imports: tuple[str, ...]


@cache
def _parsed(name: str) -> _Parsed:
    source = _source(name)
    tree = ast.parse(source.read_text(encoding="utf-8")) if source else ast.Module([], [])
    return _Parsed(ast.unparse(tree), tuple(_imported(tree, name.partition(".")[0])))


def _imported(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == package:
            yield node.module
            yield from (m for a in node.names if _source(m := f"{node.module}.{a.name}"))
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.partition(".")[0] == package)


@cache
def _source(name: str) -> Path | None:
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


def installed(package: str) -> str | None:
    """Return the installed version of a package, or None if it is missing."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
