"""Which weeks, tags and settings the options of `cloudflix run` choose, and what mistakes are told."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

import pytest

from cloudflix_assets import partitions
from cloudflix_assets.cli import weeks as chosen_weeks
from cloudflix_assets.runs import weeks as week_runs
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.cli.command import cloudflix


class Clock(datetime):
    """A Monday morning."""

    @classmethod
    def now(cls, tz: object = None) -> Self:
        return cls(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the command line asks for, instead of running it."""
    calls: list[dict[str, Any]] = []

    def run_weeks(
        environment: Environment,
        weeks: Sequence[date],
        select: str | None,
        tags: Mapping[str, str],
        **more: Any,
    ) -> Iterator[Any]:
        named = {"environment": environment, "weeks": [str(w) for w in weeks], "select": select, "tags": tags}
        calls.append(named | more)
        return iter(())

    monkeypatch.setattr(chosen_weeks, "datetime", Clock)
    monkeypatch.setattr(partitions, "datetime", Clock)
    monkeypatch.setattr(week_runs, "run_weeks", run_weeks)
    monkeypatch.setattr(week_runs, "run_stale", lambda *args, **more: run_weeks(*args, stale=True))
    return calls


@pytest.mark.parametrize(
    ("options", "weeks"),
    [
        ("", ["2026-11-16"]),
        ("--weeks 1", ["2026-11-16"]),
        ("--weeks 3", ["2026-11-02", "2026-11-09", "2026-11-16"]),
        ("--week 2026-11-09", ["2026-11-09"]),
        ("--week 2026-11-16 --week 2026-11-02 --week 2026-11-16", ["2026-11-02", "2026-11-16"]),
        ("--from 2026-11-02 --to 2026-11-09", ["2026-11-02", "2026-11-09"]),
        ("--from 2026-11-09 --to 2026-11-09", ["2026-11-09"]),
        ("--from 2026-11-09", ["2026-11-09", "2026-11-16"]),
        ("--to 2026-01-12", ["2026-01-05", "2026-01-12"]),
    ],
)
def test_weeks_are_chosen_in_calendar_order(
    tmp_path: Path, asked: list[dict[str, Any]], options: str, weeks: list[str]
) -> None:
    """A week too many or too few, twice, or in the order in which it was typed."""
    assert cloudflix(tmp_path, "run", *options.split()).code == 0
    assert [call["weeks"] for call in asked] == [weeks]


def test_more_weeks_than_the_calendar_has_are_all_of_them(
    tmp_path: Path, asked: list[dict[str, Any]]
) -> None:
    """`--weeks 500` means everything there is."""
    assert cloudflix(tmp_path, "run", "--weeks", "500").code == 0
    assert (asked[0]["weeks"][0], asked[0]["weeks"][-1], len(asked[0]["weeks"])) == (
        "2026-01-05",
        "2026-11-16",
        46,
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", {"tags": {}, "select": None, "replace_source": False}),
        ("--refresh", {"tags": {"cloudflix/refresh": "true"}}),
        ("--force", {"tags": {"cloudflix/force": "true"}}),
        ("--replace-source", {"replace_source": True}),
        ("--select group:gold", {"select": "group:gold"}),
        ("--stale", {"stale": True, "weeks": []}),
        ("--stale --week 2026-11-09 --force", {"weeks": ["2026-11-09"], "tags": {"cloudflix/force": "true"}}),
    ],
)
def test_every_option_reaches_the_run(
    tmp_path: Path, asked: list[dict[str, Any]], options: str, expected: dict[str, Any]
) -> None:
    """An option that is read and then forgotten looks as if it worked."""
    assert cloudflix(tmp_path, "run", *options.split()).code == 0
    asked[0]["tags"] = {tag: text for tag, text in asked[0]["tags"].items() if text == "true"}
    assert {name: asked[0][name] for name in expected} == expected


