"""Fixing what each rule folder shows: the finding goes, no other comes, and there is nothing left to fix."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from bnlint import engine
from bnlint.changes import Change
from bnlint.findings import Report
from bnlint.fixer import fix
from bnlint.registry import load_rules
from bnlint.settings import Settings

MARKER = re.compile(r"  # bad: .*$", re.MULTILINE)
BAD = [path for rule in load_rules() for path in sorted(rule.folder.glob("bad*.py"))]


def run(file: Path) -> tuple[Report, list[Change]]:
    return fix(engine.read([str(file)], Settings()), Settings(), unsafe=True, write=True)


@pytest.mark.parametrize("path", BAD, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_fixing_ends_the_finding_and_starts_no_other(path: Path, tmp_path: Path) -> None:
    file = tmp_path / path.name
    file.write_text(MARKER.sub("", path.read_text(encoding="utf-8")), encoding="utf-8")
    before = engine.check([str(file)], Settings())
    offered = [finding for finding in before.findings if finding.fix is not None and finding.fix.edits]
    if not offered:
        pytest.skip("this rule offers no fix here")
    after, changes = run(file)
    assert [(each.code, each.span.row, each.proof.detail) for each in after.findings if each.proof is not None] == []
    assert len(changes) == 1
    left = Counter(finding.code for finding in before.findings if finding not in offered)
    assert Counter(finding.code for finding in after.findings) - left == Counter()
    assert engine.check([str(file)], Settings()).findings == after.findings

    written = file.read_bytes()
    again, nothing = run(file)
    assert (list(again.fixed), nothing) == ([], [])
    assert file.read_bytes() == written
