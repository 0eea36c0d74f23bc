"""What `cloudflix run` does, independent of a terminal: run chosen or stale weeks, one after another."""

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from functools import partial
from shlex import quote

import dagster as dg

from cloudflix_assets.build import build_defs
from cloudflix_assets.errors import CloudflixError, first_line, masked
from cloudflix_assets.instance.ended_runs import end_gone, is_over
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.instance.staleness import Staleness
from cloudflix_assets.lake.base import Lake, LakeRefused
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.names import SOURCE_TAG, numbered
from cloudflix_assets.runs.replacing import Agree, agree_at_once, empty
from cloudflix_assets.runs.runner import Runner, Seen, WeekResult, ignore_event
from cloudflix_assets.runs.survey import survey
from cloudflix_assets.runs.sweep import sweep
from cloudflix_assets.runs.week_after import told_behind
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources import NoPublication, place_of, source_of

_BARE_PATH = re.compile(r'(?<![\w:"/*])([\w*]+/[\w*]+)')
"""A bare path such as `silver/titles`; Dagster's selections need `key:"silver/titles"`."""

Watch = Callable[[str], AbstractContextManager[Seen]]
"""Returns, for the title of a run, a context manager that yields the callback for its events."""


@contextmanager
def watch_nothing(_: str) -> Iterator[Seen]:
    """Yield a callback that ignores events."""
    yield ignore_event


def run_weeks(
    environment: Environment,
    weeks: Sequence[date],
    select: str | None,
    tags: Mapping[str, str],
    *,
    replace_source: bool = False,
    agree: Agree = agree_at_once,
    watch: Watch = watch_nothing,
) -> Iterator[WeekResult]:
    """Run weeks in calendar order; a failed week does not stop the next, an interrupted one does.

    With `replace_source` the lake is emptied before, if `agree` does not raise.
    """
    _check(environment)
    lake, source = lake_of(environment), source_of(environment)
    if replace_source:
        lake.refuse_unusable()  # containers of another lake are not ours to empty
    else:
        lake.refuse_other_source(source.identity, place_of(source))
    defs, tags = build_defs(environment), {**tags, SOURCE_TAG: masked(environment.source)}
    with open_instance(environment) as instance:
        refuse_forgotten_source(environment, instance)
        runner = Runner(defs, instance, launches=environment.launches)
        keys = _selected(defs, select)
        _prepare(environment, instance)  # before anything is emptied: earlier steps may still be writing
        if replace_source:
            with suppress(NoPublication):  # what is mistyped must be told before the lake is emptied
                source.deliveries(min(weeks))
            empty(lake, source, agree)
            instance.wipe_assets(list(runner.keys))
        yield from _run(runner, lake, weeks, lambda _: keys, tags=tags, watch=watch)


def run_stale(
    environment: Environment,
    weeks: Sequence[date],
    select: str | None,
    tags: Mapping[str, str],
    *,
    watch: Watch = watch_nothing,
) -> Iterator[WeekResult]:
    """Run what is stale, or not in the lake as remembered, and all that depends on it; by default all weeks.

    A dependant becomes stale only once its upstream has changed, so both are run at once: where nothing
    changed after all, nothing is committed. A week may depend on those before it, never on those after it.
    """
    _check(environment)
    defs, tags = build_defs(environment), {**tags, SOURCE_TAG: masked(environment.source)}
    with open_instance(environment) as instance:
        refuse_forgotten_source(environment, instance)
        runner = Runner(defs, instance, launches=environment.launches)
        selected, lake = _selected(defs, select), lake_of(environment)
        seen = survey(lake, instance, runner.graph, environment.first_week)
        if not seen.found and (notices := seen.notices(lake)):
            raise LakeRefused(notices[0])

        def chosen(week: date) -> set[dg.AssetKey]:
            stale = {*Staleness(runner.graph, instance).stale(week)} - seen.elsewhere_in(week)
            redone = {*stale, *seen.redone(week)}
            known = {key for key, of in seen.found if of == week}  # what was never run may lack its inputs
            keys = dg.AssetSelection.assets(*redone).downstream().resolve(runner.graph) & (known | redone)
            return set(keys if selected is None else keys & selected)

        asked = weeks or seen.weeks(environment.first_week)
        prepare = partial(_prepare, environment, instance)  # where nothing is stale, no workspace is asked
        yield from _run(runner, lake, asked, chosen, tags=tags, watch=watch, prepare=prepare)


