"""The examination behind `cloudflix doctor`: which subjects are examined, in which order."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from cloudflix_assets.doctor import machine
from cloudflix_assets.doctor.finding import Finding, State, failure_as_finding
from cloudflix_assets.doctor.tables import tables
from cloudflix_assets.errors import TOLD, CloudflixError
from cloudflix_assets.settings.environment import Environment, environment

Examiner = Callable[[Environment], Finding]
_AFTER = {
    "containers": "account",
    "lake": "account",
    "lake's source": "account",
    "lake's tables": "lake's source",
}
"""Subjects that would fail for the same reason, and in an account after the same wait, as the one before."""


def examine(*, fix: bool = False, launch: bool = False, **options: object) -> Iterator[Finding]:
    """Yield every finding, the cheap ones first.

    Args:
        fix: create missing containers of a lake in a storage account. Without it nothing is changed.
        launch: also run a probe on the cluster, which starts the cluster if it is stopped.
        options: options of the command line that override settings; None leaves a setting as it is.
    """
    yield machine.python()
    yield machine.pins()
    try:
        settings = environment(**{name: value for name, value in options.items() if value is not None})
    except CloudflixError as error:
        yield Finding("settings", "fail", str(error), "correct the variable or option, then ask again")
        return
    yield Finding("settings", "ok", f"home {settings.home}, engine {settings.engine}")
    failed = set[str]()
    for name, examiner in _examiners(settings, fix=fix).items():
        if _AFTER.get(name) in failed:
            failed.add(name)
            continue
        found = _safely(name, examiner, settings)
        if found.state == "fail":
            failed.add(name)
        yield found
    if settings.launches:
        yield from _of_the_workspace(settings, launch=launch)


def _examiners(settings: Environment, *, fix: bool) -> dict[str, Examiner]:
    rest = {
        "lake's source": machine.owner,
        "lake's tables": tables,
        "source": machine.source,
        "instance": machine.probe_instance,
        "engine": machine.probe_engine,
    }
    return {"Java": machine.java, **_of_the_lake(settings, fix=fix), **rest}


def _of_the_lake(settings: Environment, *, fix: bool) -> dict[str, Examiner]:
    if not settings.has_account:
        return {"lake": machine.probe_lake, "space": machine.space}
    from cloudflix_assets.doctor import account  # Azure's libraries take a while to import

    made = partial(account.ensure_containers, fix=fix)
    return {
        "account": account.account,
        "containers": made,
        "lake": account.probe_lake,
        "space": machine.space,
    }


def _of_the_workspace(settings: Environment, *, launch: bool) -> Iterator[Finding]:
    from cloudflix_assets.doctor import workspace  # Databricks' libraries take a while to import

    looked = {
        "workspace": workspace.workspace,
        "cluster": workspace.cluster_of,
        "hand-over": workspace.probe_hand_over,
        "secrets": workspace.secrets,
    }
    for name, examiner in looked.items():
        found = _safely(name, examiner, settings)
        yield found
        if name == "workspace" and found.state == "fail":  # the others would fail for the same reason
            return
    if not launch:
        yield Finding("launch", "ok", "not looked at: `cloudflix doctor --launch` asks the cluster itself")
        return
    try:
        yield from workspace.launch_probe(settings)
    except TOLD as error:
        yield Finding("launch", "fail", str(error))


def _safely(name: str, examiner: Examiner, settings: Environment) -> Finding:
    return failure_as_finding(name, lambda: examiner(settings), unexpected="see `cloudflix --debug run`")


def worst(findings: Sequence[Finding]) -> State:
    """Return the worst state among the findings, which decides the exit code."""
    states = {finding.state for finding in findings}
    return "fail" if "fail" in states else "warn" if "warn" in states else "ok"
