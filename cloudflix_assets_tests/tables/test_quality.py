"""One change breaks one rule: which rules are named, which rows stay, what is counted."""

from dataclasses import replace
from typing import Any

import pandera.pyspark as pa
import pyspark.sql.types as T
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cloudflix_assets_tests.tables.conftest import Judgement, judgement_of
from spark.quality import digest, verdict
from spark.quality.rules import MAX_RULES, compiled, fields
from spark.table import REASONS, ForeignKey, Layer, Rule, Severity, Table


class Films(pa.DataFrameModel):
    """An invented contract."""

    id: T.LongType = pa.Field(nullable=False, gt=0)
    minutes: T.IntegerType = pa.Field(nullable=True, ge=1, le=900)
    title: T.StringType = pa.Field(nullable=True)


PLAIN = Table(layer=Layer.SILVER, name="films", grain="a film", contract=Films, build=lambda rows: rows)
FILMS = replace(
    PLAIN,
    key=("id",),
    foreign_keys=(ForeignKey("minutes", "gold_allowed"),),
    rules=(Rule("title: calm", lambda: F.col("title").contains("!")),),
    reasons=("torn", "id: readable", "title: readable"),
    severities={"title: calm": Severity.WARN},
)
INPUT = T.StructType(
    [
        *fields(FILMS).fields,
        T.StructField(REASONS, T.ArrayType(T.StringType())),
        T.StructField("source_file", T.StringType()),
        T.StructField("record_number", T.LongType()),
    ]
)
SOUND: dict[str, Any] = {"id": 1, "minutes": 90, "title": "A", REASONS: [], "source_file": "f"}


@pytest.fixture
def judged(spark_session: SparkSession) -> Any:
    """Return a function that judges changes of a sound row; the parent allows 90 and 5000 minutes.

    It holds 90 twice, so that a join which multiplies rows shows in every test.
    """
    allowed = spark_session.createDataFrame([(90,), (90,), (5000,)], "minutes int")

    def make(*changes: dict[str, Any], table: Table = FILMS) -> Judgement:
        rows = [SOUND | {"record_number": number} | change for number, change in enumerate(changes, 1)]
        frame = spark_session.createDataFrame(
            [tuple(row[name] for name in INPUT.names) for row in rows], INPUT
        )
        parents = {"gold_allowed": allowed}
        return judgement_of(table, verdict.judged(table, frame, parents))

    return make


BREACHES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "sound": ({}, []),
    "absent where it may be": ({"title": None, "minutes": None}, []),
    "null": ({"id": None}, ["id: nullable"]),
    "below": ({"id": 0}, ["id: gt"]),
    "above": ({"minutes": 5000}, ["minutes: le"]),
    "two rules": ({"id": 0, "minutes": 5000}, ["id: gt", "minutes: le"]),
    "orphan": ({"minutes": 91}, ["minutes: in gold_allowed"]),
    "orphan that breaks a rule": ({"minutes": 0}, ["minutes: ge", "minutes: in gold_allowed"]),
    "unreadable is not also null": ({"id": None, REASONS: ["id: readable"]}, ["id: readable"]),
    "unreadable elsewhere": ({"id": None, REASONS: ["title: readable"]}, ["id: nullable", "title: readable"]),
    "a torn row breaks nothing else": (
        {"id": None, "minutes": 5001, "title": "!", REASONS: ["torn", "id: readable"]},
        ["torn"],
    ),
    "warning": ({"title": "A!"}, ["title: calm"]),
    "warning beside a breach": ({"title": "A!", "id": 0}, ["id: gt", "title: calm"]),
}


@pytest.mark.both_engines
def test_one_change_breaks_one_rule(judged: Any) -> None:
    """A row is quarantined for what is wrong with it, not for what follows from that."""
    changes = [{"id": 10 + i} | change for i, (change, _) in enumerate(BREACHES.values())]
    found = judged(*changes)
    assert dict(zip(BREACHES, found.broken, strict=True)) == {
        n: broken for n, (_, broken) in BREACHES.items()
    }
    accepted = [name for name, row in zip(BREACHES, found.rows, strict=True) if row[verdict.ACCEPTED]]
    assert accepted == ["sound", "absent where it may be", "warning"]


def test_the_verdict_counts_every_rule_and_every_row(judged: Any) -> None:
    """Every row is accepted or quarantined, and a rule that nothing broke is reported with 0."""
    found = judged({}, {"id": 2, "title": "A!"}, {"id": 0}, {"id": None}, {})
    assert (found.verdict.accepted, found.verdict.refused) == (2, 3)
    assert {name: rows for name, rows in found.verdict.broken.items() if rows} == {
        "id: nullable": 1,
        "id: gt": 1,
        "title: calm": 1,
        "duplicate row": 1,
    }
    assert found.verdict.broken["minutes: le"] == 0


def test_the_verdict_s_digest_is_of_the_accepted_rows(judged: Any) -> None:
    """A quarantined row must not change the digest of what is published."""
    found = judged({}, {"id": 0}, {"id": 3})
    published = verdict.accepted(FILMS, found.staged)
    assert published.columns == ["id", "minutes", "title"]
    assert published.count() == 2
    assert found.verdict.digest == digest.digest(published, fields(FILMS))


def test_the_verdict_on_no_rows_is_no_error(judged: Any) -> None:
    """Sums over no rows are null, which must come out as 0."""
    found = judged()
    assert (found.verdict.accepted, found.verdict.refused) == (0, 0)
    assert set(found.verdict.broken.values()) == {0}
    assert found.verdict.digest == digest.empty(fields(FILMS))


