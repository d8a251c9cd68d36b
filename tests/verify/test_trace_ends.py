"""However a traced program ends, it ends as it would by itself, and what was seen until then is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from traced import ENVIRONMENT, NET, TRAIN, trace

pytestmark = [pytest.mark.tensorflow, pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")]
STEPS = [f"step {number}" for number in range(12)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "train.py").write_text(TRAIN)
    return tmp_path


def test_it_is_stopped_after_the_steps_that_were_asked_for(folder: Path) -> None:
    seen = trace(folder, "train.py", "kept", options=("--steps", "4"))
    assert seen.status == 0
    # The step is over, and the line after it was not reached.
    assert seen.output.splitlines() == STEPS[:3]
    assert seen.data["stopped"]
    assert seen.data["steps"]["train-op"] == 4
    assert seen.data["report"]["summary"]["refuted"] == 2


@pytest.mark.parametrize(
    ("ending", "status", "ended", "said"),
    [
        ("sys.exit(7)", 7, True, ""),
        ("raise ValueError('no such day')", 1, True, "ValueError: no such day"),
        ("import os; os._exit(5)", 5, False, ""),
        ("import os; os.kill(os.getpid(), 9)", 128 + signal.SIGKILL, False, ""),
    ],
)
def test_what_was_seen_until_then_decides(folder: Path, ending: str, status: int, ended: bool, said: str) -> None:
    seen = trace(folder, "train.py", "never", ending)
    assert seen.status == status
    assert seen.output.splitlines() == STEPS[:5]
    assert said in seen.errors
    assert "bnlint" not in seen.errors.partition("Traceback")[2]
    assert seen.data["ended"] is ended
    assert seen.verdicts() == ["BN208 confirmed", "BN208 confirmed"]


def test_ctrl_c_is_the_programs_own_affair(folder: Path) -> None:
    caught = "try:\n    import time; time.sleep(60)\nexcept KeyboardInterrupt:\n    print('saved'); sys.exit(3)"
    for ending, status, last in (("import time; time.sleep(60)", 128 + signal.SIGINT, "step 4"), (caught, 3, "saved")):
        command = [sys.executable, "-m", "bnlint", "trace", "--output-format", "json", "--output", "trace.json"]
        process = subprocess.Popen(
            [*command, "--", sys.executable, "train.py", "never", ending],
            cwd=folder,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        while process.stdout.readline() != "step 4\n":
            assert process.poll() is None
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        assert process.returncode == status
        assert (output.splitlines() or ["step 4"])[-1] == last
        assert errors.count("Traceback") == (last == "step 4")
        data = json.loads((folder / "trace.json").read_text())
        assert data["ended"]
        assert data["steps"]["train-op"] == 5
