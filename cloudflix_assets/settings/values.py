"""Values that a setting may have, and how a sentence shows one that it may not."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator


def _day(value: object) -> object:
    """Read a day more strictly than pydantic, to which a number is seconds since 1970."""
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("is no date: write a Monday, such as 2026-01-05") from None


def _monday(day: date) -> date:
    if day.weekday() != 0:
        monday = day - timedelta(days=day.weekday())
        raise ValueError(f"is a {day:%A}; weeks begin on a Monday: did you mean {monday}?")
    return day


def _readable(path: Path) -> Path:
    """Refuse what is misread (2026-11-26): by engines as a pattern, by Dagster's databases (%) as a code."""
    if misread := sorted(set(str(path)) & set("*?[]{}\\%")):
        raise ValueError(
            f"is the folder {path}, in whose path {' '.join(misread)} would be misread: choose a folder "
            "without any of * ? [ ] { } \\ % (--home, CLOUDFLIX_HOME, CLOUDFLIX_LAKE)"
        )
    return path


def _web_address(text: str) -> str:
    if not re.fullmatch(r"https?://[^/\s]+(/\S*)?", text):
        raise ValueError("is no web address: write one such as https://github.com/owner/repo/tree/main")
    if "@" in text.split("/")[2]:
        raise ValueError("holds a password: write it without; a token of GitHub belongs into GITHUB_TOKEN")
    return text


Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
LakeFolder = Annotated[Folder, AfterValidator(_readable)]
Absent = BeforeValidator(lambda value: value or None)
WebAddress = Annotated[str, AfterValidator(_web_address)]
Monday = Annotated[date, BeforeValidator(_day), AfterValidator(_monday)]


def shown(value: object) -> str:
    """Return a value without secrets, for a sentence: one may be pasted into the wrong variable."""
    return _SECRET.sub("…", str(value))


_SECRET = re.compile(
    r"(?i)(?<=sig=)[^&;\s]+|(?<=key=)[^;\s]+|(?<=://)[^/@\s]+(?=@)|[a-z0-9+/]{86}=="
    r"|(?<=token=)[^;\s]+|(?<=secret=)[^;\s]+|(?:dapi|dose)[a-z0-9-]{20,}"
    r"|gh[opsru]_[a-z0-9]{20,}|github_pat_\w{20,}|(?<=hooks.slack.com/services/)\S+"
)
"""A signature, a key in a connection string, a password in an address, a bare key of an account; a token or a
secret of a workspace; a token of GitHub; the path of a webhook."""
