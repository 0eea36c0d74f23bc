"""Values that a setting may have, and how a sentence shows one that it may not."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
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
    if not _is_text(str(path)):
        raise ValueError("is a folder whose path is not UTF-8, which engines need: choose another folder")
    return path


def _is_text(text: str) -> bool:
    """Whether a variable was UTF-8: bytes that are not become surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _no_address(value: object) -> object:
    if isinstance(value, str) and re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", value):
        raise ValueError(
            "is an address, not a folder: name a folder of this machine; a lake in a storage account is "
            "named by CLOUDFLIX_DEPLOYMENT=azure and AZURE_STORAGE_ACCOUNT"
        )
    return value


def has_host(address: str) -> bool:
    """Return whether an address begins with http:// or https:// and a host that can be asked."""
    try:
        parts = urlsplit(address)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        return known and _is_text(address)
    except ValueError:  # brackets of no IPv6 address, or a port that is none
        return False


def _web_address(text: str) -> str:
    if not has_host(text) or not re.fullmatch(r"https?://[^/\s]+(/\S*)?", text):
        raise ValueError("is no web address: write one such as https://github.com/owner/repo/tree/main")
    return _without_password(text)


def _api(address: str) -> str:
    if not has_host(address) or re.search(r"[\s?#]", address):
        raise ValueError("is no address of an API: write it like https://api.github.com")
    return _without_password(address)


def _webhook(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None and not has_host(secret.get_secret_value()):
        raise ValueError("is no web address: copy it from Slack or Teams, https:// and all")
    return secret


def _without_password(address: str) -> str:
    if "@" in address.split("/")[2]:
        raise ValueError("holds a password: write it without; a token of GitHub belongs into GITHUB_TOKEN")
    return address


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


Folder = Annotated[
    Path, BeforeValidator(_no_address), AfterValidator(lambda path: path.expanduser().absolute())
]
LakeFolder = Annotated[Folder, AfterValidator(_readable)]
Absent = BeforeValidator(lambda value: value or None)
ApiAddress = Annotated[str, AfterValidator(_api)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
WebhookAddress = Annotated[SecretStr | None, AfterValidator(_webhook)]
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
