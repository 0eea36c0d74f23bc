"""What carries the pages out notices when one of them is wrong: else every page would be right."""

from pathlib import Path

import pytest

from cloudflix_assets_tests.pages import pages
from cloudflix_assets_tests.pages.pages import Copy

WRONG = {
    "a command that fails": ("```console\n$ false\n```\n", "ended with 1, not 0"),
    "a command that should fail": ("```console\n$ true  # exit code 1\n```\n", "ended with 0, not 1"),
    "output that is not printed": ("```console\n$ echo two\none\n```\n", "the page shows"),
    "output in another order": ("```console\n$ echo 1; echo 2\n2\n1\n```\n", "the page shows"),
    "a change that does not fit": ("`a.txt`:\n\n```diff\n-gone\n+new\n```\n", "holds 0 times"),
    "a change that fits twice": ("`a.txt`:\n\n```diff\n same\n+new\n```\n", "holds 2 times"),
    "a file that is there": ("`a.txt`:\n\n```python\nA = 1\n```\n", "is there already"),
    "a setting that is left": ("```console\n$ export WORD=held\n```\n", "leaves behind: WORD=held"),
    "a process that is left": ("```console\n$ sleep 9 > /dev/null 2>&1 &\n```\n", "Running +sleep 9"),
    "a file that is left": ("```console\n$ touch c.txt\n```\n", "leaves behind: c.txt"),
    "a lake that is left": ("```console\n$ mkdir -p .cloudflix/b/lake\n```\n", "behind: .cloudflix/b/lake"),
    "a script that fails": ("```python\n1 / 0\n```\n", "ZeroDivisionError"),
    "a script that prints something else": (
        "```python\nprint(1)\n```\n\n```text\n2\n```\n",
        "the page shows",
    ),
}


@pytest.mark.parametrize(("page", "told"), WRONG.values(), ids=WRONG)
def test_a_wrong_page_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str, told: str
) -> None:
    """A runner that skips what it does not understand would pass everything."""
    monkeypatch.setattr(pages, "PATIENCE", 0.0)
    (tmp_path / "page.md").write_text(page)
    (tmp_path / "a.txt").write_text("same\nsame\n")
    with pytest.raises(AssertionError, match=told):
        Copy(tmp_path).follow(tmp_path / "page.md")


def test_a_right_page_is_carried_out(tmp_path: Path) -> None:
    """Files, changes in two places, settings that hold for later commands, output with gaps."""
    (tmp_path / "a.txt").write_text("first\nsecond\nthird\n")
    (tmp_path / "page.md").write_text(
        "`b.py`:\n\n```python\nprint('b')\n```\n\n"
        "and `a.txt`:\n\n```diff\n first\n+more\n@@\n-third\n```\n\n"
        "```console\n$ export WORD=held\n$ cat a.txt\nfirst\nmore\n…\n$ echo is $WORD so\nis … so\n"
        "$ unset WORD\n$ never run\n$ false  # exit code 1\n```\n"
    )
    Copy(tmp_path, frozenset({"never run"})).follow(tmp_path / "page.md")
    assert (tmp_path / "a.txt").read_text() == "first\nmore\nsecond\n"
    assert (tmp_path / "b.py").read_text() == "print('b')\n"
