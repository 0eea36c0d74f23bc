"""docs/read-gold.md, carried out in a copy of the project: five tools give one answer."""

import re

import pytest

from cloudflix_assets_tests.pages.pages import ROOT, Copy, blocks

pytestmark = pytest.mark.slow  # a page that is carried out
PAGE = "read-gold.md"


def test_every_tool_is_asked_and_gives_one_answer(project: Copy) -> None:
    """`project` is the page followed; a join without the week, or a week forgotten, gives other numbers."""
    scripts = [block.text for block in blocks(ROOT / "docs" / PAGE) if block.language == "python"]
    asked = [script for script in scripts if "countries" in script]
    assert len(asked) == 5
    answers = {tuple(re.findall(r"\b\d{2,3}\b", project.run(["python", "-c", script]))[:3]) for script in asked}
    assert len(answers) == 1
