"""What the lessons say was measured is measured again."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

import old_tensorflow
from tests.rules.claims import CLAIMS, Claim
from tests.rules.programs import output

RULES = Path(__file__).parents[2] / "rules"
EXPERIMENTS = Path(__file__).with_name("experiments")
FOLDERS = {path.parent.name.partition("-")[0]: path.parent for path in RULES.glob("*/README.md")}


def path_of(claim: Claim, name: str) -> Path:
    folder = EXPERIMENTS if name.startswith("BN") else FOLDERS[claim.code]
    return folder / name


def told(code: str) -> str:
    """A lesson on one line, with the minus sign of programs."""
    page = (FOLDERS[code] / "README.md").read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", page).replace("\N{MINUS SIGN}", "-")


def also_on_tensorflow_1(claim: Claim, name: str) -> bool:
    graph = "compat.v1" in path_of(claim, name).read_text(encoding="utf-8") and "_k3" not in name
    return graph and "1.15" in told(claim.code)


def names(checks: list[tuple[Claim, str]]) -> list[str]:
    return [f"{claim.code}-{name}" for claim, name in checks]


CHECKS = [(claim, name) for claim in CLAIMS for name in claim.checks]
TF1_CHECKS = [(claim, name) for claim, name in CHECKS if also_on_tensorflow_1(claim, name)]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.code)
def test_the_lesson_says_so(claim: Claim) -> None:
    assert claim.quote in told(claim.code)


@pytest.mark.parametrize("code", FOLDERS)
def test_every_lesson_and_every_program_is_measured(code: str) -> None:
    programs = {path.name for path in FOLDERS[code].glob("*.py")} - {"rule.py"}
    measured = {name for claim in CLAIMS if claim.code == code for name in claim.checks}
    assert programs <= measured


@pytest.mark.tensorflow
@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed")
@pytest.mark.skipif(sys.platform == "win32", reason="runs the programs in forks")
@pytest.mark.parametrize(("claim", "name"), CHECKS, ids=names(CHECKS))
def test_it_is_so(claim: Claim, name: str) -> None:
    printed = output(path_of(claim, name))
    assert claim.checks[name](printed), printed


@pytest.mark.tensorflow
@old_tensorflow.needed
@pytest.mark.parametrize(("claim", "name"), TF1_CHECKS, ids=names(TF1_CHECKS))
def test_it_is_so_on_tensorflow_1(claim: Claim, name: str) -> None:
    printed = output(path_of(claim, name), old_tensorflow.PYTHON)
    assert claim.checks[name](printed), printed
