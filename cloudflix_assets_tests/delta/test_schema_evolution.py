"""A contract changes: columns come and go, types may not; weeks stored before stay what they were."""

import pyspark.sql.types as T
import pytest

from cloudflix_assets.delta.table import TableRefused
from cloudflix_assets_tests.delta.cases import FIELDS, ROWS, TABLE, Point, Tiny, interrupt
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, WEEK_3
from spark.quality import digest

SCORE = T.StructField("score", T.IntegerType())
TAGS = T.StructField("tags", T.ArrayType(T.StringType()))
WIDER = T.StructType([*FIELDS, SCORE])
NARROWER = T.StructType([FIELDS["id"]])


@pytest.mark.both_engines
@pytest.mark.parametrize(("column", "value"), [(SCORE, 7), (TAGS, ["a", None])])
def test_a_new_column_is_stored_and_null_in_old_weeks(
    tiny: Tiny, column: T.StructField, value: object
) -> None:
    """An engine that silently drops what the table lacks would lose the column."""
    wider = T.StructType([*FIELDS, column])
    tiny.write(ROWS)
    tiny.write([(3, "three", value)], WEEK_2, fields=wider)

    assert tiny.columns() == ["id", "name", "week", column.name]
    assert tiny.stored(WEEK_2, fields=wider) == [(3, "three", value)]
    assert tiny.stored(fields=wider) == [(1, "one", None), (2, None, None)]
    both = tiny.read(WEEK_1, WEEK_2, fields=None)
    assert sorted(row["id"] for row in both.collect()) == [1, 2, 3]


@pytest.mark.both_engines
def test_old_weeks_keep_their_digest_over_their_columns(tiny: Tiny) -> None:
    """The commit says which columns its digest covers, so that it can be checked years later."""
    old = tiny.week(ROWS)
    committed = tiny.replace(old).version
    tiny.write([(3, "three", 7)], WEEK_2, fields=WIDER)

    assert tiny.recorded(committed)["columns"] == FIELDS.names
    present = tiny.read(WEEK_1)
    assert digest.digest(present, FIELDS) == old.digest == tiny.committed_digest()


@pytest.mark.both_engines
def test_an_old_week_is_unchanged_while_its_new_column_is_null(tiny: Tiny) -> None:
    first = tiny.write(ROWS)
    nulls = [(*row, None) for row in ROWS]

    again = tiny.write(nulls, fields=WIDER)
    assert (again.version, again.committed) == (first.version, False)
    filled = [(*row, 7) for row in ROWS]
    assert tiny.write(filled, fields=WIDER).committed
    assert tiny.stored(WEEK_1, fields=WIDER) == filled


@pytest.mark.both_engines
def test_a_removed_column_is_null_in_new_weeks_until_it_comes_back(tiny: Tiny) -> None:
    """A column that left the contract is history: dropping it would change weeks that are done."""
    tiny.write(ROWS)
    week = tiny.week([(3,)], WEEK_2, fields=NARROWER)
    tiny.replace(week)

    assert tiny.columns() == ["id", "name", "week"]
    assert tiny.stored() == ROWS
    assert tiny.stored(WEEK_2) == [(3, None)]
    assert not tiny.replace(week).committed
    tiny.write([(4, "four")], WEEK_3)
    assert tiny.stored(WEEK_1, WEEK_2, WEEK_3) == [*ROWS, (3, None), (4, "four")]


@pytest.mark.parametrize(
    ("type_", "value", "name"),
    [
        (T.StringType(), "1", "string"),
        (T.IntegerType(), 1, "int"),
        (T.DecimalType(18, 0), None, r"decimal\(18,0\)"),
        (T.ArrayType(T.LongType()), None, "array<bigint>"),
    ],
)
def test_a_changed_type_is_refused_with_the_remedy(
    tiny: Tiny, type_: T.DataType, value: object, name: str
) -> None:
    """Neither engine can read a column of two types, so nothing of the week may be written."""
    tiny.write(ROWS)
    before = (tiny.version(), tiny.files())
    changed = T.StructType([T.StructField("id", type_), FIELDS["name"], SCORE])

    told = rf"{TABLE}: the column id is stored as bigint.* {name}: give it a new name, or move the table away"
    with pytest.raises(TableRefused, match=told):
        tiny.write([(value, "x", 1)], WEEK_2, fields=changed)

    assert (tiny.version(), tiny.files()) == before
    assert tiny.columns() == ["id", "name", "week"]


@pytest.mark.parametrize(("column", "value"), [(SCORE, 8), (TAGS, ["a"])])
def test_two_runs_that_add_a_column_at_once(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, column: T.StructField, value: object
) -> None:
    """The other run widens the table after we saw that it is too narrow; no column may be lost."""
    tiny.write(ROWS)
    theirs = T.StructType([*FIELDS, column])
    their_rows = [(4, "four", value)]
    other = tiny.week(their_rows, WEEK_3, fields=theirs)
    interrupt(monkeypatch, (Point("before", "_widen"), lambda: tiny.replace(other)))

    ours = tiny.week([(3, "three", 7)], WEEK_2, fields=WIDER)
    assert tiny.replace(ours).committed

    assert set(tiny.columns()) == {"id", "name", "week", "score", column.name}
    assert tiny.stored(WEEK_2, fields=WIDER) == [(3, "three", 7)]
    assert tiny.stored(WEEK_3, fields=theirs) == their_rows
    assert tiny.stored() == ROWS
