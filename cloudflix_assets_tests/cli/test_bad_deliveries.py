"""Bad deliveries, sources and weeks: one sentence says what to correct; the lake stays as it was."""

import io
import resource
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from cloudflix_assets.automation.jobs import WEEKLY_REFRESH
from cloudflix_assets.build import build_defs
from cloudflix_assets.partitions import WEEK, last_ended
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.cli.bad_input import House, failures, house_in, refused
from cloudflix_assets_tests.cli.command import cloudflix
from cloudflix_assets_tests.lakehouse import (
    TITLE,
    WEEK_1,
    WEEK_2,
    Lakehouse,
    csv_bytes,
    publication,
    put,
    titles,
)
from spark.datasets import DATASETS
from spark.delivery.lines import REMEDY

FIFTY_MB = 50 * 2**20
LANDING = ("--select", "publication", "--refresh")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return house_in(tmp_path_factory.mktemp("deliveries"))


def zipped() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("netflix_cast.csv", publication()["cast"])
    return packed.getvalue()


NOT_CSV: dict[str, tuple[Callable[[], bytes], str]] = {
    "HTML": (
        lambda: b"<!DOCTYPE html>\n<html><body>404: Not Found</body></html>\n",
        " is an HTML page, not CSV (an error page, or a login?)",
    ),
    "zip": (zipped, " is a zip archive or an Excel workbook, not CSV (unpack or export it?)"),
    "a line of 50 MB": (
        lambda: b"x" * FIFTY_MB,
        f": the header misses the columns cast (or actor, actors), show_id; it has {'x' * 39}…",
    ),
    "lost line breaks": (
        lambda: b"cast,show_id " + b"Ana,1 " * (FIFTY_MB // 6),
        ": the header holds over a million commas in one line (are the line breaks lost?)",
    ),
}


@pytest.mark.parametrize("kind", NOT_CSV)
def test_what_is_no_csv_is_called_by_its_name(house: House, kind: str) -> None:
    """`the header misses the columns` sends an operator to look for a header in a zip archive."""
    make, defect = NOT_CSV[kind]
    before = house.listing()
    with house.put_back():
        put(house.source, publication(cast=make(), titles=titles({"title": "Changed"})))
        assert failures(house.run(*LANDING)) == {"publication": f"netflix_cast.csv{defect}: {REMEDY}."}
        assert house.listing() == before


def test_a_delivery_that_was_mended_is_landed(house: House) -> None:
    """A refusal that leaves something behind would refuse the good file too."""
    before = house.listing()
    with house.put_back():
        put(house.source, publication(cast=b"<html>"))
        assert house.run(*LANDING).code == 1
        put(house.source, publication())
        assert house.run().code == 0
        assert house.listing() == before


@pytest.fixture
def reader(environment: Environment, instance: dg.DagsterInstance) -> Lakehouse:
    """Reads the lake of `environment`."""
    return Lakehouse(environment, instance)


def test_a_field_of_200_000_characters_comes_out_whole(reader: Lakehouse, tmp_path: Path) -> None:
    """Python's `csv` stops at 131,072 characters, and others cut without a word."""
    long = "".join(f"{number:07}" for number in range(200_000 // 7 + 1))[:200_000]
    source = put(tmp_path / "netflix", publication(titles=titles({"description": long})))
    house = House(reader.environment.home, source)
    assert house.run("--select", "+gold/titles").code == 0
    assert [row["description"] for row in reader.rows("gold/titles", WEEK_1)] == [long]


@pytest.mark.slow
def test_a_field_of_50_mb_is_accepted_in_bounded_memory(reader: Lakehouse, tmp_path: Path) -> None:
    """The limit is 64 MB a record; a copy of it per rule or per column would end a small machine."""
    source = put(tmp_path / "netflix", publication(titles=titles({"description": "x" * FIFTY_MB})))
    house = House(reader.environment.home, source)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert house.run("--select", "+gold/titles").code == 0
    lengths = reader.read("gold/titles", WEEK_1).selectExpr("length(description)").collect()
    assert [row[0] for row in lengths] == [FIFTY_MB]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 1.5 * 2**20  # in KiB


def test_a_reordered_header_makes_the_same_tables(
    house: House, reader: Lakehouse, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    """Columns read by position would put titles where ratings belong, and every type might still fit."""
    header = list(reversed(TITLE))
    rows = [
        [{**TITLE, "show_id": str(i), "title": f"Title {i}"}[name] for name in header] for i in range(1, 21)
    ]
    source = put(tmp_path / "netflix", publication(titles=csv_bytes(header, rows)))
    reordered = House(reader.environment.home, source)
    assert reordered.run("--select", "+gold/titles").code == 0
    usual = Lakehouse(Environment(home=house.home), instance).digests(WEEK_1)
    assert reader.digests(WEEK_1)["gold/titles", WEEK_1] == usual["gold/titles", WEEK_1]


def source_cases(folder: Path) -> dict[str, tuple[str, str]]:
    """A source that cannot be read, by what is wrong with it, and the sentence."""
    rerun = f"rerun the week {WEEK_2}; nothing was landed."
    choose = "choose one of these, or add a sub-folder 2026-11-09."
    readable = "make it readable for this user, then rerun the week; nothing was landed."
    files = ", ".join(dataset.file for dataset in DATASETS)
    remedy = f"give --source (or CLOUDFLIX_SOURCE) one that holds {files}, or `sample`."
    (folder / "file").write_text("no folder")
    put(folder / "weeks" / str(WEEK_1), publication())
    put(folder / "unreadable", publication())
    unreadable = folder / "unreadable" / "netflix_cast.csv"
    unreadable.unlink()
    unreadable.symlink_to("/proc/self/mem")  # which root cannot read either
    (folder / "empty").mkdir()
    return {
        "absent": ("absent", f"the source {folder}/absent is no folder: {remedy}"),
        "a file": ("file", f"the source {folder}/file is no folder: {remedy}"),
        "without files": (
            "empty",
            f"netflix_titles.csv is missing from {folder}/empty: put it there, then {rerun}",
        ),
        "without the week": (
            "weeks",
            f"{folder}/weeks has no publication of the week {WEEK_2}: it has {WEEK_1}; {choose}",
        ),
        "not to be read": (
            "unreadable",
            f"netflix_cast.csv cannot be read (Input/output error) from {unreadable}: {readable}",
        ),
    }


@pytest.mark.parametrize("case", ["absent", "a file", "without files", "without the week", "not to be read"])
def test_a_source_that_cannot_be_read_lands_nothing(house: House, tmp_path: Path, case: str) -> None:
    """A source that is half there must not become half a publication."""
    name, sentence = source_cases(tmp_path)[case]
    before = house.listing()
    env = {"CLOUDFLIX_SOURCE_NAME": "netflix"}  # else the lake refuses it first
    told = house.run(*LANDING, "--source", str(tmp_path / name), week=WEEK_2, env=env)
    assert failures(told) == {"publication": sentence}
    assert house.listing() == before


@pytest.mark.parametrize("source", ["https://example.org/netflix", "gitlab:someone/netflix", ""])
def test_a_source_of_an_unknown_kind_runs_nothing(house: House, source: str) -> None:
    """Taken for a folder, it would be looked for below the current one; empty, it would be that one."""
    before = house.listing()
    assert refused(house.run("--source", source)) == (
        f"{source!r} is no source: give --source (or CLOUDFLIX_SOURCE) `sample`, `landing`, a folder of "
        "CSV files or of weeks, or github:owner/repo[@branch][:folder]."
    )
    assert house.listing() == before


LAST = last_ended(datetime.now(UTC))
WEEKS = {
    "2026-11-10": "2026-11-10 is a Tuesday; weeks begin on a Monday: did you mean 2026-11-09?",
    str(LAST + 2 * WEEK): f"the week {LAST + 2 * WEEK} has not begun: the open one is {LAST + WEEK}.",
    "2025-12-29": "2025-12-29 is before the first week, 2026-01-05: choose a later one, or set "
    "CLOUDFLIX_FIRST_WEEK.",
    "next monday": "'next monday' is no date: write a week as its Monday, such as 2026-11-09.",
}


@pytest.mark.parametrize("week", WEEKS, ids=["not a Monday", "the future", "before the calendar", "no date"])
def test_a_week_that_is_none_runs_nothing(house: House, week: str) -> None:
    """The nearest week instead would replace the content of a week that nobody asked for."""
    before = house.listing()
    assert refused(house.run(week=week)) == WEEKS[week]
    assert house.listing() == before


@pytest.mark.parametrize("week", WEEKS, ids=["not a Monday", "the future", "before the calendar", "no date"])
def test_a_week_that_is_none_is_refused_by_dagster_too(house: House, week: str) -> None:
    """The web UI and backfills do not pass through the command line."""
    job = build_defs(Environment(home=house.home, source=str(house.source))).resolve_job_def(WEEKLY_REFRESH)
    before = house.listing()
    with pytest.raises(dg.DagsterUnknownPartitionError, match=week):
        job.execute_in_process(partition_key=week)
    assert house.listing() == before


@pytest.mark.parametrize("drift", ["rescue", "fail"])
def test_a_header_cannot_speak_to_the_terminal(tmp_path: Path, drift: str) -> None:
    """A name may hold what moves the cursor, and what a console would draw as a picture."""
    name = "\x1b[2J\x9b1m:smile: [red]"
    content = csv_bytes(["cast", "show_id", name], [("Ann", "1", "x")])
    source = str(put(tmp_path, publication(cast=content)))
    told = cloudflix(
        tmp_path / "home",
        "run",
        *("--week", str(WEEK_1), "--source", source, *LANDING),
        env={"CLOUDFLIX_SCHEMA_DRIFT": drift},
    )
    assert r"\x1b[2J\x9b1m:smile: [red]" in told.sentence
    assert not {"\x1b", "\x9b"} & {*told.stderr}
