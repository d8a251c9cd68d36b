"""Fixing what each rule folder and the cases show: the finding goes, no other comes, and nothing is left to fix."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from bnlint import engine
from bnlint.changes import Change
from bnlint.findings import Applicability
from bnlint.fixer import fix
from bnlint.registry import load_rules
from bnlint.reporting import Report
from bnlint.settings import Settings
from bnlint.source import Source
from tests.rules.test_cases import MARK, PROGRAMS

MARKER = re.compile(r"  # bad: .*$", re.MULTILINE)
BAD = {
    f"{path.parent.name}/{path.name}": {path.name: MARKER.sub("", path.read_text(encoding="utf-8"))}
    for rule in load_rules()
    for path in sorted(rule.folder.glob("bad*.py"))
}
CASES = {
    f"{program.code}: {program.name}": {name: MARK.sub("", text) for name, text in program.files.items()}
    for program in PROGRAMS
    if program.marked
}


def run() -> tuple[Report, list[Change]]:
    return fix(engine.read(["."], Settings()), Settings(), unsafe=True, write=True)


def codes(report: Report) -> Counter[tuple[str, str]]:
    return Counter((finding.filename, finding.code) for finding in report.findings)


@pytest.mark.parametrize("files", [pytest.param(files, id=name) for name, files in (BAD | CASES).items()])
def test_fixing_ends_the_finding_and_starts_no_other(
    files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    before = engine.check(["."], Settings())
    fixes = [(finding, finding.fix) for finding in before.findings if finding.fix is not None]
    offered = [finding for finding, fix in fixes if fix.edits and fix.applicability is not Applicability.DISPLAY]
    if not offered:
        pytest.skip("no fix is offered here")
    after, changes = run()
    assert [(each.code, each.span.row, each.proof.detail) for each in after.findings if each.proof is not None] == []
    assert (bool(changes), after.warnings) == (True, ())
    left = Counter((finding.filename, finding.code) for finding in before.findings if finding not in offered)
    assert codes(after) - left == Counter()
    assert engine.check(["."], Settings()).findings == after.findings

    written = {name: (tmp_path / name).read_bytes() for name in files}
    again, nothing = run()
    assert (list(again.fixed), nothing) == ([], [])
    assert {name: (tmp_path / name).read_bytes() for name in files} == written


def test_most_rules_offer_a_fix() -> None:
    sources = ([Source.from_bytes(text.encode(), name) for name, text in files.items()] for files in BAD.values())
    found = (finding for each in sources for finding in engine.check_sources(each, Settings()).findings)
    fixed = {finding.code for finding in found if finding.fix is not None and finding.fix.edits}
    assert len(fixed) >= 25, sorted(fixed)
