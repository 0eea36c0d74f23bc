"""docs/add-a-table.md, followed to the letter in a copy of the project: the table is really there."""

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cloudflix_assets_tests.pages.pages import Copy

pytestmark = pytest.mark.slow  # a page that is carried out
PAGE = "add-a-table.md"

TOLD = """
import json
from cloudflix_assets.definitions import defs

graph = defs.resolve_asset_graph()
(spec,) = (node for node in graph.asset_nodes if node.key.to_user_string() == "gold/ratings")
lineage = spec.metadata["dagster/column_lineage"].deps_by_column
jobs = defs.get_repository_def().get_all_jobs()
print(json.dumps({
    "columns": [column.name for column in spec.metadata["dagster/column_schema"].columns],
    "lineage": {
        column: [f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in deps]
        for column, deps in lineage.items()
    },
    "checks": [key.name for key in graph.asset_check_keys if key.asset_key == spec.key],
    "partitions": type(spec.partitions_def).__name__,
    "group": spec.group_name,
    "jobs": [job.name for job in jobs if spec.key in job.asset_layer.selected_asset_keys],
}))
"""


def test_the_page_leads_to_a_table_with_rows(project: Copy) -> None:
    """A page that leaves out a step is found out by its reader, who cannot tell what is missing."""
    weeks = project.rows(".cloudflix/lake/gold/ratings")
    assert len(weeks) == 2
    assert min(weeks.values()) > 5
    assert {date.fromisoformat(week).weekday() for week in weeks} == {0}


def test_everything_else_follows_from_the_registry(project: Copy) -> None:
    """What the page promises without a step: check, partitions, columns, lineage, group, jobs."""
    told: dict[str, Any] = json.loads(project.run([sys.executable, "-W", "ignore", "-c", TOLD]))
    assert told["columns"] == ["week", "rating", "titles", "movies", "shows", "new_titles"]
    assert told["lineage"]["rating"] == ["gold/titles.rating"]
    assert told["lineage"]["new_titles"] == ["gold/titles.newflag"]
    assert sorted(told["checks"]) == ["contract", "freshness"]
    assert told["partitions"] == "WeeklyPartitionsDefinition"
    assert told["group"].endswith("gold")
    assert {"weekly_refresh", "refresh_gold"} <= set(told["jobs"])


def test_walls_name_what_a_new_table_lacks(tmp_path: Path) -> None:
    """Stopping halfway through the page must end in a sentence, not in a table that never runs."""
    copy = Copy.of_the_project(tmp_path / "project")
    (copy.folder / "spark" / "gold" / "ratings.py").write_text('"""Nothing yet."""\n')
    walls = [sys.executable, "-m", "pytest", "-q", "cloudflix_assets_tests/test_walls.py", "-k", "module"]
    told = copy.run(walls, 1)
    assert "spark/gold/ratings.py stands in no line of spark/registry.py: add it to TABLES" in told
