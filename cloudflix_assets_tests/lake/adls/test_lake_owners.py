"""Whose a lake and its containers are: one lake, one source; and nothing is removed that is not ours."""

import json
from collections.abc import Callable

import pytest

from cloudflix_assets.lake.adls.lake import OWNER, AdlsLake
from cloudflix_assets.lake.base import MARKER, LakeRefused
from cloudflix_assets_tests.lake.adls.lakes import everything
from cloudflix_assets_tests.lake.cases import winner_of_claims_at_once
from cloudflix_assets_tests.loopback.azure.proxy import Proxy
from spark.table import Layer

Makes = Callable[..., AdlsLake]
OWNERS = {f"{layer.value}/{OWNER}" for layer in Layer}


def test_a_claimed_lake_says_whose_it_is(lake: AdlsLake) -> None:
    lake.refuse_other_source("sample")
    assert everything(lake) == set()
    lake.claim("sample")
    lake.claim("sample")
    assert everything(lake) == {*OWNERS, MARKER}
    with pytest.raises(LakeRefused, match=r"holds sample, not other: choose other containers"):
        lake.claim("other")
    assert json.loads(lake.read(MARKER) or b"")["source"] == "sample"


def test_of_two_sources_at_once_one_gets_the_lake(lake: AdlsLake) -> None:
    winner = winner_of_claims_at_once(lake)
    lake.refuse_other_source(winner)


def test_of_two_lakes_that_share_a_container_one_gets_it(makes: Makes) -> None:
    """Tables of both in one container would replace each other's weeks."""
    one = makes()
    raw = makes().account.containers[0]
    other = makes(azure_containers=(raw, *one.account.containers[1:]))
    one.claim("sample")
    with pytest.raises(LakeRefused, match="belongs to the lake devstoreaccount1/"):
        other.refuse_other_source("sample")
    with pytest.raises(LakeRefused, match="belongs to the lake devstoreaccount1/"):
        other.claim("sample")
    assert other.read(MARKER) is None


def test_another_run_claims_the_lake_while_this_one_looks(flat: AdlsLake, proxy: Proxy) -> None:
    """Not marked a moment ago, and not empty now: what lies there is this lake's own."""
    proxy.hold(lambda _: flat.claim("sample"), kind="list", path="-raw/$")
    flat.refuse_other_source("sample")
    assert everything(flat) == {*OWNERS, MARKER}


@pytest.mark.parametrize("place", ["raw/notes.txt", "gold/their/table/x.parquet", "silver/landing/a.csv"])
def test_a_container_of_somebody_else_is_refused(lake: AdlsLake, place: str) -> None:
    lake.write(place, b"theirs")
    with pytest.raises(LakeRefused, match=r"belongs to somebody else: (notes\.txt|their|landing) lies there"):
        lake.refuse_other_source("sample")
    assert everything(lake) == {place}


@pytest.mark.parametrize("place", ["landing/netflix_titles.csv", "landed/2026-11-09/titles/a", "refused/b"])
def test_what_was_dropped_first_is_no_stranger(lake: AdlsLake, place: str) -> None:
    """Four files of five were taken in, and the fifth comes after the run: the lake is not claimed yet."""
    lake.write(f"raw/{place}", b"")
    lake.refuse_other_source("landing")


def test_emptying_removes_ours_and_nothing_else(lake: AdlsLake) -> None:
    lake.claim("sample")
    ours = ["silver/cast/_delta_log/0.json", "raw/cast/week=1/x.parquet", "raw/files/receipts/a.json"]
    theirs = {
        "silver/mine/_delta_log/0.json",
        "gold/notes.txt",
        "raw/cast_mine/x.parquet",
        "raw/landing/a.csv",
    }
    for path in (*ours, *theirs):
        lake.write(path, b"")
    lake.empty(["silver/cast", "raw/cast", "gold/absent"])
    assert everything(lake) == theirs
