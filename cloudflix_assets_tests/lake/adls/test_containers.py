"""A lake's containers: one that is missing is no answer, and one that is somebody else's stays as it is."""

from collections.abc import Callable

import pytest
from azure.core.exceptions import ResourceNotFoundError

from cloudflix_assets.lake.adls.lake import OWNER, AdlsLake
from cloudflix_assets.lake.base import MARKER, LakeRefused
from cloudflix_assets_tests.lake.adls.lakes import everything
from cloudflix_assets_tests.loopback.azure.proxy import Proxy
from spark.table import Layer

FILE = "raw/files/titles/abc.csv"
TARGET = "raw/landed/2026-11-09/titles/abc.csv"

Makes = Callable[..., AdlsLake]


@pytest.mark.parametrize(
    "do",
    [
        lambda lake: lake.read(FILE),
        lambda lake: lake.size(FILE),
        lambda lake: lake.files_below("raw/files"),
        lambda lake: lake.names("raw/files"),
        lambda lake: lake.fingerprint("raw/files"),
        lambda lake: lake.open(FILE),
        lambda lake: lake.remove("raw/files"),
        lambda lake: lake.move(FILE, TARGET),
    ],
)
def test_a_missing_container_is_no_answer(makes: Makes, do: Callable[[AdlsLake], object]) -> None:
    """Read as an absent table, it would be made anew, and history would begin again."""
    lake = makes(azure_containers=("no-raw", "no-bronze", "no-silver", "no-gold"))
    with pytest.raises(ResourceNotFoundError):
        do(lake)


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
    assert everything(flat) == {MARKER, *(f"{layer.value}/{OWNER}" for layer in Layer)}


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
