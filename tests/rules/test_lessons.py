"""Every lesson is whole, quotes its programs to the letter, and leads where it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bnlint.lessons import HEADINGS

RULES = Path(__file__).parents[2] / "rules"
FOLDERS = sorted(path.parent for path in RULES.glob("*/README.md"))
NAMES = {folder.name.partition("-")[0]: folder.name.partition("-")[2] for folder in FOLDERS}
LONGEST = 120


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def page(folder: Path) -> str:
    return (folder / "README.md").read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def quoted(text: str) -> list[str]:
    """The lines of code that a text quotes, without indentation."""
    blocks = re.findall(r"(?ms)^```python\n(.*?)^```$", text)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def lines_of(folder: Path, *patterns: str) -> set[str]:
    paths = [path for pattern in patterns for path in folder.glob(pattern)]
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    return {re.sub(r"  # bad: .*", "", line).strip() for line in text.splitlines()}


def outside_code(page: str) -> str:
    """The prose: without blocks of code, indented ones too."""
    return re.sub(r"(?m)^ {4}.*$", "", re.sub(r"(?ms)^```.*?^```$", "", page))


def test_the_headings_are_those_of_every_lesson(folder: Path, page: str) -> None:
    code, _, name = folder.name.partition("-")
    assert page.splitlines()[0] == f"# {code} {name}"
    assert tuple(re.findall(r"(?m)^#+ (.*)$", re.sub(r"(?ms)^```.*?^```$", "", page)))[1:] == HEADINGS
    for heading in HEADINGS:
        assert section(page, heading).strip(), f"nothing under {heading}"


def test_quoted_code_occurs_in_the_programs(folder: Path, page: str) -> None:
    assert quoted(section(page, "Bad"))
    assert quoted(section(page, "Good"))
    wrong, right = lines_of(folder, "bad*.py"), lines_of(folder, "good*.py")
    assert set(quoted(section(page, "Bad"))) <= wrong
    assert set(quoted(section(page, "Good"))) <= right
    assert set(quoted(page)) <= wrong | right | lines_of(folder, "same_text*.py")


def test_the_programs_that_are_named_are_those_that_exist(folder: Path, page: str) -> None:
    named = set(re.findall(r"`((?:bad|good|same_text)\w*\.py)`", page))
    existing = {path.name for path in folder.glob("*.py")} - {"rule.py"}
    assert named <= existing
    variants = existing - {"bad.py", "good.py"}
    # One of a pair says enough: "`bad_v1.py` and its twin".
    twins = {name.replace("good", "bad", 1) for name in named} | {name.replace("bad", "good", 1) for name in named}
    assert variants <= named | twins, "a program that the lesson does not speak of"


def test_programs_come_in_pairs(folder: Path) -> None:
    for path in folder.glob("bad*.py"):
        assert path.with_name(path.name.replace("bad", "good", 1)).is_file()
    for path in folder.glob("good*.py"):
        assert path.with_name(path.name.replace("good", "bad", 1)).is_file()


def test_links_are_well_formed(page: str) -> None:
    prose = outside_code(page)
    definitions = dict(re.findall(r"(?m)^\[([^\]]+)\]: (\S+)$", prose))
    # Brackets in code make no link: `v[0]`.
    text = re.sub(r"`[^`]*`", "code", re.sub(r"(?m)^\[[^\]]+\]: \S+$", "", prose))
    inline = re.findall(r"\[[^\]]+\]\(([^)]*)\)", text)
    referred = re.findall(r"\[[^\]]+\]\[([^\]]+)\]", text)
    assert set(referred) == set(definitions)
    for target in [*inline, *definitions.values()]:
        own = re.fullmatch(r"\.\./(BN\d{3}-[a-z-]+)/README\.md", target)
        assert re.fullmatch(r"https://[a-z0-9.-]+/\S*", target) or (own and (RULES / own[1]).is_dir()), target
    # A link to a thread says which one: the address ends in the number that is shown.
    for repository, number, target in re.findall(r"\[([\w./-]+)#(\d+)\]\(([^)]*)\)", text):
        assert re.fullmatch(rf"https://github\.com/{re.escape(repository)}/(issues|pull)/{number}", target), target


def test_there_are_references(page: str) -> None:
    assert "https://" in section(page, "References")


def test_other_rules_are_named_by_codes_that_exist(page: str) -> None:
    for code, name in re.findall(r"\b(BN\d{3})\b(?: `?([a-z]+(?:-[a-z]+)+)`?)?", outside_code(page)):
        assert code in NAMES
        assert not name or NAMES[code] == name


def test_lines_fit_beside_others(page: str) -> None:
    assert [line for line in page.splitlines() if len(line) > LONGEST and "https://" not in line] == []
    assert not re.search(r"[ \t]$", page, re.MULTILINE)
    assert page.endswith("\n")
    assert not page.endswith("\n\n")
