"""The options that change files, and what is said about it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
FIXED = (
    "        self.mean.assign(self.mean * m + mean * (1 - m))\n"
    "        self.variance.assign(self.variance * m + variance * (1 - m))\n"
)


def test_fix_changes_the_file_and_reports_what_is_left(project: Path, run: Run) -> None:
    before = (project / "wrong.py").read_text()
    result = run("check", "--fix")
    assert (result.exit_code, result.stdout) == (0, "Fixed 2 findings. No findings in 2 files.\n")
    assert FIXED in (project / "wrong.py").read_text()
    assert (project / "wrong.py").read_text().count("\n") == before.count("\n")
    assert run("check").exit_code == 0


def test_what_cannot_be_fixed_keeps_the_status(project: Path, run: Run) -> None:
    (project / "wrong.py").chmod(0o444)
    result = run("check", "--fix", "--output-format", "json")
    assert result.exit_code == 1
    assert result.stderr == "warning: wrong.py: is read-only, so it is left as it is\n"
    assert json.loads(result.stdout)["summary"]["fixed"] == 0


@pytest.mark.tensorflow
def test_only_what_running_proves_is_fixed_and_the_rest_shown_with_the_reason(project: Path, run: Run) -> None:
    text = (project / "wrong.py").read_text()
    raising = "        raise OSError('no')\n        return tf.nn.batch_normalization(x, mean"
    broken = text.replace("        return tf.nn.batch_normalization(x, mean", raising)
    (project / "broken.py").write_text(broken)
    result = run("check", "--fix", "--verify")
    assert result.exit_code == 1
    assert FIXED in (project / "wrong.py").read_text()
    assert (project / "broken.py").read_text() == broken
    held = [line for line in result.stdout.splitlines() if line.startswith("   = not fixed: ")]
    assert len(held) == 2
    assert all(line.endswith("OSError: no") for line in held)
    assert "Fixed 2 findings. 2 findings (2 errors) in 3 files" in result.stdout


def test_a_diff_can_be_applied(project: Path, run: Run, tmp_path: Path) -> None:
    wrong = project / "wrong.py"
    endings = wrong.read_bytes().replace(b"\n", b"\r\n", 5).rstrip(b"\n")
    wrong.write_bytes(endings)
    result = run("check", "--diff")
    assert wrong.read_bytes() == endings
    assert result.exit_code == 1
    assert result.stderr == "would fix 2 findings in 1 file; 0 findings would be left\n"
    assert result.stdout_bytes.startswith(b"--- wrong.py\n+++ wrong.py\n@@ ")
    (tmp_path / "it.patch").write_bytes(result.stdout_bytes)
    subprocess.run(["patch", "-p0", "--binary", "-i", "it.patch"], cwd=tmp_path, check=True, capture_output=True)
    by_patch = wrong.read_bytes()
    wrong.write_bytes(endings)
    run("check", "--fix")
    assert wrong.read_bytes() == by_patch != endings


def test_a_diff_of_nothing(project: Path, run: Run) -> None:
    result = run("check", "--diff", "right.py")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "would fix 0 findings in 0 files; 0 findings would be left\n"


def test_a_diff_names_cells(project: Path, run: Run) -> None:
    source = (project / "wrong.py").read_text()
    notebook = {"cells": [{"cell_type": "markdown", "source": "x"}, {"cell_type": "code", "source": source}]}
    (project / "a.ipynb").write_text(json.dumps(notebook))
    result = run("check", "--diff", "a.ipynb")
    assert result.stdout.startswith("--- a.ipynb:cell 2\n+++ a.ipynb:cell 2\n@@ ")
    assert "".join(f"+{line}\n" for line in FIXED.splitlines()) in result.stdout


def test_reports_go_to_files_beside_a_diff(project: Path, run: Run) -> None:
    result = run("check", "--diff", "--output-format", "json:out.json")
    assert result.stdout.startswith("--- wrong.py")
    assert (
        json.loads((project / "out.json").read_text())["summary"] | {"files": 2, "findings": 0, "fixed": 2}
        == (json.loads((project / "out.json").read_text())["summary"])
    )


def test_add_ignores(project: Path, run: Run) -> None:
    result = run("check", "--add-ignores")
    assert (result.exit_code, result.stdout) == (0, "No findings in 2 files, 2 suppressed.\n")
    assert (project / "wrong.py").read_text().count("m)  # bnlint: ignore[BN102]\n") == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--fix", "--diff"], "--fix, --diff and --add-ignores exclude one another"),
        (["--fix", "--add-ignores"], "--fix, --diff and --add-ignores exclude one another"),
        (["--unsafe-fixes"], "--unsafe-fixes goes with --fix or --diff"),
        (["--fail-on", "never"], "'never' is not one of"),
    ],
)
def test_options_that_make_no_sense(project: Path, run: Run, arguments: list[str], told: str) -> None:
    result = run("check", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


@pytest.mark.parametrize(
    ("setting", "option", "status"),
    [
        (None, None, 1),
        ("error", None, 0),
        ("warning", None, 1),
        ("info", None, 1),
        ("error", "info", 1),
        ("info", "error", 0),
    ],
)
def test_the_least_severity_that_fails(
    project: Path, run: Run, setting: str | None, option: str | None, status: int
) -> None:
    text = (project / "wrong.py").read_text()
    text = text.replace(
        "self.mean = self.mean * m + mean * (1 - m)", "self.mean.assign(self.mean * 0.01 + mean * 0.99)"
    )
    text = text.replace("self.variance = self.variance * m", "self.variance.assign(self.variance * m").replace(
        "variance * (1 - m)", "variance * (1 - m))"
    )
    (project / "wrong.py").write_text(text)
    if setting:
        (project / "bnlint.toml").write_text(f'fail-on = "{setting}"')
    result = run("check", *(["--fail-on", option] if option else []), "--output-format", "concise")
    assert result.stdout.startswith("wrong.py:15:9: warning[BN501]")
    assert result.stdout.count("\n") == 1
    assert result.exit_code == status


def test_exit_zero(project: Path, run: Run) -> None:
    assert run("check", "--exit-zero").exit_code == 0
    assert run("check", "--exit-zero", "none.py").exit_code == 2
