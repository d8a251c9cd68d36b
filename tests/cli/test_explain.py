import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from bnlint.registry import load_rules

Run = Callable[..., Result]
CODES = [rule.code for rule in load_rules()]
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("code", CODES)
def test_a_rule_is_taught(run: Run, code: str) -> None:
    rule = next(rule for rule in load_rules() if rule.code == code)
    by_code, by_name = run("explain", code.lower()), run("explain", rule.name)
    assert by_code.exit_code == 0
    assert by_code.output == by_name.output
    assert by_code.output.startswith(rule.readme.read_text(encoding="utf-8"))
    assert f"bnlint demo {code}\n" in by_code.output
    for sign, program in (("-", "bad.py"), ("+", "good.py")):
        lines = (rule.folder / program).read_text(encoding="utf-8").splitlines()
        change = by_code.output.partition("```diff\n")[2].partition("```")[0]
        assert all(line[1:] in lines for line in change.splitlines()[3:] if line.startswith(sign))
        assert re.search(r"(?m)^-(?!-)", change)


def test_a_lesson_as_data(run: Run) -> None:
    data = json.loads(run("explain", "BN101", "--format", "json").output)
    (rule,) = data["rules"]
    assert data["findings"] == []
    assert (rule["code"], rule["name"], rule["severity"]) == ("BN101", "rebound-statistic", "error")
    assert rule["lesson"]["What it does"].startswith("Finds a moving statistic")
    folder = ROOT / "rules" / "BN101-rebound-statistic"
    assert rule["programs"] == {
        path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.py") if path.name != "rule.py"
    }
    assert list(rule["programs"])[:2] == ["bad.py", "bad_v1.py"]


def test_a_lesson_is_typeset_for_a_terminal(run: Run) -> None:
    plain = run("explain", CODES[0], "--format", "text").output
    assert "## " not in plain
    assert "Why it is wrong" in plain
    assert max(map(len, plain.splitlines())) <= 100
    assert "\x1b[" in run("explain", CODES[0], "--color", "always").output


def test_a_finding_is_explained(run: Run, project: Path) -> None:
    output = run("explain", "wrong.py:15").output
    assert output.startswith("```text\nerror[BN102] rebound-attribute: ")
    assert "self.mean = self.mean * m + mean * (1 - m)" in output
    assert "This file is taken for code for TensorFlow 2" in output
    assert "\n# BN102 rebound-attribute\n" in output
    as_printed = run("check", "wrong.py", "--output-format", "concise").output.split(": ")[0]
    assert run("explain", as_printed).output == output
    data = json.loads(run("explain", "wrong.py:15", "--format", "json").output)
    assert [(each["code"], each["location"]["row"]) for each in data["findings"]] == [("BN102", 15)]
    assert [each["code"] for each in data["rules"]] == ["BN102"]


def test_a_finding_in_a_notebook_is_explained(run: Run, project: Path) -> None:
    text = (project / "wrong.py").read_text(encoding="utf-8")
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": each} for each in ("x = 1\n", text)]
    (project / "book.ipynb").write_text(
        json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    assert "error[BN102]" in run("explain", "book.ipynb:cell 2:15").output
    refused = run("explain", "book.ipynb:15")
    assert (
        "nothing was found in line 15 of book.ipynb; there are findings in line cell 2:15, cell 2:16" in refused.stderr
    )


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        ("zzz", 'there is no rule "zzz" (bnlint rules lists them)'),
        ("rebound-statistics", 'did you mean "rebound-statistic"?'),
        ("wrong.py", "(for a finding, say its line: wrong.py:12)"),
        ("wrong.py:3", "nothing was found in line 3 of wrong.py; there are findings in line 15, 16"),
        ("right.py:1", "nothing was found in line 1 of right.py, nor anywhere else in this file"),
        ("missing.py:1", "missing.py: no such file or folder"),
        ("broken.py:1", "broken.py: cannot be parsed as Python 3"),
    ],
)
def test_what_cannot_be_explained_is_said(run: Run, project: Path, topic: str, said: str) -> None:
    (project / "broken.py").write_text("import tensorflow as tf\nmoving_mean = tf.Variable((\n")
    result = run("explain", topic)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals")
@pytest.mark.parametrize(("rows", "paged"), [(24, True), (1000, False)])
def test_a_long_lesson_is_paged_on_a_terminal(tmp_path: Path, rows: int, paged: bool) -> None:
    import pty

    pager = tmp_path / "pager"
    pager.write_text('#!/bin/sh\necho "PAGED with $LESS"\ncat\n')
    pager.chmod(0o755)
    command = [sys.executable, "-m", "bnlint", "explain", "BN101"]
    environment = {**os.environ, "PAGER": str(pager), "TERM": "xterm", "COLUMNS": "80", "LINES": str(rows)}
    environment.pop("LESS", None)
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.execve(sys.executable, command, environment)
    output = b""
    # Linux reports the end of the other side as an error.
    try:
        while chunk := os.read(terminal, 4096):
            output += chunk
    except OSError:
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (b"PAGED with -FRX" in output) is paged
    assert b"\x1b[" in output
    assert b"rebound-statistic" in output
