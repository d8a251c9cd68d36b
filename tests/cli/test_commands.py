import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from bnlint import __version__
from bnlint.registry import load_rules

Run = Callable[..., Result]
CODES = [rule.code for rule in load_rules()]


def test_version(run: Run) -> None:
    assert run("--version").output == f"bnlint {__version__}\n"


@pytest.mark.parametrize("command", [[], ["check"], ["explain"], ["rules"]])
def test_help_has_examples(run: Run, command: list[str]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert all(len(line) <= 100 for line in result.output.splitlines())
    if command != ["rules"]:
        assert "Examples:\n" in result.output


def test_the_examples_of_the_help_are_commands(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
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
        assert run(*example).exit_code == 0, example


@pytest.mark.parametrize("code", CODES)
def test_explain_teaches(run: Run, code: str) -> None:
    rule = next(rule for rule in load_rules() if rule.code == code)
    by_code, by_name = run("explain", code.lower()), run("explain", rule.name)
    assert by_code.exit_code == 0
    assert by_code.output == by_name.output
    assert by_code.output.startswith((rule.folder / "README.md").read_text(encoding="utf-8"))
    assert f"python {rule.folder / 'bad.py'}\n" in by_code.output
    added = re.findall(r"(?m)^\+(?!\+\+)(.*)$", by_code.output)
    good = (rule.folder / "good.py").read_text(encoding="utf-8")
    assert added
    assert all(line in good.splitlines() for line in added)


def test_explain_is_typeset_in_colour(run: Run) -> None:
    output = run("explain", CODES[0], "--color", "always").output
    assert "\x1b[" in output
    assert "## " not in output


def test_explain_says_what_it_does_not_know(run: Run) -> None:
    result = run("explain", "bn1o1")
    assert result.exit_code == 2
    assert 'there is no rule "bn1o1"; did you mean "BN101"?' in result.stderr
    assert 'did you mean "rebound-statistic"?' in run("explain", "rebound-statistics").stderr


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
    assert imported == {"__future__", "collections.abc", "dataclasses", "typing", "bnlint"}
