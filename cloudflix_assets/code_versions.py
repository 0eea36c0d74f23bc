"""A hash of code: the syntax trees of modules and of all that they import from their own package.

A comment does not change it, a changed helper does.
"""

import ast
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path


@cache
def hash_of(modules: frozenset[str]) -> str:
    """Twelve hexadecimal digits for these modules, by name, with what they import."""
    digest = sha256()
    for name in sorted(_closure(set(modules))):
        digest.update(f"{name}\n{ast.unparse(_tree(name))}\n".encode())
    return digest.hexdigest()[:12]


def _closure(names: set[str]) -> set[str]:
    seen: set[str] = set()
    waiting = sorted(names)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += _imported(name)
    return seen


def _imported(name: str) -> Iterator[str]:
    """Modules of the same package that a module imports."""
    package = name.partition(".")[0]
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == package:
            yield node.module
            yield from (m for a in node.names if _source(m := f"{node.module}.{a.name}"))
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.partition(".")[0] == package)


@cache
def _tree(name: str) -> ast.Module:
    source = _source(name)
    return ast.parse(source.read_text(encoding="utf-8")) if source else ast.Module([], [])


@cache
def _source(name: str) -> Path | None:
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None
