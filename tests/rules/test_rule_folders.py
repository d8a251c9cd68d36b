"""Tests made from the rule folders: each folder states what its rule must and must not find."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bnlint.engine import check_sources
from bnlint.findings import Finding
from bnlint.fixes import apply_fixes
from bnlint.registry import load_rules
from bnlint.settings import Settings
from bnlint.source import Source

MARKER = re.compile(r"  # bad: ((?:BN\d{3})(?:, BN\d{3})*)$", re.MULTILINE)

FOLDERS = [rule.folder for rule in load_rules()]
BAD = [path for folder in FOLDERS for path in sorted(folder.glob("bad*.py"))]
CLEAN = [path for folder in FOLDERS for path in sorted([*folder.glob("good*.py"), *folder.glob("same_text*.py")])]


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def findings_in(path: Path) -> tuple[Finding, ...]:
    # The programs are projects of their own: what stands beside them says nothing about them.
    report = check_sources([Source.read(path, path.name)], Settings())
    assert not report.errors
    return report.findings


def test_every_folder_is_whole() -> None:
    for rule in load_rules():
        for file in ("rule.py", "README.md", "bad.py", "good.py"):
            assert (rule.folder / file).is_file(), f"{rule.folder.name} lacks {file}"
        assert rule.readme.read_text(encoding="utf-8").startswith(f"# {rule.code} {rule.name}\n")


@pytest.mark.parametrize("path", BAD, ids=name_of)
def test_bad_program_is_flagged_at_exactly_the_marked_lines(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    marked = [
        (row, code)
        for row, line in enumerate(lines, 1)
        if (match := MARKER.search(line))
        for code in match[1].split(", ")
    ]
    assert marked, "a bad program marks the lines that are flagged"
    assert [(finding.span.row, finding.code) for finding in findings_in(path)] == marked


@pytest.mark.parametrize("path", CLEAN, ids=name_of)
def test_right_program_is_clean(path: Path) -> None:
    assert [(finding.span.row, finding.code) for finding in findings_in(path)] == []


@pytest.mark.parametrize("path", BAD, ids=name_of)
def test_fixing_the_bad_program_gives_the_good_one(path: Path) -> None:
    found = findings_in(path)
    fixes = [finding.fix for finding in found if finding.fix is not None]
    if not fixes:
        pytest.skip("this rule offers no fix here")
    assert len(fixes) == len(found), "some findings of one program have a fix and others have none"
    fixed, applied = apply_fixes(path.read_text(encoding="utf-8"), fixes)
    assert len(applied) == len(fixes)
    good = path.with_name(path.name.replace("bad", "good"))
    # Where a line is taken out, the comment behind it stays.
    fixed = re.sub(r"^ *# bad: .*\n", "", fixed, flags=re.MULTILINE)
    assert MARKER.sub("", fixed) == good.read_text(encoding="utf-8")
