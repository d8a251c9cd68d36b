"""Two runs at once on the same files: each of them right."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FIX = [sys.executable, "-m", "bnlint", "check", "--fix", "--jobs", "1", "--output-format", "json"]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_two_that_fix_leave_what_one_would(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    for index in range(30):
        shutil.copy("wrong.py", f"wrong{index}.py")
    alone = tmp_path_factory.mktemp("alone")
    shutil.copytree(project, alone, dirs_exist_ok=True)
    subprocess.run(FIX, cwd=alone, capture_output=True)
    assert contents(alone) != contents(project)
    running = [subprocess.Popen(FIX, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in running:
        output, errors = process.communicate(timeout=120)
        assert process.returncode in (0, 1)
        assert json.loads(output)["summary"]["files"] == 32
        # A file that the other one wrote first is left to it.
        lines = errors.splitlines()
        assert all("changed while bnlint was working on it" in line for line in lines if "left as it is" in line), (
            errors
        )
        assert "Traceback" not in errors
    assert contents(project) == contents(alone)
