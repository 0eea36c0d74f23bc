"""`cloudflix run` and `status` over a small lake: what is printed, what is committed, which exit code."""

import re
import socket
from pathlib import Path
from typing import NoReturn

import dagster as dg
import pytest

from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.names import table_of
from cloudflix_assets.runs import weeks
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.cli.command import Told, cloudflix, cloudflix_process
from cloudflix_assets_tests.lakehouse import PATHS, WEEK_1, WEEK_2, lookup, publication, put
from spark.registry import TABLES

TEN = 10
MADE = {"publication", "raw/cast", "bronze/cast"}
BRONZE_CAST = ("--select", "+bronze/cast")
"""The fewest assets that hold a publication's rows."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of five small files."""
    return put(tmp_path_factory.mktemp("source") / "netflix", publication())


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, files: Path) -> tuple[Path, Told]:
    """A home in which one week was run, and what that run told. Tests may run it again, not change it."""
    home = tmp_path_factory.mktemp("cli") / "home"
    return home, cloudflix(home, "run", "--week", str(WEEK_1), "--source", str(files), "--json")


def again(first: tuple[Path, Told], files: Path, *options: str) -> Told:
    """Run the week once more."""
    return cloudflix(first[0], "run", "--week", str(WEEK_1), "--source", str(files), "--json", *options)


def committed(told: Told) -> dict[str, bool | None]:
    """Per table: committed, unchanged (False), or not reached (None)."""
    (week,) = told.weeks
    return {path: table["committed"] for path, table in week["tables"].items()}


def made(told: Told) -> set[bool | None]:
    """Whether the selected tables were committed."""
    return {was for path, was in committed(told).items() if path in MADE}


def test_run_prints_one_line_of_json_and_the_summary_beside_it(first: tuple[Path, Told]) -> None:
    """Anything else on standard output breaks the pipe that reads it."""
    told = first[1]
    assert told.code == 0
    (week,) = told.weeks
    assert (week["week"], week["success"]) == (str(WEEK_1), True)
    assert set(week["checks"]) == {"passed", "failed", "warned"}
    assert week["checks"] == {"passed": len(TABLES) + 1, "failed": 0, "warned": 0}  # and week_before
    assert week["failures"] == {}
    assert week["seconds"] > 0
    assert len(week["tables"]) == len(PATHS)
    for table in week["tables"].values():
        assert set(table) == {"rows", "digest", "version", "committed"}
        assert table["digest"].startswith(f"v1:{table['rows']}:")
        assert table["committed"] is True
    assert week["tables"]["gold/titles"]["rows"] == 20
    assert f"Week {WEEK_1}" in told.stderr
    assert "cloudflix status" in told.stderr


def test_a_second_run_commits_nothing(first: tuple[Path, Told], files: Path) -> None:
    """Exit code 0, every table, none of them touched."""
    told = again(first, files)
    assert told.code == 0
    assert set(committed(told).values()) == {False}
    assert "unchanged" in told.stderr


def test_a_selected_table_brings_its_quarantine_along(first: tuple[Path, Told], files: Path) -> None:
    """Half a step cannot run; the tables that were not selected say so."""
    told = again(first, files, "--select", "silver/titles")
    assert told.code == 0
    reached = {path for path, was in committed(told).items() if was is not None}
    assert reached == {"silver/titles", "silver/titles_quarantine"}
    assert len(told.weeks[0]["tables"]) == len(PATHS)
    absent = told.weeks[0]["tables"]["gold/titles"]
    assert absent == {
        "rows": None,
        "digest": None,
        "version": None,
        "committed": None,
        "reason": "not selected",
    }


@pytest.mark.parametrize(
    ("select", "tables"),
    [
        ("group:gold", sum(table_of(path).startswith("gold/") for path in PATHS)),
        ("+silver/cast", 4),
        ("silver/cast+", 4),
        ("silver/titles_quarantine", 2),
        ("raw/titles or raw/cast", 2),
        ("publication", 0),
    ],
)
def test_a_selection_reads_as_dagster_reads_it(
    first: tuple[Path, Told], files: Path, select: str, tables: int
) -> None:
    """A selection that runs more than it says is a surprise on a Monday."""
    was = committed(again(first, files, "--select", select))
    assert sum(state is not None for state in was.values()) == tables


