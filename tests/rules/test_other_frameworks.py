"""NumPy, PyTorch and JAX code with the same names is right as it is, in TensorFlow projects too."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnlint.engine import check_sources
from bnlint.settings import Settings
from bnlint.source import Source

FOLDER = Path(__file__).parents[2] / "fixtures" / "other_frameworks"
FILES = sorted(FOLDER.glob("*.py"))
ERAS = [{}, {"tensorflow": "1"}, {"tensorflow": "2", "keras": "2"}, {"tensorflow": "2", "keras": "3"}]


@pytest.mark.parametrize("pin", ERAS, ids=str)
def test_no_finding_whatever_the_era(pin: dict[str, str]) -> None:
    report = check_sources([Source.read(path, path.name) for path in FILES], Settings(**pin))
    assert report.analysed == len(FILES)
    assert [(each.filename, each.span.row, each.code) for each in report.findings] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_finding_in_a_file_alone(path: Path) -> None:
    assert check_sources([Source.read(path, path.name)], Settings()).findings == ()
