"""Where a secret stands: in any form that it may be written in, and in an exception with all behind it."""

import traceback
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, quote, quote_plus


def forms(secret: str) -> set[bytes]:
    """A secret as it may be written: plain, quoted, and of a signature the part that makes it one."""
    parts = {secret, *parse_qs(secret).get("sig", [])}
    return {form(part).encode() for part in parts for form in (str, quote, quote_plus)}


def leaks(where: Mapping[str, bytes], *secrets: str) -> list[str]:
    """Where one of them stands."""
    wanted = set().union(*map(forms, secrets))
    return sorted(name for name, content in where.items() if any(form in content for form in wanted))


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
