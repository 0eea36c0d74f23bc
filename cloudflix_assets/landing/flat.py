"""A folder without history: its files stand for every week that is asked, and may have changed since.

An ended week stays with the files that it was landed with until it is asked to take others, or was refused.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

from cloudflix_assets.lake.base import Lake
from cloudflix_assets.landing.manifest import LandedFile, Manifest, ManifestDamaged
from cloudflix_assets.landing.rejected import is_refused
from cloudflix_assets.sources import Delivered
from spark.delivery.headers import listed


def stays(
    lake: Lake, before: Manifest | None, delivered: Sequence[Delivered], digests: Iterable[str]
) -> str | None:
    """Return a sentence if a week stays with the files that it has; None if it takes what is delivered.

    Args:
        lake: that holds it.
        before: the week's manifest, None if it has none.
        delivered: what the source holds for it now.
        digests: the SHA-256 of each.
    """
    if before is None or not before.is_of_ended_week or not _is_flat(delivered):
        return None
    changed = _changed(before, [one.file for one in delivered], digests)
    if not changed or is_refused(lake, before.week):
        return None
    return (
        f"the week {before.week} stays as it was landed, and {_folder(delivered)} holds other files now "
        f"({changed}): `cloudflix run --week {before.week} --refresh` takes them"
    )


def notices(
    lake: Lake,
    week: date,
    before: Manifest | None,
    delivered: Sequence[Delivered],
    files: Sequence[LandedFile],
) -> list[str]:
    """Return sentences on an ended week that took other files, and on another week that has the same ones."""
    if not _is_flat(delivered):
        return []
    told = []
    digests = [file.sha256 for file in files]
    changed = before and before.is_of_ended_week and _changed(before, [file.file for file in files], digests)
    if changed:
        told.append(f"the week {week} was landed with other files before; changed: {changed}")
    if same := _same(lake, week, set(digests)):
        told.append(
            f"the week {week} has the very files of the week {same}: {_folder(delivered)} has no folder for "
            "a week, so its files stand for each that is asked"
        )
    return told


def _is_flat(delivered: Sequence[Delivered]) -> bool:
    return all(one.of_any_week for one in delivered)


def _folder(delivered: Sequence[Delivered]) -> Path:
    return Path(delivered[0].origin["path"]).parent


def _changed(before: Manifest, names: Iterable[str], digests: Iterable[str]) -> str:
    """Name the files that are other ones than before, or have come or gone."""
    known = {(file.file, file.sha256) for file in before.fetched}
    now = set(zip(names, digests, strict=True))
    return listed(sorted({name for name, _ in known ^ now}))


def _same(lake: Lake, week: date, digests: set[str]) -> date | None:
    """Return the nearest week that was landed with these files, if the nearest one was."""
    others = sorted((of for of in Manifest.weeks(lake) if of != week), key=lambda of: (abs(of - week), of))
    with suppress(ManifestDamaged):
        nearest = Manifest.of(lake, others[0]) if others else None
        if nearest and {file.sha256 for file in nearest.fetched} == digests:
            return nearest.week
    return None
