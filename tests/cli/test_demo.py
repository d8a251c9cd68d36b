import importlib.util
import re
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from bnlint import demo
from bnlint.demo import Demo, Side
from bnlint.engine import check_sources
from bnlint.findings import Outcome, Verdict
from bnlint.settings import Settings
from bnlint.source import Source
from tests.cli.conftest import WRONG

Run = Callable[..., Result]
needs_tensorflow = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


@pytest.mark.tensorflow
class TestRun:
    pytestmark = needs_tensorflow

    @pytest.mark.parametrize("topic", ["BN101", "rebound-statistic"])
    def test_a_rule_is_run(self, run: Run, topic: str) -> None:
        result = run("demo", topic)
        assert result.exit_code == 0
        assert result.stderr.startswith("Running bad.py and what puts it right with ")
        assert re.search(r"17 moving_mean = moving_mean \* m .* 17 moving_mean\.assign\(", result.stdout)
        assert re.search(r"law: unchanged +law: v ← 0\.9·v \+ 0\.1·batch mean", result.stdout)
        assert re.search(r"confirmed: .* right: ", result.stdout)
        assert "# bad:" not in result.stdout
        assert "bnlint demo BN101 --variant v1" in result.stdout

    def test_a_variant_is_run(self, run: Run) -> None:
        output = run("demo", "BN501", "--variant", "v1").stdout
        assert "bad_v1.py" in output
        assert re.search(r"law: v ← 0\.9·v \+ 1·batch mean +law: v ← 0\.9·v \+ 0\.1·batch mean", output)
        assert "graph and session" in output

    def test_code_of_ones_own_is_run_as_it_is_and_fixed(self, run: Run, project: Path) -> None:
        before = (project / "wrong.py").read_text()
        result = run("demo", "wrong.py::Norm.__call__")
        assert result.exit_code == 0
        assert re.search(r"15 self\.mean = self\.mean \* m .* 15 self\.mean\.assign\(", result.stdout)
        assert re.search(r"law: unchanged +law: v ← 0\.9·v \+ 0\.1·batch mean", result.stdout)
        assert (project / "wrong.py").read_text() == before
        assert run("demo", "wrong.py::Norm").stdout == run("demo", "wrong.py").stdout == result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["BN999"], 'there is no rule "BN999"'),
        (["rebound-statistics"], 'did you mean "rebound-statistic"?'),
        (["BN101", "--variant", "v9"], 'BN101 has no variant "v9" (there is v1)'),
        (["right.py"], "nothing was found in right.py"),
        (["wrong.py::Nrom"], "nothing was found in Nrom of wrong.py; something was found in Norm.__call__"),
        (["missing.py::f"], "missing.py: no such file or folder"),
        (["BN101", "--python", "no-such-python"], 'there is no Python to run at "no-such-python"'),
    ],
)
def test_what_cannot_be_shown_is_said(run: Run, project: Path, arguments: list[str], said: str) -> None:
    result = run("demo", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_without_tensorflow_the_reason_is_given(run: Run, tmp_path: Path) -> None:
    result = run("demo", "BN101", "--python", str(python_without_tensorflow(tmp_path)))
    assert result.exit_code == 2
    assert "undecided" in result.stdout
    assert "error: nothing was run: TensorFlow is not installed" in result.stderr


def python_without_tensorflow(folder: Path) -> Path:
    venv.create(folder / "empty", with_pip=False)
    return next(path for path in (folder / "empty").glob("*/python*") if path.stem == "python")


def test_without_plotext_it_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def seen(*_: object) -> Demo:
        statistic = {"name": "mean", "initial": [0.0], "after": ["call 1"], "values": [[0.0]]}
        finding = check_sources([Source.from_bytes(WRONG.encode(), "wrong.py")], Settings()).findings[0]
        return Demo(
            finding, Side("bad.py", (), Verdict(Outcome.CONFIRMED, evidence={"statistics": [statistic]})), None, ()
        )

    monkeypatch.setattr(demo, "of_rule", seen)
    monkeypatch.setitem(sys.modules, "plotext", None)
    result = run("demo", "BN101")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == 'error: drawing needs plotext; install it with: pip install "bnlint[demo]"\n'
