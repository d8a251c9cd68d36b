"""Breaks right programs, one place at a time."""

from __future__ import annotations

import difflib
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import libcst as cst

import old_tensorflow
from bnlint import fixer
from bnlint.engine import Inputs, check_sources
from bnlint.findings import Finding, Severity
from bnlint.reporting import Report
from bnlint.settings import Settings
from bnlint.source import Source
from mutants import lifetime, never_assigned, never_run, wrong_phase, wrong_values  # noqa: F401  (they register)
from mutants.mutation import MUTATIONS, File, Mutation

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures" / "right"
# Some programs need a real TensorFlow 1 to run.
PYTHONS = (sys.executable, *([old_tensorflow.PYTHON] if old_tensorflow.PYTHON else []))


@dataclass(frozen=True)
class Program:
    """A right program: its files, by name, and the era."""

    name: str
    era: str
    texts: dict[str, str]


@dataclass(frozen=True)
class Mutant:
    """A program with one file broken at one place."""

    program: Program
    mutation: Mutation
    filename: str
    text: str

    @property
    def texts(self) -> dict[str, str]:
        """All files, the broken one in its place."""
        return {**self.program.texts, self.filename: self.text}

    def is_found(self, found: Iterable[Finding]) -> bool:
        """Whether a finding is of the right family."""
        return any(finding.code.startswith(self.mutation.families) for finding in found)

    def fixed(self, verify: bool = False) -> tuple[Report, dict[str, str]]:
        """What is left after all fixes, and the files then; with ``verify`` only proven fixes are made."""
        settings = Settings(verify=verify, python=PYTHONS)
        with files(self.texts if verify else {}):
            report, changes = fixer.fix(_inputs(self.texts), settings, unsafe=True, write=False)
        return report, {**self.texts, **{change.after.filename: change.after.text for change in changes}}

    def difference(self) -> str:
        """What was broken, as a diff."""
        before, after = self.program.texts[self.filename].splitlines(), self.text.splitlines()
        rows = difflib.unified_diff(before, after, lineterm="", n=1)
        return "\n".join(row for row in rows if not row.startswith(("---", "+++")))


def findings(texts: dict[str, str]) -> tuple[Finding, ...]:
    """Errors and warnings in a program; notes do not count as found."""
    report = check_sources(_inputs(texts).sources, Settings())
    assert not report.errors, report.errors
    return tuple(finding for finding in report.findings if finding.severity is not Severity.INFO)


@contextmanager
def files(texts: dict[str, str]) -> Iterator[None]:
    """In a folder that holds them, since what runs imports what stands beside it."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(here)


def _inputs(texts: dict[str, str]) -> Inputs:
    sources = tuple(Source.from_bytes(text.encode(), name) for name, text in texts.items())
    return Inputs(sources, (), len(sources), tuple)


def programs() -> Iterator[Program]:
    """The fixtures, and the good programs of the rules."""
    for folder in sorted(FIXTURES.iterdir()):
        for path in sorted(folder.iterdir()):
            files = sorted(path.glob("*.py")) if path.is_dir() else [path]
            texts = {file.name: file.read_text(encoding="utf-8") for file in files}
            if texts:
                yield Program(path.relative_to(FIXTURES).as_posix(), folder.name, texts)
    for path in sorted((ROOT / "rules").glob("*/good*.py")):
        text = path.read_text(encoding="utf-8")
        yield Program(path.relative_to(ROOT).as_posix(), _era(text), {path.name: text})


def _era(text: str) -> str:
    if "compat.v1 as tf" in text:
        return "v1"
    if "import tf_keras" in text:
        return "keras2"
    return "keras3" if "import keras" in text else "tf2"


def mutants() -> Iterator[Mutant]:
    """Every mutant of every program; a function that stands in several programs is broken in one of them."""
    seen: set[tuple[str, str, str]] = set()
    for program in programs():
        for filename, text in program.texts.items():
            module = cst.parse_module(text)
            file = File(module, program.era)
            for mutation in MUTATIONS:
                for broken in mutation.make(file):
                    key = (mutation.name, program.era, _difference(text, broken.code))
                    if key not in seen and broken.code != text:
                        seen.add(key)
                        yield Mutant(program, mutation, filename, broken.code)


def _difference(text: str, broken: str) -> str:
    """The lines that changed."""
    changes = difflib.ndiff(text.splitlines(), broken.splitlines())
    return "\n".join(line for line in changes if line.startswith(("-", "+")))
