import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from bnlint import __version__
from bnlint.registry import load_rules
from tests.cli.conftest import WRONG

Run = Callable[..., Result]


def test_version(run: Run) -> None:
    assert run("--version").output == f"bnlint {__version__}\n"


@pytest.mark.parametrize("command", [[], ["check"], ["explain"], ["demo"], ["rules"]])
def test_help_has_examples(run: Run, command: list[str]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert all(len(line) <= 100 for line in result.output.splitlines())
    if command != ["rules"]:
        assert "Examples:\n" in result.output


def test_the_examples_of_the_help_are_commands(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    let_pass = WRONG.replace("(1 - m)\n", "(1 - m)  # bnlint: ignore[BN102]\n")
    (tmp_path / "models" / "bn.py").write_text(let_pass)
    (tmp_path / "train.py").touch()
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to("/bin/sh")
    examples = [
        re.split(r"\s{2,}", line.strip())[0].split()[1:]
        for command in ([], ["check"], ["explain"])
        for line in run(*command, "--help").output.splitlines()
        if line.startswith("    bnlint ")
    ]
    assert len(examples) >= 8
    for example in examples:
        # The statistics in this file are not right, which is what verify says.
        assert run(*example).exit_code == 0 or example[0] == "verify", example


def test_rules_lists_all(run: Run) -> None:
    lines = run("rules").output.splitlines()
    assert [line.split()[:3] for line in lines] == [
        [rule.code, rule.name, rule.severity.value] for rule in load_rules()
    ]
    assert all(line.endswith(f"  {rule.summary}") for line, rule in zip(lines, load_rules(), strict=True))


def test_the_command_line_imports_nothing_heavy() -> None:
    """``bnlint --version`` must answer at once."""
    tree = ast.parse((Path(__file__).parents[2] / "bnlint" / "cli.py").read_text(encoding="utf-8"))
    imported = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert imported == {
        "__future__",
        "_thread",
        "contextlib",
        "dataclasses",
        "threading",
        "typing",
        "bnlint",
        "bnlint.group",
    }
