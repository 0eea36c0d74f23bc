"""The declaration of a layout: a .toml file, read and refused in one sentence that names its key.

A table per dataset names the delivered `file`, and in `columns` what is written in another way; what is not
named is delivered as ever.
"""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError, model_validator
from pydantic_core import ErrorDetails

from cloudflix_assets.errors import CloudflixError, without_parameters
from cloudflix_assets.layouts.values import ColumnForm
from spark.datasets import DATASETS, Dataset

TWELVE_COLUMNS = "twelve_columns"
"""The layout of the catalogue in one file."""
SHIPPED = {path.stem: path for path in sorted(Path(__file__).parent.glob("*.toml"))}


class LayoutRefused(CloudflixError):
    """A layout is not there, or declares something that it cannot."""


class DatasetForm(BaseModel):
    """Which delivered file a dataset is made of, and how its columns are written there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str | None = Field(None, pattern=r"^[^/\\]+\.csv$")
    columns: Mapping[str, ColumnForm] = {}

    @model_validator(mode="after")
    def _one_separator(self) -> Self:
        parted = [name for name, form in self.columns.items() if form.separator]
        if len(parted) > 1:
            raise ValueError(f"has a separator in {' and '.join(parted)}: several values in one column alone")
        return self


class _Forms(RootModel[dict[str, DatasetForm]]):
    """All that a layout declares, by dataset."""


@dataclass(frozen=True)
class DeliveredFile(Dataset):
    """A file from which the files of datasets are made; it goes by the name of the first of them.

    Args:
        made: the datasets that are made of it, each with the forms of its columns.
    """

    made: Sequence[tuple[Dataset, Mapping[str, ColumnForm]]] = ()


@dataclass(frozen=True)
class Layout:
    """A layout: its name, or the path of its file, and what it declares by dataset."""

    name: str
    forms: Mapping[str, DatasetForm]

    @property
    def digest(self) -> str:
        """A short hash of all that it declares."""
        return sha256(_Forms(dict(self.forms)).model_dump_json().encode()).hexdigest()[:12]

    @cached_property
    def files(self) -> Sequence[Dataset]:
        """The files that a source delivers, in the order of the datasets that they are or make."""
        made: dict[str, list[Dataset]] = {}
        for dataset in DATASETS:
            form = self.forms.get(dataset.name, DatasetForm())
            made.setdefault(form.file or dataset.file, []).append(dataset)
        return [
            self._delivered(file, datasets)
            if any(dataset.name in self.forms for dataset in datasets)
            else datasets[0]
            for file, datasets in made.items()
        ]

    def _delivered(self, file: str, datasets: Sequence[Dataset]) -> DeliveredFile:
        made = [(dataset, self._columns(dataset)) for dataset in datasets]
        columns: dict[str, bool] = {}  # whether a file may lack it
        aliases: dict[str, tuple[str, ...]] = {}
        for dataset, forms in made:
            for name, form in forms.items():
                found = form.named(name)
                columns[found] = columns.get(found, True) and name in dataset.optional
                aliases |= {found: dataset.aliases[found]} if found in dataset.aliases else {}
        return DeliveredFile(
            name=datasets[0].name,
            file=file,
            columns=tuple(filter(None, columns)),
            description=f"the file that the layout {self.name} declares",
            aliases=aliases,
            optional=frozenset(name for name, optional in columns.items() if optional),
            layout=self.name,
            made=made,
        )

    def _columns(self, dataset: Dataset) -> Mapping[str, ColumnForm]:
        declared = self.forms[dataset.name].columns if dataset.name in self.forms else {}
        return {name: declared.get(name, ColumnForm()) for name in dataset.columns}


def layout_of(setting: str | None) -> Layout | None:
    """Return the layout of this name, or of the .toml file at this path; None without a setting.

    Raises:
        LayoutRefused: there is none, or it declares something that it cannot.
    """
    if not setting:
        return None
    path = SHIPPED.get(setting) or Path(setting).expanduser()
    try:
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise LayoutRefused(
            f"CLOUDFLIX_LAYOUT={without_parameters(setting)} is no layout ({reason}): set it to "
            f"{' or '.join(SHIPPED)}, or to the path of your own .toml (docs/other-sources.md)."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise LayoutRefused(f"the layout {setting} is no TOML: {error}.") from None
    try:
        forms = _Forms.model_validate(declared).root
    except ValidationError as error:
        raise LayoutRefused(_sentence(setting, error.errors()[0])) from None
    _refuse_unknown(setting, forms)
    return Layout(setting, forms)


def _refuse_unknown(setting: str, forms: Mapping[str, DatasetForm]) -> None:
    known = {dataset.name: dataset for dataset in DATASETS}
    for name, form in forms.items():
        if name not in known:
            raise LayoutRefused(f"the layout {setting} has {name}, which is no dataset: {_near(name, known)}")
        for column in form.columns:
            if column not in known[name].columns:
                raise LayoutRefused(
                    f"the layout {setting} has {name}.columns.{column}, which is no column of {name}: "
                    f"{_near(column, known[name].columns)}"
                )


def _near(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.75)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}."


def _sentence(setting: str, problem: ErrorDetails) -> str:
    key = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        *table, name = problem["loc"]
        known = [field.alias or key for key, field in _model_at(table).model_fields.items()]
        return f"the layout {setting} has {key}, which is no key: {_near(str(name), known)}"
    reason = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "string_pattern_mismatch":
        reason = "is no name of a file: write one such as titles.csv, without a folder"
    if reason == problem["msg"]:  # pydantic's own
        reason = f"is not allowed: {reason[:1].lower()}{reason[1:]}"
    return f"the layout {setting}: {key} {reason}."


def _model_at(table: Sequence[int | str]) -> type[BaseModel]:
    return ColumnForm if "columns" in table else DatasetForm