A, B = {"title": "A"}, {"title": "B"}
ROW, KEY = ["duplicate row"], ["duplicate key"]
CONTESTS: dict[str, tuple[list[dict[str, Any]], list[list[str]]]] = {
    "equal rows": ([A, A, A], [[], ROW, ROW]),
    "equal keys": ([A, B], [[], KEY]),
    "equal rows, then another": ([A, A, B], [[], ROW, KEY]),
    "another between equal rows": ([A, B, A], [[], KEY, ROW]),
    "equal rows behind the first": ([A, B, B], [[], KEY, ROW]),
    "null is a value of its own": ([A | {"minutes": None}, A], [[], KEY]),
    "the lowest address, not the first row": (
        [A | {"record_number": 9}, B | {"record_number": 2}],
        [[], KEY],
    ),
    "the file before the number": (
        [A | {"source_file": "g", "record_number": 1}, B | {"source_file": "f", "record_number": 2}],
        [[], KEY],
    ),
    "a warning does not count": ([{"title": "A!"}, B], [["title: calm"], [*KEY]]),
    "a warning among equals": ([{"title": "A!"}] * 2, [["title: calm"], [*ROW, "title: calm"]]),
    "a quarantined row contests nothing": ([{"minutes": 5000}, B], [["minutes: le"], []]),
    "quarantined rows are no duplicates": ([{"minutes": 5000}] * 2, [["minutes: le"]] * 2),
    "null keys are not equal": ([{"id": None}] * 2, [["id: nullable"]] * 2),
    "torn rows are not equal": ([{REASONS: ["torn"]}] * 2, [["torn"]] * 2),
    "an orphan contests nothing": ([{"minutes": 91}, B], [["minutes: in gold_allowed"], []]),
}


@pytest.mark.parametrize("name", CONTESTS)
def test_the_lowest_address_that_breaks_nothing_else_keeps_the_key(judged: Any, name: str) -> None:
    """If a quarantined row kept the key, no row of that key would be published."""
    changes, expected = CONTESTS[name]
    assert judged(*changes).broken == expected


def test_a_nullable_key_is_not_contested_by_null(judged: Any) -> None:
    """Null is equal to nothing: where the contract allows it in a key, all such rows are kept."""

    class Nullable(Films):
        id: T.LongType = pa.Field(nullable=True)

    table = replace(PLAIN, contract=Nullable, key=("id",))
    assert judged({"id": None}, {"id": None}, {}, {}, table=table).broken == [[], [], [], ROW]


KEYS = {
    "of all columns": (("id", "minutes", "title"), [A, B, A], [[], [], ROW]),
    "of several columns": (("id", "title"), [A, B, A | {"id": 2}, A | {"minutes": 80}], [[], [], [], KEY]),
}


@pytest.mark.parametrize(("key", "changes", "expected"), KEYS.values(), ids=KEYS)
def test_a_key_of_more_than_one_column(judged: Any, key: Any, changes: Any, expected: Any) -> None:
    """Rows that are equal in a part of the key are no duplicates, and in all columns equal altogether."""
    assert judged(*changes, table=replace(PLAIN, key=key)).broken == expected


def test_an_undeclared_reason_is_an_error(judged: Any) -> None:
    """A reason that is no rule would quarantine nothing and report nothing."""
    with pytest.raises(
        verdict.UndeclaredReason, match=r"silver/films names a reason .*'tron'.*Table\(reasons="
    ):
        _ = judged({}, {REASONS: ["tron"]}).verdict


def test_a_table_without_quarantine_accepts_every_row(judged: Any) -> None:
    """There a broken rule fails the week; the judgement itself removes no row."""
    found = judged({"id": 0}, {}, table=replace(PLAIN, has_quarantine=False))
    assert (found.verdict.accepted, found.verdict.broken["id: gt"]) == (2, 1)
    assert found.broken == [["id: gt"], []]


def test_a_repeated_key_fails_a_table_without_quarantine(judged: Any) -> None:
    """Without addresses duplicates are not searched for: the key would be declared and never judged."""
    table = replace(PLAIN, layer=Layer.GOLD, key=("id",), has_quarantine=False)
    assert judged({}, {"minutes": 80}, {"id": 2}, table=table).broken == [KEY, KEY, []]


@pytest.mark.both_engines
def test_the_last_rule_that_fits_is_a_rule_like_any(judged: Any) -> None:
    """The 63rd rule has the highest bit of a signed 64-bit integer below its sign."""
    reasons = tuple(f"reason {number}" for number in range(60))
    table = replace(FILMS, key=(), foreign_keys=(), rules=(), severities={}, reasons=reasons[:59])
    free = MAX_RULES - len(compiled(table))
    table = replace(table, reasons=(*reasons[:59], *(f"more {number}" for number in range(free))))
    found = judged({REASONS: [table.reasons[-1]]}, {}, table=table)
    assert found.broken == [[table.reasons[-1]], []]
    assert (found.verdict.accepted, found.verdict.broken[table.reasons[-1]]) == (1, 1)


def test_samples_are_the_first_addresses_of_each_rule(judged: Any) -> None:
    """Samples in an order that depends on the engine would differ from run to run."""
    changes = [{"id": 0, "record_number": number} for number in (12, 9, 100, 11)]
    found = judged(*changes, {"id": None, "source_file": "e"}, {"id": 5})
    samples = verdict.samples(FILMS, found.staged)
    assert samples == {"id: gt": ["f#9", "f#11", "f#12"], "id: nullable": ["e#5"]}
