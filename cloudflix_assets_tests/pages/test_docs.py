"""Every page is true where a test can tell: links, anchors, commands, options, settings, files."""

import re
import shlex
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cloudflix_assets.cli.commands import app
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.pages.pages import ROOT, blocks, commands, files_below
from cloudflix_assets_tests.settings import TestSettings

FILES = files_below(ROOT)
PAGES = [path for path in FILES if path.suffix == ".md"]
OF_OTHER_TOOLS = {"--hns", "--snapshot-update", "--require-hashes", "--quiet", "--depth"}
# Names of files that a lake or an instance has, or that a reader brings.
OF_NO_COMMIT = re.compile(
    r"books\.csv|netflix_[\w-]+\.csv|lake\.json|dagster\.yaml|truth\.json|\d{4}-.*\.json"
)
FILE = re.compile(r"[\w/-]+\.(?:py|md|toml|lock|json|csv|yaml|ambr)")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def inline(page: Path) -> list[str]:
    """Text between backticks, outside of blocks."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", text)


def options() -> dict[str, set[str]]:
    """The options of each command, and of all under an empty name."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    found = {
        name: {option for parameter in command.params for option in parameter.opts} | {"--help"}
        for name, command in group.commands.items()
    }
    before = {option for parameter in group.params for option in parameter.opts}
    return {name: own | before for name, own in found.items()} | {"": set().union(*found.values(), before)}


@pages
def test_every_link_and_anchor_leads_somewhere(page: Path) -> None:
    """A moved file or a reworded heading breaks the links of other pages."""
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(file), f"{page.name}: {link}"


@pages
def test_a_link_that_names_a_file_leads_to_it(page: Path) -> None:
    """A renamed file keeps its old name in the labels of links, which lead to the new one."""
    for label, link in re.findall(r"\[`?([^\]`\s]+)`?\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if FILE.fullmatch(label):
            target = link.partition("#")[0]
            assert f"/{target}".endswith(f"/{label}"), f"{page.name}: {label} leads to {link}"


@pages
def test_every_make_target_exists(page: Path) -> None:
    """The first thing that a newcomer types."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for command in [*commands(page), *inline(page)]:
        if named := re.match(r"make (?:[A-Z]+=\S+ )?([a-z-]+)\b", command):
            assert named[1] in targets, f"{page.name}: {command}"


@pages
def test_every_command_and_option_exists(page: Path) -> None:
    """A renamed option leaves pages behind that nobody reads again."""
    known = options()
    for told in [*commands(page), *inline(page)]:
        command = told.strip("()")
        words = shlex.split(command, comments=True) if command.count("'") % 2 == 0 else command.split()
        program = next((i for i, word in enumerate(words) if Path(word).name == "cloudflix"), None)
        named = {word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)}
        if program is None:
            strays = named - known[""] - OF_OTHER_TOOLS if command.startswith("--") else set()
            assert strays == set(), f"{page.name}: {command}"
        elif arguments := [word for word in words[program + 1 :] if not word.startswith("-")]:
            assert arguments[0] in known, f"{page.name}: {command}"
            assert named <= known[arguments[0]], f"{page.name}: {command}"


@pages
def test_every_setting_exists(page: Path) -> None:
    """A setting that is misspelt in a page would be believed and ignored."""
    fields = {*Environment.model_fields, *TestSettings.model_fields} - {"java_home"}
    named = set(re.findall(r"CLOUDFLIX_([A-Z_]*[A-Z])", page.read_text(encoding="utf-8")))
    assert named <= {field.upper() for field in fields}


@pages
def test_every_file_that_is_named_exists(page: Path) -> None:
    """`test_walls.py` stands for the one file of that name; what the page itself makes is there too."""
    made = {block.file for block in blocks(page)}
    for name in inline(page):
        if FILE.fullmatch(name) and name not in made and not OF_NO_COMMIT.fullmatch(Path(name).name):
            assert any(str(path).endswith(f"/{name}") for path in FILES), f"{page.name}: {name}"


def test_every_room_stands_in_the_architecture() -> None:
    """A room that the map does not show is found by nobody."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for package in ("spark", "cloudflix_assets"):
        for room in (ROOT / package).glob("[a-z]*"):
            name = room.name if room.suffix else f"{room.name}/"
            assert room.suffix in {".toml", ".typed"} or f"`{name}`" in text, (
                f"name {package}/{name} in docs/architecture.md"
            )


def test_every_page_is_linked_from_the_readme() -> None:
    """A page that nothing leads to is not read."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert f"(docs/{page.name})" in readme, page.name


STALE = re.compile(
    r"\b(today|not built|yet|(?<!\bor )later|will be|for now|coming soon|some day|still to come|upcoming|todo"
    r"|fixme)\b",
    re.IGNORECASE,
)
"""Words that are true when they are written, and not for long; `3.11 or later` stays true."""
JUSTIFIED = {
    "today = now.astimezone(UTC).date()": "the calendar's",
    "return today - timedelta(days=today.weekday()) - WEEK": "the calendar's",
    '"nothing was published until then; choose a later week, or check the folder and the branch."': (
        "told at run time, of a week in the calendar"
    ),
    'f"{week} is before the first week, {first_week}: choose a later one, or set CLOUDFLIX_FIRST_WEEK."': (
        "told at run time, of a week in the calendar"
    ),
    'return Finding("lake\'s source", "ok", "none yet: the first run marks the lake")': (
        "told at run time, of the lake that was looked at"
    ),
    'return Finding("instance", "ok", f"none yet at {settings.home}: the first run makes it")': (
        "told at run time, of the home that was looked at"
    ),
    "except NoPublication as none:  # it answers: there is nothing yet": "of the source that was asked",
    'after = here + 1 + below(half, bits(edition.seed, f"{file}: later", week, stretch))': (
        "a purpose of random bits, which another name would change"
    ),
}
SOURCES = [path for top in ("spark", "cloudflix_assets") for path in sorted((ROOT / top).rglob("*.py"))]


@pytest.mark.parametrize("path", [*PAGES, *SOURCES], ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_said_that_time_makes_untrue(path: Path) -> None:
    """The page for whoever comes from the tutorial said for months that what is built was not built."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found = {line.strip() for line in lines if STALE.search(line)}
    assert found <= set(JUSTIFIED), "say what is, without a time; or justify the line in JUSTIFIED"
