"""Make the files of datasets from one that was delivered in a layout, and land them like delivered ones."""

from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path

from cloudflix_assets.landing.manifest import DELIVERED, MADE_OF, LandedFile
from cloudflix_assets.layouts.conversion import MadeFile, convert
from cloudflix_assets.layouts.declaration import DeliveredFile
from cloudflix_assets.sources.agreement import Agreement
from spark.datasets import DATASETS, Dataset
from spark.delivery.dialect import PLAIN
from spark.delivery.headers import listed
from spark.delivery.inspection import inspect_file
from spark.delivery.lines import DeliveryDefect, printable

_OF_A_STATE = frozenset({"blob", "etag"})
"""What `origin` tells of the delivered file's own bytes."""


def folder_of(dataset: Dataset) -> str:
    """Return the folder below `raw/files` in which such a file is landed."""
    return DELIVERED if isinstance(dataset, DeliveredFile) else dataset.name


def made_of(path: Path, file: LandedFile, agreement: Agreement) -> list[tuple[Path, LandedFile]]:
    """Return the files of datasets that are made of a delivered file; none if it is a dataset's own.

    Args:
        path: where the delivered file lies; the made ones are written beside it.
        file: the delivered file, which was inspected.
        agreement: how it is written, and the layout.

    Raises:
        DeliveryDefect: two readers read it differently.
    """
    (declared,) = (dataset for dataset in agreement.files if dataset.name == file.dataset)
    if not isinstance(declared, DeliveredFile):
        return []
    folder = path.with_name(f"{path.name}-made")
    folder.mkdir()
    with path.open("rb") as source:
        made = convert(source, declared, agreement.dialect_of(declared), file.records, folder)
    return [(one.path, _landed(one, file, declared)) for one in made if one.records]


def of_datasets(files: Sequence[LandedFile], agreement: Agreement) -> tuple[LandedFile, ...]:
    """Return the files of datasets among those that were delivered and made.

    Raises:
        DeliveryDefect: by its layout a dataset has no record.
    """
    found = tuple(file for file in files if not file.path.startswith(f"files/{DELIVERED}/"))
    for declared in agreement.files if agreement.layout else ():
        for dataset, _ in declared.made if isinstance(declared, DeliveredFile) else ():
            if dataset.name not in {file.dataset for file in found}:
                raise DeliveryDefect(
                    f"{declared.file} has nothing for {dataset.name}: no record holds a value of "
                    f"{dataset.columns[0]} as the layout {declared.layout} declares it"
                )
    return tuple(sorted(found, key=lambda file: _ORDER[file.dataset]))


def left_out(fetched: Sequence[LandedFile], files: Sequence[LandedFile]) -> list[str]:
    """Return a sentence for each delivered file whose undeclared columns no dataset takes."""
    takes = {file.origin.get(MADE_OF) for file in files if file.undeclared}
    return [
        f"{file.file} has the undeclared {printable(listed(file.undeclared))}: not kept beside the delivered "
        "file, because every dataset that is made of it takes several records from one"
        for file in fetched
        if file.undeclared and file not in files and _made_of(file) not in takes
    ]


def _made_of(delivered: LandedFile) -> str:
    return f"{delivered.file} {delivered.sha256}"


_ORDER = {dataset.name: number for number, dataset in enumerate(DATASETS)}


def _landed(made: MadeFile, delivered: LandedFile, declared: DeliveredFile) -> LandedFile:
    """Return a made file as landed; its records are counted anew, by the reader that inspects."""
    with made.path.open("rb") as content:
        digest = file_digest(content, "sha256").hexdigest()
        content.seek(0)
        contents = inspect_file(content, made.dataset, made.dataset.file)
    if contents.records != made.records:
        raise DeliveryDefect(
            f"{made.dataset.file}, made of {delivered.file}, has {contents.records:,} records by one reader "
            f"and {made.records:,} by another",
            "report it with the file; nothing was landed",
        )
    told = {name: text for name, text in delivered.origin.items() if name not in _OF_A_STATE}
    return LandedFile(
        dataset=made.dataset.name,
        file=made.dataset.file,
        path=f"files/{made.dataset.name}/{digest}.{PLAIN.extension}",
        sha256=digest,
        bytes=made.path.stat().st_size,
        records=contents.records,
        longest_record=contents.longest_record,
        header=PLAIN.delimiter.join(contents.header),
        undeclared=contents.undeclared,
        origin={**told, MADE_OF: _made_of(delivered), "layout": declared.layout},
    )
