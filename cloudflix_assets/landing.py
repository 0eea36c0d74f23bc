"""Land a publication: fetch every file, verify every byte, store all or nothing."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from cloudflix_assets.code_versions import hash_of
from cloudflix_assets.errors import storing
from cloudflix_assets.lake import Lake
from cloudflix_assets.manifest import LandedFile, Manifest, ManifestDamaged
from cloudflix_assets.sources import Delivered, Source, SourceRefused
from spark import delivery
from spark.datasets import DATASETS, Dataset

CHUNK_BYTES = 1 << 20
INSPECTOR = frozenset({"spark.delivery"})
"""What decides whether a file is sound: bytes that it has passed pass again."""


def land(lake: Lake, source: Source, week: date, *, refresh: bool = False) -> Manifest:
    """Store the week's files content-addressed and return their manifest; a defect stores none.

    Raises:
        LakeRefused: the lake is another source's.
        SourceRefused: the source lacks a file, or it cannot be read.
        DeliveryDefect: a file is unsound.
        StorageRefused: the temporary folder or the lake cannot be written.
    """
    lake.check(source.identity)
    known = _known(lake, week)
    datasets = {dataset.name: dataset for dataset in DATASETS}
    with storing(gettempdir()), TemporaryDirectory(prefix="cloudflix-") as folder:
        spooled: list[tuple[Path, LandedFile]] = []
        for delivered in source.deliveries(week, refresh=refresh):
            path = Path(folder) / delivered.file
            spooled.append((path, _verified(delivered, datasets[delivered.dataset], path, known)))
        with storing(lake.uri("raw/files")):
            lake.claim(source.identity)
            for path, file in spooled:
                lake.store(f"raw/{file.path}", path)
    files = tuple(file for _, file in spooled)
    return Manifest(week=week, source=source.identity, landed_at=datetime.now(UTC), files=files)


def _known(lake: Lake, week: date) -> dict[str, LandedFile]:
    """The files that this week was landed with, by hash, if the same code inspected them."""
    try:
        manifest = Manifest.of(lake, week)
    except ManifestDamaged:
        manifest = None  # it is written anew
    files = manifest.files if manifest else ()
    return {file.sha256: file for file in files if file.inspected_by == hash_of(INSPECTOR)}


def _verified(
    delivered: Delivered, dataset: Dataset, path: Path, known: Mapping[str, LandedFile]
) -> LandedFile:
    """Copy a delivery to `path`, so that what is verified is what is stored."""
    digest = _copied(delivered, path)
    if (same := known.get(digest)) and (same.dataset, same.file) == (dataset.name, delivered.file):
        return same.model_copy(update={"origin": delivered.origin})
    with path.open("rb") as content:
        contents = delivery.inspected(content, dataset, delivered.file)
    return LandedFile(
        dataset=dataset.name,
        file=delivered.file,
        path=f"files/{dataset.name}/{digest}.csv",
        sha256=digest,
        bytes=path.stat().st_size,
        records=contents.records,
        longest_record=contents.longest_record,
        header=",".join(contents.header),
        inspected_by=hash_of(INSPECTOR),
        origin=delivered.origin,
    )


def _copied(delivered: Delivered, path: Path) -> str:
    digest = sha256()
    with path.open("wb") as target:
        for chunk in _chunks(delivered):
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()


def _chunks(delivered: Delivered) -> Iterator[bytes]:
    try:
        with delivered.open() as source:
            while chunk := source.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        where = ", ".join(delivered.origin.values())
        raise SourceRefused(
            f"{delivered.file} cannot be read ({error.strerror or error}) from {where}: make it readable for "
            "this user, then rerun the week; nothing was landed."
        ) from error