def test_a_run_carries_who_typed_what(
    tmp_path: Path, asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the list of runs all were launched by nobody; a password in an address stays here."""
    monkeypatch.setenv("LOGNAME", "ada")
    monkeypatch.setattr(sys, "argv", ["/bin/cloudflix", "run", "--source", "ftp://ada:secret@host/my files"])
    assert cloudflix(tmp_path, "run").code == 0
    tags = asked[0]["tags"]
    assert tags["user"].startswith("ada@")
    assert tags["cloudflix/command"] == "cloudflix run --source 'ftp://…@host/my files'"


def test_options_win_over_variables(tmp_path: Path, asked: list[dict[str, Any]]) -> None:
    """And what is not given comes from the environment."""
    env = {
        "CLOUDFLIX_SOURCE": "elsewhere",
        "CLOUDFLIX_HOME": "elsewhere",
        "CLOUDFLIX_LAKE": str(tmp_path / "lake"),
    }
    cloudflix(tmp_path, "run", env=env)
    cloudflix(tmp_path, "run", "--source", "sample", env=env)
    assert [call["environment"].source for call in asked] == ["elsewhere", "sample"]
    assert asked[0]["environment"].home == tmp_path
    assert asked[0]["environment"].lake_root == tmp_path / "lake"


MISTAKES = [
    ("--week 2026-11-10", {}, "2026-11-10 is a Tuesday; weeks begin on a Monday: did you mean 2026-11-09?"),
    ("--week tomorrow", {}, "'tomorrow' is no date: write a week as its Monday, such as 2026-11-09."),
    ("--week 2026-11-30", {}, "the week 2026-11-30 has not begun: the open one is 2026-11-23."),
    ("--week 2025-12-29", {}, "2025-12-29 is before the first week, 2026-01-05"),
    ("--from 2026-11-16 --to 2026-11-09", {}, "--from 2026-11-16 is after --to 2026-11-09: exchange them."),
    ("--from 2026-11-10", {}, "2026-11-10 is a Tuesday"),
    ("--to 2027-01-04", {}, "the week 2027-01-04 has not begun"),
    ("--week 2026-11-09 --weeks 2", {}, "choose weeks in one way: --week, or --weeks, or --from and --to."),
    ("--weeks 2 --to 2026-11-09", {}, "choose weeks in one way"),
    ("--week 2026-11-09 --from 2026-11-09", {}, "choose weeks in one way"),
    (
        "",
        {"CLOUDFLIX_ENGINE": "duck"},
        "CLOUDFLIX_ENGINE=duck is not allowed: set it to 'sail', 'spark', 'connect' or 'databricks'.",
    ),
    ("", {"CLOUDFLIX_DEPLOYMENT": "moon"}, "CLOUDFLIX_DEPLOYMENT=moon is not allowed"),
    ("", {"CLOUDFLIX_FIRST_WEEK": "2026-01-06"}, "CLOUDFLIX_FIRST_WEEK=2026-01-06 is a Tuesday"),
    # A calendar that has not begun has no week to run.
    ("", {"CLOUDFLIX_FIRST_WEEK": "2027-01-04"}, "2026-11-16 is before the first week, 2027-01-04"),
    ("--weeks 2", {"CLOUDFLIX_FIRST_WEEK": "2027-01-04"}, "CLOUDFLIX_FIRST_WEEK"),
    ("--from 2026-11-09", {"CLOUDFLIX_FIRST_WEEK": "2027-01-04"}, "is before the first week, 2027-01-04"),
]


@pytest.mark.parametrize(("options", "env", "sentence"), MISTAKES)
def test_a_mistake_is_told_in_a_sentence_and_runs_nothing(
    tmp_path: Path, asked: list[dict[str, Any]], options: str, env: dict[str, str], sentence: str
) -> None:
    """Not a traceback, not a run of something else, not exit code 0."""
    told = cloudflix(tmp_path / "home", "run", "--json", *options.split(), env=env)
    assert told.code == 1
    assert sentence in told.sentence
    assert "Traceback" not in told.stderr
    assert told.stdout == ""
    assert asked == []


@pytest.mark.parametrize("options", ["--weeks 0", "--unknown", "--week"])
def test_what_typer_refuses_exits_with_its_own_code(
    tmp_path: Path, asked: list[dict[str, Any]], options: str
) -> None:
    """Usage errors are 2, as everywhere; 1 is a week that failed."""
    assert cloudflix(tmp_path, "run", *options.split()).code == 2
    assert asked == []


@pytest.mark.parametrize(
    ("select", "sentence"),
    [
        ("silver/tiitles", "names no asset: did you mean silver/titles? Else name"),
        ("+gold/casts", "names no asset: did you mean gold/cast"),
        (
            "cast",
            "names no asset: did you mean bronze/cast or gold/cast or raw/cast or silver/cast? Else name",
        ),
        ("nope", "--select 'nope' names no asset: name assets"),
        ("silver/titles and", "--select 'silver/titles and' cannot be read"),
        ("group:platinum", "--select 'group:platinum' names no asset"),
    ],
)
def test_a_selection_of_nothing_is_refused(tmp_path: Path, select: str, sentence: str) -> None:
    """A mistyped table that runs nothing and exits 0 is not noticed for weeks."""
    told = cloudflix(tmp_path, "run", "--week", "2026-11-09", "--select", select)
    assert told.code == 1
    assert sentence in told.sentence
    assert "ame assets (silver/titles)" in told.sentence
    assert "Traceback" not in told.stderr


def test_an_unknown_source_claims_no_lake(tmp_path: Path) -> None:
    """A lake that belongs to a folder that is not there could not be used for the right one."""
    nowhere = str(tmp_path / "nowhere")
    told = cloudflix(tmp_path / "home", "run", "--week", "2026-11-09", "--source", nowhere)
    assert told.code == 1
    assert "nowhere is no folder: give --source (or CLOUDFLIX_SOURCE)" in told.sentence
    assert not (tmp_path / "home" / "lake" / "raw" / "files" / "lake.json").exists()
