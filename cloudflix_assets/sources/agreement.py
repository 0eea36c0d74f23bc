"""What a source may deliver: how its files are written, and what undeclared columns do."""

from dataclasses import asdict, dataclass
from shlex import quote
from typing import BinaryIO, Self

from cloudflix_assets.settings.environment import PREFIX, Environment
from cloudflix_assets.versions import hash_of
from spark.datasets import Dataset
from spark.delivery import inspection
from spark.delivery.dialect import Dialect
from spark.delivery.headers import Drift
from spark.delivery.inspection import Contents
from spark.delivery.lines import REMEDY, DeliveryDefect, NotAgreed

INSPECTOR = frozenset({"spark.delivery.inspection"})
"""The code that decides whether a file is sound; while its hash stays, a file that passed passes again."""


@dataclass(frozen=True)
class Agreement:
    """How files are written and how they may drift: by settings, for a source and so for its lake."""

    dialect: Dialect
    drift: Drift

    @classmethod
    def of(cls, environment: Environment) -> Self:
        """Return the agreement that the settings declare."""
        return cls(environment.dialect, environment.schema_drift)

    @property
    def inspection_key(self) -> str:
        """A key of all that an inspection depends on, except the bytes of the file."""
        return f"{hash_of(INSPECTOR)} {self.dialect.extension} {self.drift}"

    def inspect(self, source: BinaryIO, dataset: Dataset, file: str) -> Contents:
        """Read a file to its end with a strict reader.

        Raises:
            DeliveryDefect: it is unsound, or not what was agreed; then with the settings that let it in.
        """
        try:
            return inspection.inspect_file(source, dataset, file, self.dialect, self.drift)
        except NotAgreed as refused:
            raise self._as_defect(refused) from refused

    def _as_defect(self, refused: NotAgreed) -> DeliveryDefect:
        admits = refused.admits
        now, then = (
            ({"schema_drift": self.drift}, {"schema_drift": admits})
            if isinstance(admits, Drift)
            else (asdict(self.dialect), asdict(admits))
        )
        settings = [f"{PREFIX}{name.upper()}={quote(then[name])}" for name in then if then[name] != now[name]]
        return DeliveryDefect(
            refused.defect, f"set {' and '.join(settings)} if that is what the source delivers, else {REMEDY}"
        )
