"""docs/read-gold.md, carried out in a copy of the project: every tool gives the same answer."""

import re
import sys

import pytest

from cloudflix_assets_tests.pages.pages import ROOT, Copy, blocks

pytestmark = pytest.mark.slow  # a page that is carried out
PAGE = "read-gold.md"
ROW = re.compile(r"^[\s│|]*([A-Z][\w ]*\w)[ │┆|]+(\d+)[ │|]*$", re.MULTILINE)


def test_every_tool_gives_one_answer(project: Copy) -> None:
    """A join without the week, or a question without one, gives other numbers."""
    scripts = [block.text for block in blocks(ROOT / "docs" / PAGE) if block.language == "python"]
    asked = [script for script in scripts if "order" in script or "sort" in script]
    answers = [ROW.findall(project.run([sys.executable, "-c", script]))[:3] for script in asked]
    assert answers == [answers[0]] * 5
    assert len(answers[0]) == 3
