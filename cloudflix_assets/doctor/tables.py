"""The finding about what the lake holds: whether it is what this instance remembers."""

from cloudflix_assets.doctor.finding import Finding
from cloudflix_assets.runs.status import lake_status
from cloudflix_assets.settings.environment import Environment

_LOST = frozenset({"damaged", "missing"})


def tables(settings: Environment) -> Finding:
    """Compare every table of the lake with what the instance remembers."""
    found = lake_status(settings)
    if found.notices:
        return Finding("lake's tables", "warn", " ".join(found.notices))
    ill = [entry for entry in found.tables if not entry.is_well]
    if not ill:
        held = f"{len(found.tables):,} weeks of tables, as this instance remembers them"
        return Finding("lake's tables", "ok", held if found.tables else "none: the first run makes them")
    worst = next((entry for entry in ill if entry.state in _LOST), ill[0])
    tried = worst.attempt
    what, why = (
        (tried.ended, tried.sentence) if tried and not worst.causes else (worst.state, worst.causes[0])
    )
    return Finding(
        "lake's tables",
        "fail" if worst.state in _LOST else "warn",
        f"{len(ill):,} weeks of tables are not as they should be, such as {worst.table}, week {worst.week}: "
        f"{what}: {why}",
        "cloudflix status shows all of them, and cloudflix run --stale puts them right",
    )