def test_force_commits_even_what_is_unchanged(first: tuple[Path, Told], files: Path) -> None:
    """Same digests, new versions."""
    before = again(first, files).weeks[0]["tables"]["silver/cast"]
    forced = again(first, files, "--force", "--select", "silver/cast").weeks[0]["tables"]
    assert forced["silver/cast"]["committed"] is forced["silver/cast_quarantine"]["committed"] is True
    assert forced["silver/cast"]["digest"] == before["digest"]
    assert forced["silver/cast"]["version"] > before["version"]


def test_nothing_is_stale_after_a_run(first: tuple[Path, Told], files: Path) -> None:
    """A mark that no run can clear would make `--stale` useless."""
    told = cloudflix(first[0], "run", "--stale", "--source", str(files), "--json")
    assert (told.code, told.json) == (0, {"weeks": []})
    assert "Nothing is stale." in told.stderr


def test_nobody_is_asked_where_nothing_is_stale(
    first: tuple[Path, Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs of a workspace were looked for, and its absence told, though there was nothing to launch."""

    def refused(*_: object) -> NoReturn:
        raise AssertionError("somebody was asked")

    monkeypatch.setattr(weeks, "_prepare", refused)  # what asks a workspace
    monkeypatch.setattr(socket.socket, "connect", refused)
    told = cloudflix(first[0], "run", "--stale", "--source", "github:owner/repo", "--json")
    assert (told.code, told.json) == (0, {"weeks": []})


def test_status_lists_every_table_and_week(first: tuple[Path, Told]) -> None:
    """What the lake holds, without opening it."""
    told = cloudflix(first[0], "status", "--json")
    assert told.code == 0
    entries = told.json["tables"]
    assert len(entries) == len(PATHS)
    assert {(entry["week"], entry["state"]) for entry in entries} == {(str(WEEK_1), "fresh")}
    (silver,) = (entry for entry in entries if entry["table"] == "silver/titles")
    assert silver["rows"] == 20
    assert silver["digest"] == first[1].weeks[0]["tables"]["silver/titles"]["digest"]
    assert "silver/titles" in cloudflix(first[0], "status", "--tables").stdout
    (line,) = (line for line in cloudflix(first[0], "status").stdout.splitlines() if str(WEEK_1) in line)
    assert line.split()[-1] == "fresh"


def test_status_of_nothing_says_how_to_begin(tmp_path: Path) -> None:
    """An empty table would leave a newcomer with nothing to do."""
    home = tmp_path / "home"
    told = cloudflix(home, "status")
    assert (told.code, told.stdout) == (1, f"Nothing was run in {home}: start with `cloudflix run`.\n")
    assert cloudflix(home, "status", "--json").json == {"tables": [], "notices": []}
    assert not home.exists(), "a misspelt home would look like one of ours from then on"


@pytest.mark.parametrize("view", [(), ("--tables",)])
def test_a_week_that_was_only_landed_is_shown(tmp_path: Path, view: tuple[str, ...]) -> None:
    """`Nothing was run` was said of a home in which the publication had been landed."""
    assert cloudflix(tmp_path / "home", "run", "--week", str(WEEK_1), "--select", "publication").code == 0
    told = cloudflix(tmp_path / "home", "status", *view)
    (line,) = (line for line in told.stdout.splitlines() if str(WEEK_1) in line)
    assert (told.code, line.endswith("landed, no table was run ")) == (0, True)


def test_runs_are_ordinary_dagster_runs(first: tuple[Path, Told]) -> None:
    """Runs without a job, a partition or a code location do not show where an operator looks for them."""
    with open_instance(Environment(home=first[0])) as instance:
        runs = {run.run_id: run for run in instance.get_runs()}
        assert instance.telemetry_enabled is False
    run = runs[first[1].weeks[0]["run"]]
    assert run.job_name == "weekly_refresh"
    assert run.tags["dagster/partition"] == str(WEEK_1)
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert run.remote_job_origin is not None


def test_a_failed_week_tells_the_sentence_and_the_next_one_runs(tmp_path: Path) -> None:
    """One bad delivery must not hold up the weeks after it, nor pass as a success."""
    put(tmp_path / "netflix" / str(WEEK_1), publication(cast=b"cast,show_id\r\n"))
    put(tmp_path / "netflix" / str(WEEK_2), publication())
    both = ("--week", str(WEEK_2), "--week", str(WEEK_1))
    told = cloudflix(tmp_path / "home", "run", *both, "--source", str(tmp_path / "netflix"), "--json")
    assert told.code == 1
    assert told.stderr.startswith(f"2 weeks, {WEEK_1} to {WEEK_2}, run in turn; Ctrl-C keeps what is done.\n")
    bad, good = told.weeks
    assert [(w["week"], w["success"]) for w in (bad, good)] == [(str(WEEK_1), False), (str(WEEK_2), True)]
    assert "netflix_cast.csv holds a header and no records" in bad["failures"]["publication"]
    failure, *commands = told.stderr.splitlines()[-4:]  # what has to be done stands last
    assert failure == f"{WEEK_1} publication: {bad['failures']['publication']}"
    assert [command.split("  ")[0] for command in commands] == [
        f"cloudflix status --week {WEEK_1}",
        "cloudflix run --stale",
        "cloudflix doctor",
    ]
    assert len(bad["tables"]) == len(PATHS)
    assert {table["committed"] for table in bad["tables"].values()} == {None}
    assert bad["tables"]["gold/cast"]["reason"] == "not reached, because publication failed"


def test_the_remedy_for_an_absent_week_works(tmp_path: Path, files: Path) -> None:
    """A command that a sentence names, and that fails in turn, is worse than none."""
    run = ("run", "--source", str(files), "--week", str(WEEK_1), "--json")
    told = cloudflix(tmp_path / "home", *run, "--select", "silver/cast")
    assert told.code == 1
    named = re.search("`cloudflix run (.*)`", told.weeks[0]["failures"]["silver_cast"])
    assert named is not None
    remedy = cloudflix(tmp_path / "home", "run", "--source", str(files), *named[1].split())
    assert remedy.code == 0
    assert cloudflix(tmp_path / "home", *run, "--select", "silver/cast").code == 0


def test_another_source_is_refused_until_the_lake_is_emptied(tmp_path: Path) -> None:
    """Two catalogues in one lake; and afterwards, marks of weeks that are gone."""
    home, run = tmp_path / "home", ("run", "--json", *BRONZE_CAST, "--source")
    ours = put(tmp_path / "ours", publication())
    theirs = put(tmp_path / "theirs", publication(cast=lookup("cast", ("Theirs", "1"))))
    assert cloudflix(home, *run, str(ours), "--week", str(WEEK_1)).code == 0

    refused = cloudflix(home, *run, str(theirs), "--week", str(WEEK_2))
    assert (refused.code, refused.stdout) == (1, "")
    assert "holds directory:ours, not directory:theirs" in refused.sentence
    assert "--replace-source" in refused.sentence
    assert "CLOUDFLIX_LAKE" in refused.sentence

    mistyped = cloudflix(home, *run, str(tmp_path / "their"), "--week", str(WEEK_2), "--replace-source")
    assert mistyped.code == 1
    kept = cloudflix(home, *run, str(ours), "--week", str(WEEK_1))
    assert made(kept) == {False}  # a mistyped folder has emptied nothing
    assert {e["week"] for e in cloudflix(home, "status", "--json").json["tables"]} == {str(WEEK_1)}

    beside = [home / "lake" / "bronze" / place for place in ("mine/note.txt", "cast/note.txt")]
    for note in beside:
        note.parent.mkdir(exist_ok=True)
        note.write_text("not made here")
    foreign = cloudflix(home, *run, str(theirs), "--week", str(WEEK_2), "--replace-source")
    assert f"{beside[1].parent} holds what was not made here (note.txt): move it" in foreign.sentence
    assert made(cloudflix(home, *run, str(ours), "--week", str(WEEK_1))) == {False}

    beside[1].unlink()
    replace = ("--week", str(WEEK_2), "--replace-source")
    unasked = cloudflix(home, *run, str(theirs), *replace)
    assert unasked.code == 1
    assert f"would remove 2 tables and 1 week of directory:ours at {home / 'lake'}" in unasked.sentence
    assert "add --yes" in unasked.sentence
    assert made(cloudflix(home, *run, str(ours), "--week", str(WEEK_1))) == {False}

    replaced = cloudflix(home, *run, str(theirs), *replace, "--yes")
    assert replaced.code == 0
    assert beside[0].read_text() == "not made here"
    assert replaced.weeks[0]["tables"]["bronze/cast"]["rows"] == 1
    entries = cloudflix(home, "status", "--json").json["tables"]
    assert {entry["week"] for entry in entries} == {str(WEEK_2)}
    assert {entry["state"] for entry in entries if entry["table"] in MADE} == {"fresh"}


@pytest.mark.slow
def test_another_folder_of_the_same_name_is_refused_until_it_is_said_to_have_moved(tmp_path: Path) -> None:
    """A lake of 6,234 titles took another catalogue's 983 for its week, without a word."""
    home, run = tmp_path / "home", ("run", "--json", *BRONZE_CAST, "--week", str(WEEK_1), "--source")
    ours = put(tmp_path / "ours" / "netflix", publication())
    theirs = put(tmp_path / "theirs" / "netflix", publication(cast=lookup("cast", ("Theirs", "1"))))
    assert cloudflix(home, *run, str(ours)).code == 0
    refused = cloudflix(home, *run, str(theirs))
    assert (refused.code, refused.stdout) == (1, "")
    assert f"holds directory:netflix from {ours}, and {theirs} is another place" in refused.sentence
    assert "CLOUDFLIX_SOURCE_NAME=netflix" in refused.sentence
    doctor = cloudflix(home, "doctor", "--json", "--source", str(theirs)).json["checks"]
    assert any("is another place" in finding["seen"] for finding in doctor if finding["state"] == "fail")
    assert made(cloudflix(home, *run, str(ours))) == {False}

    moved = cloudflix(home, *run, str(theirs), env={"CLOUDFLIX_SOURCE_NAME": "netflix"})
    told, stays = moved.weeks[0]["notices"]
    assert told == f"directory:netflix has moved from {ours} to {theirs}"
    assert stays.startswith(f"the week {WEEK_1} stays as it was landed, and {theirs} holds other files now")
    assert moved.weeks[0]["tables"]["bronze/cast"]["rows"] == 20
    taken = cloudflix(home, *run, str(theirs), "--refresh").weeks[0]
    assert taken["tables"]["bronze/cast"]["rows"] == 1
    assert cloudflix(home, *run, str(theirs)).weeks[0]["notices"] == []
    assert "is another place" in cloudflix(home, *run, str(ours)).sentence


@pytest.mark.parametrize("options", [(), ("--replace-source",)])
def test_a_lake_of_somebody_else_stays_as_it_is(
    tmp_path: Path, files: Path, options: tuple[str, ...]
) -> None:
    """Twenty foreign files were gone with exit code 0, and nine tables were made before the refusal."""
    theirs = tmp_path / "home" / "lake" / "gold" / "titles" / "part-0.parquet"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    told = cloudflix(tmp_path / "home", "run", "--source", str(files), "--week", str(WEEK_1), *options)
    assert "holds gold/titles and no marker (raw/files/lake.json) that says whose that is" in told.sentence
    assert told.code == 1
    assert [path for path in (tmp_path / "home" / "lake").rglob("*") if path.is_file()] == [theirs]
    doctor = cloudflix(tmp_path / "home", "doctor", "--json", "--source", str(files)).json["checks"]
    assert any("and no marker" in finding["seen"] for finding in doctor if finding["state"] == "fail")


@pytest.mark.slow
def test_ten_processes_exit_with_zero_ten_times(tmp_path: Path, files: Path) -> None:
    """A bare `to_pyarrow_table()` aborts most short processes on their way out, with code 134."""
    home, options = tmp_path / "home", ("--week", str(WEEK_1), "--source", str(files), "--json")
    assert cloudflix(home, "run", *options).code == 0
    told = [cloudflix_process(home, "run", *options, "--select", "silver/titles") for _ in range(TEN)]
    assert [one.code for one in told] == [0] * TEN
    assert all(one.weeks[0]["success"] for one in told)


def test_a_source_that_is_forgotten_is_no_reason_to_take_the_sample(tmp_path: Path) -> None:
    """A first delivery was rejected, then corrected: `run --stale` filled the lake with the sample."""
    mine = put(tmp_path / "mine", publication(cast=b"cast,show_id\r\n"))
    given = ("--source", str(mine))
    home = tmp_path / "home"
    assert cloudflix(home, "run", "--week", str(WEEK_1), *given).code == 1
    for command in ("run", "run --stale", "dev"):
        told = cloudflix(home, *command.split())
        assert told.code == 1
        assert told.sentence == (
            f"the last run in {home} had --source {mine}, and its lake does not know of it: name it again "
            f"(--source {mine}), or --source sample if that is meant."
        )
    put(mine, publication())
    assert cloudflix(home, "run", "--stale", *given).code == 0
