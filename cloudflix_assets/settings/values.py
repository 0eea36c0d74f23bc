"""Values that a setting may have, and how a sentence shows one that it may not."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from spark.datasets import DATASETS
from spark.delivery.dialect import Encoding

TAB: Final = "tab"
"""A tab, which a shell does not take as it is."""


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
    return text


def _by_dataset(value: object) -> object:
    """Read `; cast=tab` as the value of all datasets, by "", and those of single ones."""
    if not isinstance(value, str):
        return value
    words = value.replace("\t", TAB).split()
    return {name: word for name, _, word in (word.rpartition("=") for word in words)}


def _of_datasets(values: Mapping[str, str]) -> Mapping[str, str]:
    known = [dataset.name for dataset in DATASETS]
    if unknown := sorted(set(values) - {"", *known}):
        raise ValueError(f"names {', '.join(unknown)}, which is no dataset: known are {', '.join(known)}")
    return values


Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
LakeFolder = Annotated[Folder, AfterValidator(_readable)]
Absent = BeforeValidator(lambda value: value or None)
WebAddress = Annotated[str, AfterValidator(_web_address)]
Monday = Annotated[date, BeforeValidator(_day), AfterValidator(_monday)]

DelimiterWord = Literal[",", ";", "tab", "|"]
Delimiters = Annotated[
    Mapping[str, DelimiterWord], NoDecode, BeforeValidator(_by_dataset), AfterValidator(_of_datasets)
]
Encodings = Annotated[
    Mapping[str, Encoding], NoDecode, BeforeValidator(_by_dataset), AfterValidator(_of_datasets)
]


def by_dataset(values: Mapping[str, str]) -> str:
    """Return what `Delimiters` and `Encodings` read."""
    return " ".join(f"{name}={value}" if name else value for name, value in sorted(values.items()))


def shown(value: object) -> str:
    """Return a value without secrets, for a sentence: one may be pasted into the wrong variable."""
    return _SECRET.sub("…", str(value))


_SECRET = re.compile(
    r"(?i)(?<=sig=)[^&;\s]+|(?<=key=)[^;\s]+|(?<=://)[^/@\s]+(?=@)|[a-z0-9+/]{86}=="
    r"|(?<=token=)[^;\s]+|(?<=secret=)[^;\s]+|(?:dapi|dose)[a-z0-9-]{20,}"
)
"""A signature, a key in a connection string, a password in an address, a bare key of an account; a variable
that is none of a secret's place, a token or a secret of a workspace."""
