"""``bnlint trace`` leaves a program as it is; none of these needs TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
PROGRAM = """\
import os, sys
import project.helper
print(sys.argv, __name__, __file__, __spec__ and __spec__.name, __package__, sys.path[0], sorted(globals()))
print(project.helper.__file__, os.getcwd(), sys.flags.optimize, sys.modules["__main__"].__dict__ is globals())
print("to standard error", file=sys.stderr)
if "fail" in sys.argv:
    try:
        project.helper.fail()
    except KeyError as error:
        raise RuntimeError("as it should") from error
sys.exit(sys.stdin.read())
"""
HELPER = "def fail():\n    {}['nothing']\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "__init__.py").write_text("")
    (tmp_path / "project" / "helper.py").write_text(HELPER)
    (tmp_path / "project" / "train.py").write_text(PROGRAM)
    (tmp_path / "train.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [["train.py", "a", "--b"], ["-O", "train.py", "--help"], ["-m", "project.train", "-m"], ["train.py", "fail"]],
)
def test_it_runs_as_it_would_by_itself(project: Path, words: list[str]) -> None:
    alone, traced = (
        subprocess.run([*command, sys.executable, *words], input="text", capture_output=True, text=True)
        for command in ([], [sys.executable, "-m", "bnlint", "trace", "--output", "told.txt", "--"])
    )
    assert traced.stdout == alone.stdout
    assert traced.returncode == alone.returncode == 1
    first, _, rest = traced.stderr.partition("\n")
    assert first.startswith("bnlint: tracing ")
    assert "your own program; it is not kept apart from your machine" in first
    assert rest == alone.stderr
    assert "TensorFlow was not imported" in (project / "told.txt").read_text()


def test_the_report_comes_after_the_program(project: Path) -> None:
    command = [sys.executable, "-m", "bnlint", "trace", "train.py"]
    result = subprocess.run(command, input="0", capture_output=True, text=True)
    lines = result.stderr.splitlines()
    assert lines[1:4] == ["to standard error", "0", ""]
    assert lines[4] == "bnlint: train.py"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--", "ls"], '"ls" is no Python file; give one such as: bnlint trace -- python train.py'),
        (["--", "python", "nowhere.py"], '"nowhere.py" is no Python file'),
        (["--", "python", "-c", "print()"], "give a program in a file or a module"),
        (["--", "python"], "give a program in a file or a module"),
        (["--", "/nowhere/python", "train.py"], 'there is no Python to run at "/nowhere/python"'),
        ([], "Missing argument"),
    ],
)
def test_what_cannot_be_traced_is_a_usage_error(project: Path, run: Invoke, words: list[str], said: str) -> None:
    result = run("trace", *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_the_help_says_that_nothing_is_kept_apart(run: Invoke) -> None:
    assert "keeps nothing apart" in " ".join(run("trace", "--help").output.split())
