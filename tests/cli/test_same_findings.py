"""The same files have the same findings, in the same order, however they are checked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from bnlint.registry import builtin_folder

Run = Callable[..., Result]


@pytest.fixture
def lessons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of several programs, most of them wrong."""
    for folder in sorted(builtin_folder().iterdir())[::3]:
        for name in ("bad.py", "good.py"):
            shutil.copy(folder / name, tmp_path / f"{folder.name.replace('-', '_')}_{name}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def findings(text: str) -> list[Any]:
    report = json.loads(text)
    assert len(report["findings"]) > 15
    return report["findings"]


def test_any_number_of_processes(lessons: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("check", "--no-cache", "--output-format", "json", "--jobs")
    whole = findings(run(*arguments, "1").stdout)
    # Each program is a part of its own.
    monkeypatch.setattr("bnlint.parts.ENOUGH", 0)
    alone = findings(run(*arguments, "1").stdout)
    assert [place(each) for each in alone] == [place(each) for each in whole]
    for jobs in ("2", "5"):
        assert findings(run(*arguments, jobs).stdout) == alone


def place(finding: dict[str, Any]) -> tuple[str, str, Any]:
    """What a finding says, without what the files around it say of its version."""
    return finding["code"], finding["filename"], finding["location"]


def test_any_order_of_files(lessons: Path, run: Run) -> None:
    names = sorted(path.name for path in lessons.glob("*.py"))
    arguments = ("check", "--no-cache", "--output-format", "json")
    whole = findings(run(*arguments).stdout)
    assert findings(run(*arguments, *names).stdout) == whole
    assert findings(run(*arguments, *reversed(names)).stdout) == whole
    assert findings(run(*arguments, *names[1::2], *names[::2], *names).stdout) == whole


def test_cold_or_warm(lessons: Path, run: Run) -> None:
    arguments = ("check", "--output-format", "json")
    cold = run(*arguments).stdout
    assert findings(cold) == findings(run(*arguments, "--no-cache").stdout)
    assert run(*arguments).stdout == cold


def test_any_hash_seed(lessons: Path) -> None:
    command = [sys.executable, "-m", "bnlint", "check", "--no-cache", "--output-format", "json"]
    seen = [
        findings(
            subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": seed}).stdout
        )
        for seed in ("0", "1", "2", "3")
    ]
    assert all(each == seen[0] for each in seen)