def refuse_forgotten_source(environment: Environment, instance: dg.DagsterInstance) -> None:
    """Refuse the sample by default, where no lake says whose it is and the last run here had another source.

    Raises:
        CloudflixError: that is so; the message names the other source.
    """
    if "source" in environment.model_fields_set or lake_of(environment).claimed_as():
        return
    known = next((run.tags.get(SOURCE_TAG) for run in instance.get_runs(limit=1)), None)
    if known and known != environment.source:
        raise CloudflixError(
            f"the last run in {environment.home} had --source {known}, and its lake does not know of it: "
            f"name it again (--source {quote(known)}), or --source {environment.source} if that is meant."
        )


def _check(environment: Environment) -> None:
    """Refuse incomplete settings of a workspace before anything is created, if steps are launched."""
    if environment.launches:
        from cloudflix_assets.databricks.workspace import check_named

        check_named(environment)


def _prepare(environment: Environment, instance: dg.DagsterInstance) -> None:
    """Cancel jobs left by earlier launched steps, and pass the settings on to new steps' processes."""
    if not environment.launches:
        return
    from cloudflix_assets.databricks.forkserver import (
        start_forkserver,  # Databricks' libraries take a while to import
    )
    from cloudflix_assets.databricks.submissions import cancel_abandoned

    end_gone(instance)  # else their jobs would count as those of running runs
    cancel_abandoned(environment, lambda run_id: is_over(instance, run_id))
    os.environ.update(environment.for_child())
    start_forkserver(environment.home / "steps.log")


def _run(
    runner: Runner,
    lake: Lake,
    weeks: Sequence[date],
    chosen: Callable[[date], Collection[dg.AssetKey] | None],
    *,
    tags: Mapping[str, str],
    watch: Watch,
    prepare: Callable[[], None] | None = None,
) -> Iterator[WeekResult]:
    """Run each week in calendar order, its assets (None: all) chosen when its turn comes.

    What `prepare` does is done once, before the first week that has assets to run.
    """
    tables = [key.to_user_string() for key in runner.keys if len(key.path) > 1]
    with lake.storage_errors("raw"):
        sweep(lake, runner.instance, tables)
    for number, week in enumerate(sorted(weeks), start=1):
        keys = chosen(week)
        if keys is not None and not keys:
            continue
        if prepare:
            prepare()
            prepare = None
        with watch(_title(week, number, len(weeks))) as seen:
            result = runner.run(week, keys, tags, seen)
        behind = told_behind(runner, result, [other for other in weeks if other > week])
        result = replace(result, notices=[*result.notices, *behind])
        if result.interrupted:
            sweep(lake, runner.instance, tables)
        yield result
        if result.interrupted:
            return


def _title(week: date, number: int, of: int) -> str:
    return f"Week {week}" if of == 1 else f"Week {week}, {number} of {of}"


def _selected(defs: dg.Definitions, select: str | None) -> set[dg.AssetKey] | None:
    """Return the asset keys that a selection names, or None for all.

    Raises:
        CloudflixError: the selection cannot be read, or names no asset.
    """
    if select is None:
        return None
    graph = defs.resolve_asset_graph()
    near = _near(select, ["/".join(key.path) for key in graph.get_all_asset_keys()])
    try:
        keys = dg.AssetSelection.from_string(_BARE_PATH.sub(r'key:"\1"', numbered(select))).resolve(graph)
    except Exception as error:  # Dagster's two selection grammars raise a dozen kinds; none is swallowed
        is_unknown = near or "AssetKey(s)" in str(error)
        why = f"names no asset: {near}" if is_unknown else f"cannot be read ({first_line(error)}): "
        raise CloudflixError(
            f"--select {select!r} {why}name assets (silver/titles), their upstream (+gold/cast) or a layer "
            "(group:gold)."
        ) from error
    if not keys:
        raise CloudflixError(
            f"--select {select!r} names no asset: {near}name assets (silver/titles), their upstream "
            "(+gold/cast) or a layer (group:gold)."
        )
    return set(keys)


def _near(select: str, paths: Sequence[str]) -> str:
    """Return which assets are meant by the words of a selection that name none; empty if nothing is near."""
    words = [word for word in re.findall(r"[\w/]+", select) if word not in paths]
    found = [near for word in words for near in get_close_matches(word, paths, cutoff=0.8)]
    found += [path for word in words for path in sorted(paths) if path.endswith(f"/{word}")]
    return f"did you mean {' or '.join(dict.fromkeys(found))}? Else " if found else ""
