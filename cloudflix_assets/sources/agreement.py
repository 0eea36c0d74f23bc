"""What a source may deliver: how its files are written, and what undeclared columns do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from shlex import quote
from typing import BinaryIO, Self

from cloudflix_assets.lake.marker import Mode
from cloudflix_assets.layouts.declaration import Layout, layout_of
from cloudflix_assets.settings.environment import PREFIX, Environment
from cloudflix_assets.settings.values import TAB, Delimiters, Encodings, by_dataset
from cloudflix_assets.versions import hash_of
from spark.datasets import DATASETS, Dataset
from spark.delivery import inspection
from spark.delivery.dialect import Dialect
from spark.delivery.headers import Drift
from spark.delivery.inspection import Contents
from spark.delivery.lines import REMEDY, DeliveryDefect, NotAgreed

INSPECTOR = frozenset({"spark.delivery.inspection"})
"""The code that decides whether a file is sound; while its hash stays, a file that passed passes again."""


@dataclass(frozen=True)
class Agreement:
    """How files are written and how they may drift: by settings, for a source and so for its lake.

    Args:
        delimiter: what parts the fields of the files of a dataset, by its name; by "" those of all others.
        encoding: how they are encoded, likewise.
        drift: what undeclared columns do.
        layout: how delivered files become those of the datasets; None if they are these.
        drift_is_declared: whether the user has set `drift`.
    """

    delimiter: Delimiters = field(default_factory=dict)
    encoding: Encodings = field(default_factory=dict)
    drift: Drift = Drift.RESCUE
    layout: Layout | None = None
    drift_is_declared: bool = False

    @classmethod
    def of(cls, environment: Environment) -> Self:
        """Return the agreement that the settings declare.

        Raises:
            LayoutRefused: the layout is none.
        """
        layout = layout_of(environment.layout)
        drift, is_declared = environment.schema_drift, "schema_drift" in environment.model_fields_set
        return cls(environment.delimiter, environment.encoding, drift, layout, is_declared)

    @property
    def mode(self) -> Mode:
        """What undeclared columns do, as a lake remembers it."""
        return Mode(self.drift, self.drift_is_declared)

    @property
    def files(self) -> Sequence[Dataset]:
        """The files that the source delivers."""
        return self.layout.files if self.layout else DATASETS

    def dialect_of(self, dataset: Dataset) -> Dialect:
        """Return how files of a dataset are written."""
        delimiter = self.delimiter.get(dataset.name) or self.delimiter.get("", ",")
        encoding = self.encoding.get(dataset.name) or self.encoding.get("", "utf-8")
        return Dialect("\t" if delimiter == TAB else delimiter, encoding)

    def inspection_key(self, dataset: Dataset) -> str:
        """Return a key of all that an inspection depends on, except the bytes of the file."""
        key = f"{hash_of(INSPECTOR)} {self.dialect_of(dataset).extension} {self.drift}"
        return f"{key} {self.layout.digest}" if self.layout else key

    def inspect(self, source: BinaryIO, dataset: Dataset, file: str) -> Contents:
        """Read a file to its end with a strict reader.

        Raises:
            DeliveryDefect: it is unsound, or not what was agreed; then with the settings that let it in.
        """
        try:
            return inspection.inspect_file(source, dataset, file, self.dialect_of(dataset), self.drift)
        except NotAgreed as refused:
            raise DeliveryDefect(
                refused.defect, f"{self._advice(refused, dataset)}, else {REMEDY}"
            ) from refused

    def _advice(self, refused: NotAgreed, dataset: Dataset) -> str:
        admits = refused.admits
        if isinstance(admits, Drift):
            return f"{_set(schema_drift=admits)} if that is what the source delivers"
        now = self.dialect_of(dataset)
        stated: dict[str, tuple[Mapping[str, str], str]] = {}
        if admits.delimiter != now.delimiter:
            stated["delimiter"] = (self.delimiter, admits.delimiter.replace("\t", TAB))
        if admits.encoding != now.encoding:
            stated["encoding"] = (self.encoding, admits.encoding)
        alone = _set(**{name: by_dataset({**old, dataset.name: new}) for name, (old, new) in stated.items()})
        if any(dataset.name in old for old, _ in stated.values()):
            return f"{alone} if that is how this file is delivered"
        every = _set(**{name: by_dataset({**old, "": new}) for name, (old, new) in stated.items()})
        return f"{every} if that is how the source delivers all files, or {alone} if only this one"


def _set(**settings: str) -> str:
    return "set " + " and ".join(f"{PREFIX}{name.upper()}={quote(value)}" for name, value in settings.items())
