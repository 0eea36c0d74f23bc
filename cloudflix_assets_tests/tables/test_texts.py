"""What is almost never meant in a text is warned of, in every text column of every table, and is kept."""

# ruff: noqa: RUF001  # letters that look like others are what is tested

from dataclasses import replace

import pandera.pyspark as pa
import pyspark.sql.types as T
import pytest
from pyspark.sql import SparkSession

from cloudflix_assets.assets.rule_texts import requirements
from cloudflix_assets_tests.lakehouse import TITLE
from cloudflix_assets_tests.tables.conftest import FILE, Judge
from cloudflix_assets_tests.tables.test_rules import contract, table
from spark.quality.rules import MAX_RULES, compiled
from spark.quality.texts import A_VALUE, COMPOSED, KINDS, NONE_WORDS, UNDAMAGED
from spark.registry import TABLES
from spark.silver.directors import TABLE
from spark.silver.titles import TABLE as TITLES
from spark.table import ADDRESS, Layer, Severity, Table

MOVIE = {name: text for name, text in TITLE.items() if name not in ("show_id", "description")}
TWICE = ["Renée", "São", "Ñandú", "Ödön", "Über", "ŠŽčć", "Şahin", "Ελλάδα", "Россия", "שלום", "محمد"]
TWICE += ["アニメ", "한국", "中国", "¡Hola!", "it’s", "“so”", "a – b", "…", "😀", "\N{REPLACEMENT CHARACTER}"]


def encoded_twice(text: str) -> str:
    """UTF-8 that was read as cp1252, or as Latin-1 where cp1252 has no letter for a byte."""
    return "".join(_letter(byte) for byte in text.encode())


def _letter(byte: int) -> str:
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


DAMAGED = [
    *map(encoded_twice, TWICE),
    "Ren\N{REPLACEMENT CHARACTER}e",
    "a\x01b",
    "a\x7fb",
    "it\x92s",  # cp1252 that was read as iso-8859-1
    "\uffff",
    "Tom &amp; Jerry",
    "It&#39;s",
    "It&#x27;s",
    "MichaÅ‚",
    "PajÄ…k",
    "StaÅ„czyk",
    *(text.encode().decode("mac_roman") for text in ("René", "Ramón", "Michał", "it’s")),
    "Micha³ ¯ebrowski",
    "JosŽ",
    "Jos\u201a Mu¤oz",
    "Pawe³",
    "a\u202eb",
    "a\u2066b",
    "a\u00adb",
    "a\ue000b",
]
DECOMPOSED = [
    "Rene\u0301e",
    "Bjo\u0308rk",
    "Ha\u030aland",
    "Thie\u0302\u0301n",
    "Андреи\u0306",
    "\u1112\u1161",
    "か\u3099",
]
NONE_TEXTS = [
    *NONE_WORDS,
    "NULL",
    "N/A",
    "Not Given",
    "Unknown",
    "\\N",
    "<NA>",
    "NaT",
    "N.A.",
    "N / A",
    "TBD",
    "TBA",
]
NONE_TEXTS += ["No Cast", "No Director", "Unknown Director", "—", "–", ".", "null.", "(none)"]
NONE_TEXTS += ["#REF!", "#NAME?", "#N/A", "#VALUE!"]
SOUND = [
    *TWICE[:-1],
    "A & B; C&D",
    "CAFÉ… «É» “É” É’s",
    "AMANHÃ, SÃO",
    "ÂGE ÄÖÜ Å",
    "voilà… café…”",
    "L’été, «là-bas»",
    "5 m³, H₂O¹ ¾ cup; Col·lecció, HUNTER×HUNTER ¯\\_(ツ)_/¯ A$AP Žižek ŽIŽEK",
    "Å… Ä… SKÅ… Å‘ √2 √x ≈ 3",
    "No Directors Cut; TBA Live — the \\N file.",
    "first line\r\nsecond\tline",
    "Yorùbá: ọ̀",
    "а́",  # a stressed Russian vowel has no other form
    "नमस्ते",
    "ประเทศไทย",
    "Nan Null Unknown",
    "Nobody",
    "",
    None,
]


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (UNDAMAGED, DAMAGED),
        (COMPOSED, DECOMPOSED),
        (A_VALUE, NONE_TEXTS),
    ],
    ids=[UNDAMAGED, COMPOSED, A_VALUE],
)
def test_what_is_almost_never_meant_is_warned_of(judge: Judge, kind: str, texts: list[str]) -> None:
    """It reached gold without a word."""
    rows = [{"show_id": str(number), "director": text} for number, text in enumerate(texts, 1)]
    judgement = judge(TABLE, bronze_directors=rows)
    assert judgement.broken == [[f"director: {kind}"]] * len(texts)
    assert [row["director"] for row in judgement.accepted] == [t.replace("\xa0", " ") for t in texts]


@pytest.mark.both_engines
def test_what_is_meant_is_not_warned_of(judge: Judge) -> None:
    """Warnings that are false are soon not read."""
    rows = [{"show_id": str(number), "description": text, **MOVIE} for number, text in enumerate(SOUND, 1)]
    raw = [{"path": FILE, "header": ",".join(TITLE)}]
    assert judge(TITLES, bronze_titles=rows, raw_titles=raw, bronze_category=[]).broken == [[]] * len(SOUND)


@pytest.mark.parametrize("declared", TABLES, ids=lambda declared: declared.path)
def test_every_free_text_of_silver_has_these_rules(declared: Table) -> None:
    """They are declared once, so that a new table has them; gold, which copies, would tell each twice."""
    columns = declared.contract.to_schema().columns
    listed = {name for name, column in columns.items() if any(c.name == "isin" for c in column.checks)}
    texts = {name for name, column in columns.items() if column.dtype.type == T.StringType()}
    judged = declared.layer is Layer.SILVER
    expected = {f"{name}: {kind}" for name in texts - listed - {*ADDRESS} for kind in KINDS if judged}
    rules = {rule.name: rule.severity for rule in compiled(declared)}
    assert {name for name in rules if name.rpartition(": ")[2] in KINDS} == expected
    assert {rules[name] for name in expected} <= {Severity.WARN}
    assert all(requirements(declared)[name] for name in expected)


def test_more_columns_than_bits_share_a_rule_of_each_kind(spark_session: SparkSession) -> None:
    """A wide table must not be refused for rules that it did not ask for."""
    names = [f"c{number}" for number in range(MAX_RULES // len(KINDS) + 1)]
    wide = table(contract(**{name: (T.StringType, pa.Field(nullable=True)) for name in names}))
    rules = compiled(wide)
    assert [rule.name for rule in rules] == [f"any text: {kind}" for kind in KINDS]
    assert all(requirements(wide)[rule.name] for rule in rules)
    rows = [{}, {names[0]: "NULL"}, {names[-1]: "N/A", names[1]: "a"}, dict.fromkeys(names, "a")]
    schema = T.StructType([T.StructField(name, T.StringType()) for name in names])
    frame = spark_session.createDataFrame([tuple(row.get(name) for name in names) for row in rows], schema)
    breach = rules[-1].breach
    assert breach is not None
    assert [row[0] for row in frame.select(breach()).collect()] == [False, True, True, False]


def test_a_table_may_be_stricter() -> None:
    """They are rules like others: a name that is none may be quarantined where that is declared."""
    strict = replace(TABLE, severities={f"director: {A_VALUE}": Severity.QUARANTINE})
    severities = {rule.name: rule.severity for rule in compiled(strict)}
    assert severities[f"director: {A_VALUE}"] is Severity.QUARANTINE
