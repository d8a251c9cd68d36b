"""The main job, end to end: the seed's three examples are found, run and proven."""

import json
import subprocess
import sys
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Any]:
    """The text and the json report of one run."""
    file = tmp_path_factory.mktemp("report") / "report.json"
    command = [sys.executable, "-m", "bnlint", "check", "--verify", "fixtures/seed"]
    command += ["--output-format", "text", "--output-format", f"json:{file}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert result.returncode == 1
    assert result.stderr.startswith("Running the code of 11 findings in 3 files with ")
    assert result.stderr.count("\n") == 1
    return result.stdout, json.loads(file.read_text(encoding="utf-8"))


def test_every_finding_is_confirmed(report: tuple[str, Any]) -> None:
    _, data = report
    schema = json.loads((files("bnlint") / "report" / "report-1.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(data)
    found = Counter((Path(each["filename"]).stem, each["code"]) for each in data["findings"])
    assert found == {
        ("called_correct", "BN401"): 2,
        ("called_correct", "BN501"): 2,
        ("called_correct", "BN601"): 2,
        ("called_incorrect", "BN101"): 2,
        ("called_incorrect", "BN401"): 2,
        ("recommended", "BN402"): 1,
    }
    verdicts = [each["verification"] for each in data["findings"]]
    assert {verdict["verdict"] for verdict in verdicts} == {"confirmed"}, verdicts


def test_the_text_shows_the_mean_that_does_not_move(report: tuple[str, Any]) -> None:
    text, _ = report
    rebound = next(block for block in text.split("\n\n") if "error[BN101]" in block and "`running_mean`" in block)
    lines = [line.split() for line in rebound.splitlines()]
    steps = [line for line in lines if line[:1] == ["after"]]
    assert len(steps) >= 3
    for _, _, _, *numbers in steps:
        assert numbers[:3] == ["0", "0", "0"]
        assert all(float(number) != 0 for number in numbers[3:6])
    assert "law: unchanged" in rebound


def test_the_measured_law_of_the_swapped_momentum(report: tuple[str, Any]) -> None:
    text, data = report
    laws = [
        statistic["law"]
        for each in data["findings"]
        if each["code"] == "BN501"
        for statistic in each["verification"]["evidence"]["statistics"][:1]
    ]
    assert [(round(law["old"], 4), round(law["new"], 4)) for law in laws] == [(0.01, 0.99)] * 2
    assert "law: v ← 0.01·v + 0.99·batch mean" in text
