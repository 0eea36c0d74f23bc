"""Find a secret, in any form it may be written in, in files and in an exception with all behind it."""

import gzip
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, quote, quote_plus

from cloudflix_assets_tests.cli.command import Told


def forms(secret: str) -> set[bytes]:
    """A secret as it may be written: plain, quoted, and of a signature the part that makes it one."""
    parts = {secret, *parse_qs(secret).get("sig", [])}
    return {form(part).encode() for part in parts for form in (str, quote, quote_plus)}


def leaks(where: Mapping[str, bytes], *secrets: str) -> list[str]:
    """The names of the contents in which one of the secrets stands."""
    wanted = set().union(*map(forms, secrets))
    return sorted(name for name, content in where.items() if any(form in content for form in wanted))


def unpacked(content: bytes) -> bytes:
    """What is handed over to a cluster is packed, and a secret in it would not be seen."""
    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


def left(told: Told, *folders: Path) -> dict[str, bytes]:
    """What a command printed, and every file below some folders, unpacked.

    `spec.json` is left out: in it the loopback workspace tells its driver what a secret scope holds.
    """
    files = ((folder, path) for folder in folders for path in folder.rglob("*") if path.is_file())
    found = {str(path.relative_to(folder)): path for folder, path in files if path.name != "spec.json"}
    written = {name: unpacked(path.read_bytes()) for name, path in found.items()}
    return {"stdout": told.stdout.encode(), "stderr": told.stderr.encode(), **written}


def printed(*values: object) -> dict[str, bytes]:
    """What is shown by printing values, as whoever debugs does."""
    return {f"{number} {type(it)}": f"{it} {it!r}".encode() for number, it in enumerate(values)}


def chain(error: BaseException) -> Iterator[BaseException]:
    """An exception, and all that led to it, shown or not."""
    seen: list[BaseException] = [error]
    for found in seen:
        seen += [other for other in (found.__cause__, found.__context__) if other and other not in seen]
    return iter(seen)


def whole(error: BaseException) -> str:
    """Its trace, and each of its chain as it prints itself, with all that it keeps."""
    told = [f"{found!r} {found} {vars(found)}" for found in chain(error)]
    return "".join([*traceback.format_exception(error), *told])
