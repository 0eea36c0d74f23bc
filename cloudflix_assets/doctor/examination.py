"""`cloudflix doctor`: what could keep a run from succeeding, looked at one by one."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from cloudflix_assets.doctor import machine
from cloudflix_assets.doctor.finding import Finding, State
from cloudflix_assets.errors import TOLD, CloudflixError, first_line
from cloudflix_assets.settings.environment import Environment, environment

Check = Callable[[Environment], Finding]
_IN_THE_ACCOUNT = {"containers", "lake", "lake's source"}


def examine(*, fix: bool = False, launch: bool = False, **options: object) -> Iterator[Finding]:
    """Every finding, cheap ones first; options are those of the settings.

    Nothing is changed; but `fix` makes the containers of a lake in an account, and `launch` runs a probe on
    the cluster, which it may start.
    """
    yield machine.python()
    yield machine.pins()
    try:
        settings = environment(**{name: value for name, value in options.items() if value is not None})
    except CloudflixError as error:
        yield Finding("settings", "fail", str(error), "mend the variable or option, then ask again")
        return
    yield Finding("settings", "ok", f"home {settings.home}, engine {settings.engine}")
    shut = False
    for name, check in _checks(settings, fix=fix).items():
        if shut and name in _IN_THE_ACCOUNT:  # it would fail for the same reason, after the same wait
            continue
        found = _safely(name, check, settings)
        shut = shut or (name == "account" and found.state == "fail")
        yield found
    if settings.launches:
        yield from _of_the_workspace(settings, launch=launch)


def _checks(settings: Environment, *, fix: bool) -> dict[str, Check]:
    rest = {
        "lake's source": machine.owner,
        "source": machine.source,
        "instance": machine.instance,
        "engine": machine.probe_engine,
    }
    return {"Java": machine.java, **_of_the_lake(settings, fix=fix), **rest}


def _of_the_lake(settings: Environment, *, fix: bool) -> dict[str, Check]:
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
    for name, check in looked.items():
        found = _safely(name, check, settings)
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


def _safely(name: str, check: Check, settings: Environment) -> Finding:
    """A check that itself fails is a finding, not the end."""
    try:
        return check(settings)
    except TOLD as error:
        return Finding(name, "fail", str(error))
    except Exception as error:  # noqa: BLE001  # whatever a broken installation raises
        return Finding(
            name, "fail", f"{type(error).__name__}: {first_line(error)}", "see `cloudflix --debug run`"
        )


def worst(findings: Sequence[Finding]) -> State:
    """What the exit code follows."""
    states = {finding.state for finding in findings}
    return "fail" if "fail" in states else "warn" if "warn" in states else "ok"
