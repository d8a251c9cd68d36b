"""Rules of one's own: code, so loaded only when the user says so."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from bnlint import settings

Run = Callable[..., Result]
RULE = """
from bnlint.findings import Severity
from bnlint.rule import Rule
from bnlint.verify.predictions import Unchanged

open("loaded", "w").close()


def check(case):
    for statistic in case.module.statistics:
        yield case.finding(
            statistic.span,
            message="we make no statistics here",
            consequence="Someone must keep them.",
            remedy="take a layer",
            prediction=Unchanged(),
            scope=0,
        )


RULE = Rule("XY101", "own-statistic", "a statistic is made by hand", Severity.INFO, ((b"tf.Variable",),), check)
"""


@pytest.fixture
def rules(project: Path) -> Path:
    folder = project / "tools" / "XY101-own-statistic"
    folder.mkdir(parents=True)
    (folder / "rule.py").write_text(RULE)
    (project / "bnlint.toml").write_text("rules = ['tools']\nselect = ['XY', 'BN1']\n")
    return project


def test_they_are_not_loaded_unasked(rules: Path, run: Run) -> None:
    result = run("check")
    assert result.exit_code == 2
    assert 'no rule has the code "XY"' in result.stderr
    assert "--allow-rules" in result.stderr
    (rules / "bnlint.toml").write_text("rules = ['tools']")
    result = run("check")
    assert result.exit_code == 1
    assert "names folders of rules, which are code, so they are not loaded; --allow-rules loads them" in result.stderr
    assert str(settings.user_file()) in result.stderr
    for command in (["check", "--verify", "--fix"], ["baseline"], ["config"], ["rules"], ["explain", "BN101"]):
        run(*command)
    assert not (rules / "loaded").exists()


def test_they_work_like_the_others(rules: Path, run: Run) -> None:
    result = run("check", "--allow-rules", "--output-format", "concise")
    assert (rules / "loaded").exists()
    assert "wrong.py:7:21: info[XY101] we make no statistics here\n" in result.stdout
    assert result.stderr == ""
    assert "XY101" not in run("check", "--allow-rules", "--select", "BN1").stdout


def test_the_user_can_trust_a_project(rules: Path, run: Run) -> None:
    settings.user_file().write_text(f"trusted = ['{rules}']")
    assert "XY101" in run("check").stdout
    assert "XY101  own-statistic" in run("rules").stdout
    assert "trusted" not in run("config").stderr


def test_they_are_listed_and_explained_when_that_is_allowed(rules: Path, run: Run) -> None:
    assert run("explain", "XY101").exit_code == 2
    assert "XY101" not in run("rules").stdout
    assert "XY101  own-statistic" in run("rules", "--allow-rules").stdout
    # Without a lesson its summary has to do.
    summary = "# XY101 own-statistic\n\na statistic is made by hand\n"
    assert run("explain", "own-statistic", "--allow-rules").stdout == summary
    assert run("explain", "wrong.py:7", "--allow-rules").stdout.endswith(summary)
    result = run("demo", "XY101", "--allow-rules")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "XY101 has no bad.py with a good.py beside it in " in result.stderr
    folder = rules / "tools" / "XY101-own-statistic"
    (folder / "README.md").write_text("# XY101 own-statistic\n\n## What it does\n\nMuch.\n")
    (folder / "bad.py").write_text("import tensorflow as tf\n\nmean = tf.Variable(0.0)\n")
    (folder / "good.py").write_text("mean = 0.0\n")
    taught = run("explain", "XY101", "--allow-rules").stdout
    assert "Much." in taught
    assert "-mean = tf.Variable(0.0)\n" in taught


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("XY101-own-statistic", "1 / 0", "rule.py: ZeroDivisionError: division by zero"),
        ("XY101-own-statistic", "", "rule.py: defines no RULE"),
        ("XY101", RULE, "XY101: a rule folder is named like BN101-rebound-statistic"),
        ("XY102-own-statistic", RULE, "rule.py: XY101 own-statistic lives in a folder named"),
        (None, "", "tools: no rule folders here"),
    ],
)
def test_a_wrong_folder_is_one_clear_line(project: Path, run: Run, name: str | None, content: str, told: str) -> None:
    (project / "bnlint.toml").write_text("rules = ['tools']")
    if name is not None:
        (project / "tools" / name).mkdir(parents=True)
        (project / "tools" / name / "rule.py").write_text(content)
    result = run("check", "--allow-rules")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert told in result.stderr
