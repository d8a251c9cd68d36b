"""Right programs are silent; broken at one place, they are found out, and fixes mend them."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

import old_tensorflow
from mutants.generator import FIXTURES, Program, findings, mutants, programs
from mutants.judging import judged
from mutants.mutation import MUTATIONS
from tests.rules.programs import output

PROGRAMS = list(programs())
FOUND = 0.975
MENDED = 0.9
# Fixing takes three times as long as checking; `python -m mutants` fixes all.
FIXED = slice(None, None, 3)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_right_program_is_silent(program: Program) -> None:
    assert [(each.filename, each.span.row, each.code) for each in findings(program.texts)] == []


def test_broken_programs_are_found_out() -> None:
    made, right = Counter[str](), Counter[str]()
    for mutant in mutants():
        made[mutant.mutation.name] += 1
        right[mutant.mutation.name] += mutant.is_found(findings(mutant.texts))
    assert {mutation.name for mutation in MUTATIONS} == set(made), "a mutation finds nothing to break"
    assert made.total() >= 300
    assert right.total() >= FOUND * made.total(), made - right


def test_fixes_mend_broken_programs() -> None:
    rows = [judged(mutant) for mutant in list(mutants())[FIXED]]
    table = sum(rows, Counter[str]())
    assert table["mended"] >= MENDED * table["offered"] > 0, table


RUN = sorted([*FIXTURES.glob("*/*.py"), *FIXTURES.glob("*/*/main.py"), *FIXTURES.glob("*/*/train.py")])


@pytest.mark.tensorflow
@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed")
@pytest.mark.parametrize("path", RUN, ids=lambda path: str(path.relative_to(FIXTURES)))
def test_right_program_runs(path: Path) -> None:
    """Each asserts of itself that its statistics moved."""
    python = sys.executable
    if "tf.estimator" in path.read_text(encoding="utf-8"):
        python = old_tensorflow.PYTHON or pytest.skip(old_tensorflow.REASON)
    assert not re.search(r"^\w*(Error|Exception)", output(path, python), re.MULTILINE)
