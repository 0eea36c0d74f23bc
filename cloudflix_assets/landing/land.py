"""Land a publication: fetch every file, verify every byte, store all files or none."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir

from cloudflix_assets.errors import storage_errors
from cloudflix_assets.lake.base import Lake, LakeRefused
from cloudflix_assets.lake.held import spool
from cloudflix_assets.landing import flat, making
from cloudflix_assets.landing.manifest import LandedFile, Manifest, ManifestDamaged
from cloudflix_assets.sources import (
    Delivered,
    LandedBefore,
    NoPublication,
    Pin,
    Receiving,
    Source,
    SourceRefused,
    place_of,
)
from cloudflix_assets.sources.agreement import Agreement
from spark.delivery.headers import listed
from spark.delivery.lines import printable

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Landed:
    """The manifest of a landed week, the one before (None if it had none), and what else is to be told."""

    manifest: Manifest
    before: Manifest | None
    notices: Sequence[str]

    @property
    def moved(self) -> str | None:
        """A sentence if the week now comes from another commit of the source than before, else None."""
        before, now = self.before and self.before.commit, self.manifest.commit
        if not self.before or not before or before == now:
            return None
        hashes = {file.sha256 for file in self.before.files}
        changed = [file.file for file in self.manifest.files if file.sha256 not in hashes]
        return (
            f"the commit of the week {self.manifest.week} moved from {before[:12]} to "
            f"{(now or 'none')[:12]}; changed files: {', '.join(changed) or 'none'}"
        )

    @property
    def undeclared(self) -> str | None:
        """A sentence that names files with undeclared columns, or None if there are none."""
        found = [
            f"{f.file} has {printable(listed(f.undeclared))}" for f in self.manifest.files if f.undeclared
        ]
        return f"undeclared columns in the week {self.manifest.week}: {'; '.join(found)}" if found else None


def land(lake: Lake, source: Source, week: date, agreement: Agreement, *, refresh: bool = False) -> Landed:
    """Fetch a week's files, verify them and store them named by their content; a defect stores none.

    Args:
        lake: where they are stored.
        source: what they are fetched from.
        week: the week to land.
        agreement: what the files must look like.
        refresh: ask the source again for a past week, which else stays with its commit, or its files.

    Returns:
        The manifest, which the caller writes, and the one before.

    Raises:
        LakeRefused: the lake belongs to another source, one at another place, or has another mode.
        NoPublication: the source's history begins after the week.
        SourceRefused: the source lacks a file, or one cannot be read.
        DeliveryDefect: a file breaks the agreement.
        StorageRefused: the temporary folder or the lake cannot be written.
    """
    lake.refuse_other_source(source.identity, place_of(source))
    lake.refuse_other_mode(agreement.mode)
    received = source.receive(week) if isinstance(source, Receiving) else ()
    before, damaged = _manifest_before(lake, week)
    with storage_errors(gettempdir()), spool() as folder:
        deliveries = _deliveries(source, week, None if refresh else _pin(before, agreement), received)
        copies = _fetched(lake, deliveries, before, folder)
        if before and not refresh and (stays := flat.stays(lake, before, deliveries, copies.values())):
            return Landed(before, before, _said(*received, *_store(lake, source, agreement, []), stays))
        spooled = [
            (path, _verify(delivered, path, digest, before, agreement))
            for delivered, (path, digest) in zip(deliveries, copies.items(), strict=True)
        ]
        fetched = [file for _, file in spooled]
        spooled += [made for path, file in spooled for made in making.made_of(path, file, agreement)]
        files = making.of_datasets([file for _, file in spooled], agreement)
        remembered = _store(lake, source, agreement, spooled)
    told = [*flat.notices(lake, week, before, deliveries, fetched), *_notices(deliveries, fetched, files)]
    said = _said(*received, damaged, *remembered, *told)
    return Landed(_manifest(week, source, fetched, files), before, said)


def _said(*notices: str | None) -> list[str]:
    """Return each notice once, without those that are none."""
    return [notice for notice in dict.fromkeys(notices) if notice]


def _fetched(
    lake: Lake, deliveries: Sequence[Delivered], before: Manifest | None, folder: Path
) -> Mapping[Path, str]:
    """Copy what is delivered into a folder; return the SHA-256 of each copy, in their order."""
    paths = [folder / str(number) for number in range(len(deliveries))]  # two files may have the same name
    return {
        path: _fetch(lake, delivered, _same_blob(delivered, before), path)
        for delivered, path in zip(deliveries, paths, strict=True)
    }


def _deliveries(source: Source, week: date, pin: Pin | None, received: Sequence[str]) -> Sequence[Delivered]:
    """What the source delivers; if that is nothing, what it has received is told all the same."""
    try:
        return source.deliveries(week, pin=pin)
    except NoPublication as none:
        raise NoPublication(" ".join([*received, str(none)])) from none


def _store(
    lake: Lake, source: Source, agreement: Agreement, spooled: Sequence[tuple[Path, LandedFile]]
) -> list[str | None]:
    """Claim the lake and store the files in it; return what it remembers from now on."""
    with lake.storage_errors("raw/files"):
        remembered = [lake.claim(source.identity, place_of(source)), lake.agree_on(agreement.mode)]
        for path, file in spooled:
            lake.store(f"raw/{file.path}", path)
    return remembered


def _manifest(
    week: date, source: Source, fetched: Sequence[LandedFile], files: tuple[LandedFile, ...]
) -> Manifest:
    delivered = tuple(file for file in fetched if file not in files)
    now = datetime.now(UTC)
    return Manifest(week=week, source=source.identity, landed_at=now, files=files, delivered=delivered)


def _notices(
    deliveries: Sequence[Delivered], fetched: Sequence[LandedFile], files: Sequence[LandedFile]
) -> Sequence[str]:
    of_source = dict.fromkeys(delivered.notice for delivered in deliveries if delivered.notice)
    of_files = [f"{file.file}: {told}" for file in fetched for told in file.notices]
    return [*of_source, *of_files, *making.left_out(fetched, files)]


def _manifest_before(lake: Lake, week: date) -> tuple[Manifest | None, str | None]:
    """Return the manifest that the week has; or none, and a sentence if one is there that is damaged."""
    try:
        return Manifest.of(lake, week), None
    except ManifestDamaged as error:
        told, _, _ = str(error).rpartition(": ")
        return None, f"{told}: the week was landed anew"


def _pin(before: Manifest | None, agreement: Agreement) -> Pin | None:
    """Return the state that the week stays with; without its tag, if the week had other files then."""
    if not before or not before.pin:
        return None
    files = [LandedBefore(file.dataset, file.file, file.bytes, file.origin) for file in before.fetched]
    if {file.file for file in files} != {dataset.file for dataset in agreement.files}:
        origins = [{name: text for name, text in f.origin.items() if name != "etag"} for f in files]
        files = [replace(file, origin=origin) for file, origin in zip(files, origins, strict=True)]
    return Pin(before.pin, files)


def _same_blob(delivered: Delivered, before: Manifest | None) -> LandedFile | None:
    """Return the file that the week was landed with before and that has the same git blob hash."""
    blob = delivered.origin.get("blob")
    files = before.fetched if before and blob else ()
    return next((file for file in files if file.origin.get("blob") == blob), None)


def _fetch(lake: Lake, delivered: Delivered, same: LandedFile | None, path: Path) -> str:
    """Copy a delivery to `path`, from the lake if the same bytes lie there, and return its SHA-256."""
    if same:
        landed = replace(delivered, open=partial(lake.open_landed, f"raw/{same.path}"))
        with suppress(LakeRefused):  # it is gone: fetched again
            if _copy(landed, path) == same.sha256:
                return same.sha256
    return _copy(delivered, path)


def _verify(
    delivered: Delivered, path: Path, digest: str, before: Manifest | None, agreement: Agreement
) -> LandedFile:
    """Inspect the file at `path`, unless the same inspection has passed the same bytes before.

    Raises:
        DeliveryDefect: the file breaks the agreement.
    """
    (dataset,) = (dataset for dataset in agreement.files if dataset.name == delivered.dataset)
    for same in before.fetched if before else ():
        inspected = same.sha256 == digest and same.inspected_by == agreement.inspection_key(dataset)
        if inspected and (same.dataset, same.file) == (dataset.name, delivered.file):
            return same.model_copy(update={"origin": delivered.origin})
    with path.open("rb") as content:
        contents = agreement.inspect(content, dataset, delivered.file)
    dialect = agreement.dialect_of(dataset)
    return LandedFile(
        dataset=dataset.name,
        file=delivered.file,
        path=f"files/{making.folder_of(dataset)}/{digest}.{dialect.extension}",
        sha256=digest,
        bytes=path.stat().st_size,
        records=contents.records,
        longest_record=contents.longest_record,
        header=dialect.delimiter.join(contents.header),
        undeclared=contents.undeclared,
        notices=contents.notices,
        inspected_by=agreement.inspection_key(dataset),
        origin=delivered.origin,
    )


def _copy(delivered: Delivered, path: Path) -> str:
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
