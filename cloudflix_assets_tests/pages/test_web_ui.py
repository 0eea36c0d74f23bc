"""The web UI in a real browser: what its pages must show, and a week that is run from there."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cloudflix_assets.partitions import open_week
from cloudflix_assets_tests.cli.command import cloudflix, cloudflix_process
from cloudflix_assets_tests.web_ui import BrowserAbsent, browser, web_ui
from spark.silver.countries import silver_countries

pytestmark = pytest.mark.slow
SAMPLE = {"CLOUDFLIX_SOURCE": "sample"}
PATIENCE_MS = 120_000
OPEN_WEEK = open_week(datetime.now(UTC))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the last complete week of the sample."""
    found = tmp_path_factory.mktemp("web_ui") / "home"
    assert cloudflix_process(found, "run", "--weeks", "1", "--quiet", **SAMPLE).code == 0
    return found


@pytest.fixture(scope="module")
def page(home: Path) -> Iterator[Page]:
    """A page of a browser, relative to the web UI of that home."""
    try:
        with browser() as chromium, web_ui(home, **SAMPLE) as address:
            opened = chromium.new_page(base_url=address, viewport={"width": 1600, "height": 1000})
            opened.set_default_timeout(PATIENCE_MS)
            expect.set_options(timeout=PATIENCE_MS)
            yield opened
    except BrowserAbsent as absent:
        pytest.skip(str(absent))


def sees(page: Page, *texts: str) -> None:
    """Assert that the page comes to show each of these texts."""
    for text in texts:
        expect(page.get_by_text(text).first).to_be_visible()


def materialize(page: Page, button: str) -> None:
    """Materialize the open week by the buttons that a user presses, and follow the run."""
    page.get_by_role("button", name=button).click()
    confirm, latest = (page.get_by_role("button", name=name) for name in ("Confirm", "Latest"))
    expect(confirm.or_(latest).first).to_be_visible()
    if confirm.is_visible():  # a table and its quarantine are one step
        confirm.click()
    latest.click()
    page.get_by_role("button", name="Launch 1 run").click()
    told = page.get_by_text("Launched run").first
    run = told.inner_text().removeprefix("Launched run").split()[0]
    page.goto("/runs")
    page.get_by_role("link", name=run).first.click()
    page.wait_for_url(f"**/runs/{run}*")  # the list, too, shows how runs ended


def test_the_graph_shows_the_layers_in_the_order_of_the_flow(page: Page) -> None:
    """Dagster orders groups by name: gold would stand before raw."""
    page.goto("/asset-groups/")
    groups = ["0_source", "1_raw", "2_bronze", "3_silver", "4_gold"]
    sees(page, *groups)
    text = page.inner_text("body")
    assert [text.index(group) for group in groups] == sorted(text.index(group) for group in groups)


def test_a_table_shows_what_it_is_and_where_its_code_stands(page: Page) -> None:
    """Whoever meets a strange number looks here first."""
    page.goto("/assets/silver/countries")
    line = silver_countries.__code__.co_firstlineno
    sees(page, "Delta Lake", "cloudflix/layer: silver", "cloudflix/dataset: countries", "weekly_refresh")
    sees(
        page, "one row per country, show_id", "bronze/countries.show_id", f"spark/silver/countries.py:{line}"
    )


def test_the_contract_shows_a_row_per_rule_with_the_records_that_broke_it(page: Page) -> None:
    """A check that only fails would send its reader to the lake."""
    page.goto("/assets/silver/countries?view=checks")
    sees(page, "contract", "duplicate row", "no equal row before it", "netflix_countries.csv#")


def test_what_starts_by_itself_is_listed(page: Page) -> None:
    """A schedule that the code location does not offer cannot be switched on."""
    page.goto("/automation")
    sees(page, "weekly", "only on Monday", "alerts", "landing_sensor", "publication_sensor")


def test_a_run_that_fails_shows_the_sentence(page: Page) -> None:
    """The open week was not landed: an operator reads what to do where the run failed."""
    page.goto("/assets/gold/countries")
    materialize(page, "Materialize…")
    sees(page, "holds no week")


def test_a_week_that_is_launched_there_is_in_the_lake(page: Page, home: Path) -> None:
    """Launcher, daemon and a run's own process find the instance, the source and the lake."""
    page.goto("/asset-groups/")
    materialize(page, "Materialize all…")
    expect(page.get_by_text("Success", exact=True).first).to_be_visible()  # not a step's STEP_SUCCESS
    tables = cloudflix(home, "status", "--json", env=SAMPLE).json["tables"]
    assert {table["state"] for table in tables if table["week"] == str(OPEN_WEEK)} == {"fresh"}
