"""Which Pythons may run code, and what is told of the choice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

from bnlint import settings as of
from bnlint.interpreters import interpreters
from bnlint.settings import load

Run = Callable[..., Result]
OWN = (sys.executable,)


@pytest.fixture(autouse=True)
def _no_active_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)


def environment(folder: Path, package: str = "tensorflow") -> str:
    """What looks like a virtual environment; returns its interpreter."""
    (folder / "lib" / "python3.9" / "site-packages" / package).mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\n")
    python = folder / "bin" / "python"
    python.write_text("#!/bin/sh\nexit 3\n")
    python.chmod(0o755)
    return str(python)


def chosen(*named: str, path: str = ".") -> tuple[str, ...]:
    return interpreters(named, load([path]), [path])


def test_without_anything_it_is_the_one_of_bnlint(project: Path) -> None:
    assert chosen() == OWN


def test_environments_with_tensorflow_are_found(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "bnlint.toml").write_text("")
    (project / "models" / "deep").mkdir(parents=True)
    near = environment(project / ".venv")
    assert chosen() == chosen(path="models/deep") == (near, *OWN)
    active = environment(project.parent / "active")
    monkeypatch.setenv("VIRTUAL_ENV", str(project.parent / "active"))
    assert chosen() == (active, near, *OWN)


def test_the_nearest_counts_even_if_it_is_of_no_use(project: Path) -> None:
    (project / "bnlint.toml").write_text("")
    (project / "models").mkdir()
    environment(project / ".venv")
    environment(project / "models" / ".venv", "torch")
    assert chosen(path="models") == OWN


def test_an_environment_above_the_project_is_not_of_it(project: Path) -> None:
    (project / "inner").mkdir()
    (project / "inner" / "bnlint.toml").write_text("")
    environment(project / ".venv")
    assert chosen(path="inner") == OWN


def test_an_environment_that_came_with_the_repository_is_not_taken(project: Path) -> None:
    python = environment(project / ".venv")
    (project / ".venv" / "lib" / "python3.9" / "site-packages" / "tensorflow" / "__init__.py").write_text("")
    subprocess.run(["git", "init", "-q"], check=True)
    assert chosen() == (python, *OWN)
    subprocess.run(["git", "add", "-f", ".venv"], check=True)
    assert chosen() == OWN


def test_named_ones_count_alone_and_in_order(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment(project / ".venv")
    first, second = environment(project / "a"), environment(project / "b")
    (project / "bnlint.toml").write_text("verify.python = ['b/bin/python', './a/bin/python']")
    assert chosen() == (second, first)
    assert chosen("a/bin/python", first) == (first,)
    (project / "bnlint.toml").write_text("verify.python = 'b/bin/python'")
    assert chosen() == (second,)
    with pytest.raises(click.UsageError, match="there is no Python to run at"):
        chosen("c/bin/python")


def test_strict_isolation_takes_no_interpreter_from_a_project(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    python, near = environment(project / "a"), environment(project / ".venv")
    (project / "bnlint.toml").write_text("verify = {isolation = 'strict'}")
    assert chosen() == OWN
    (project / "bnlint.toml").write_text("verify = {isolation = 'strict', python = ['a/bin/python']}")
    assert chosen() == OWN
    assert chosen(python) == (python,)
    told = (
        "warning: " + str(project / "bnlint.toml") + " names the Python to run code with; strict isolation takes none"
    )
    monkeypatch.setattr("bnlint.verify.verifier.verify", lambda findings, *_: findings)
    assert told in run("check", "--verify").stderr
    assert told not in run("check").stderr
    assert told not in run("check", "--verify", "--python", python).stderr
    of.user_file().write_text(f"trusted = ['{project}']")
    assert chosen() == (python,)
    (project / "bnlint.toml").write_text("verify = {isolation = 'strict'}")
    assert chosen() == (near, *OWN)


@pytest.mark.parametrize("value", ["3", "''", "['']", "['python', 3]"])
def test_the_setting_is_a_path_or_a_list_of_them(project: Path, run: Run, value: str) -> None:
    (project / "bnlint.toml").write_text(f"verify.python = {value}")
    result = run("config")
    assert result.exit_code == 2
    assert "verify.python must be the path of a Python interpreter, or a list of them" in result.stderr
