"""Small programs for the guards of each rule: where it speaks, and where it is silent.

``fixtures/cases/CODE.py`` holds programs one after another. ``# case: NAME`` begins one, ``# file: NAME`` a file of it,
and a line that the rule flags ends in ``# error: CODE``, ``# warning: CODE`` or ``# info: CODE``. What is found is run,
see ``tests/verify/test_cases_decided.py``, so a program that is flagged has all that it needs to run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from bnlint.engine import check_sources
from bnlint.registry import load_rules
from bnlint.settings import Settings
from bnlint.source import Source

FOLDER = Path(__file__).parents[2] / "fixtures" / "cases"
MARK = re.compile(r"  # (error|warning|info): BN\d{3}")


@dataclass(frozen=True)
class Program:
    code: str
    name: str
    files: dict[str, str]

    @property
    def marked(self) -> list[tuple[str, int, str]]:
        lines = [(name, row, line) for name, text in self.files.items() for row, line in enumerate(text.split("\n"), 1)]
        return sorted((name, row, severity) for name, row, line in lines for severity in MARK.findall(line))


def programs_in(path: Path) -> list[Program]:
    _, *sections = re.split(r"^# case: (.+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found: list[Program] = []
    for name, text in zip(sections[::2], sections[1::2], strict=True):
        first, *files = re.split(r"^# file: (.+)\n", text, flags=re.MULTILINE)
        found.append(Program(path.stem, name, dict(zip(files[::2], files[1::2], strict=True)) or {"program.py": first}))
    return found


PROGRAMS = [program for path in sorted(FOLDER.glob("*.py")) for program in programs_in(path)]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: f"{program.code}: {program.name}")
def test_the_rule_flags_exactly_the_marked_lines(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where no dependencies are declared
    sources = [Source.from_bytes(text.encode(), name) for name, text in program.files.items()]
    report = check_sources(sources, Settings(select=(program.code,)))
    assert not report.errors
    found = sorted((each.filename, each.span.row, each.severity.value) for each in report.findings)
    assert found == program.marked


def test_each_file_has_programs_of_both_kinds() -> None:
    codes = {rule.code for rule in load_rules()}
    for path in FOLDER.glob("*.py"):
        programs = programs_in(path)
        assert path.stem in codes
        assert len({program.name for program in programs}) == len(programs)
        assert {bool(program.marked) for program in programs} == {True, False}, path.name
