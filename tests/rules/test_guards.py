"""Right programs that look wrong to a rule that asks too little: no rule says anything of them.

``fixtures/guards.py`` holds one for each way in which the updates of a batch norm run, its statistics are kept or its
flag is given after all, and that no other test of a rule is about.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bnlint.engine import check_sources
from bnlint.settings import Settings
from bnlint.source import Source
from test_cases import FOLDER, Program, programs_in

PROGRAMS = programs_in(FOLDER.parent / "guards.py")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_no_rule_says_anything(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where no dependencies are declared
    report = check_sources([Source.from_bytes(text.encode(), name) for name, text in program.files.items()], Settings())
    assert not report.errors
    assert report.analysed == len(program.files)
    assert not report.findings
