"""Ctrl-C, at many moments of a run that uses several processes: quiet, whole files only, and nothing left running."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from bnlint.registry import builtin_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals to groups of processes are of POSIX")

# Says that the commands are loaded: what comes before is Python's own start.
BNLINT = """
import os
from bnlint import cli, parts
parts.ENOUGH = 0
os.write(2, b"ready\\n")
cli.main()
"""


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that is worth several processes."""
    programs = sorted(builtin_folder().glob("*/bad.py"))
    for index in range(200):
        shutil.copy(programs[index % len(programs)], tmp_path / f"p{index}.py")
    assert sum(path.stat().st_size for path in tmp_path.glob("*.py")) > 150_000
    monkeypatch.setenv("BNLINT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def interrupted(after: float, whole_group: bool, *arguments: str) -> tuple[int, str, str]:
    """Exit status and output of a run that is interrupted; nothing of it runs any more."""
    process = subprocess.Popen(
        [sys.executable, "-c", BNLINT, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "ready\n"
    time.sleep(after)
    with suppress(ProcessLookupError):
        (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    return process.returncode, output, errors


@pytest.mark.parametrize("after", [0.02, 0.1, 0.25, 0.5, 0.8, 1.2, 1.7])
@pytest.mark.parametrize("whole_group", [True, False], ids=["terminal", "kill"])
def test_a_check_ends_at_once(large: Path, after: float, whole_group: bool) -> None:
    status, output, errors = interrupted(
        after, whole_group, "check", "--jobs", "2", "--output-format", "json:report.json"
    )
    done = (large / "report.json").exists()
    # At the very end Python itself may take the signal, with the status that a shell shows as 130.
    assert status in ((1, 130, -signal.SIGINT) if done else (130,))
    assert errors == ""
    assert output == ""
    if done:
        json.loads((large / "report.json").read_bytes())
    assert {path.suffix for path in (large / "cache").glob("*")} <= {".json"}


@pytest.mark.parametrize("after", [0.3, 1.0, 2.0])
def test_files_being_fixed_stay_whole(large: Path, after: float) -> None:
    before = {path.name: path.read_bytes() for path in large.glob("*.py")}
    status, _, errors = interrupted(after, True, "check", "--jobs", "2", "--fix", "--output-format", "json:report.json")
    assert status in (130, 1, 0, -signal.SIGINT)
    assert "Traceback" not in errors
    now = {path.name: path.read_bytes() for path in large.iterdir() if path.is_file() and path.suffix != ".json"}
    assert now.keys() == before.keys()
    if status == 130:
        assert sum(now[name] != before[name] for name in before) < len(before)


@pytest.mark.tensorflow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at the processes as Linux shows them")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_is_being_run_ends_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: str) -> None:
    pytest.importorskip("tensorflow")
    program = (builtin_folder() / "BN101-rebound-statistic" / "bad.py").read_text(encoding="utf-8")
    for index in range(3):
        (tmp_path / f"slow{index}.py").write_text(program + f"\nimport time\ntime.sleep({40 + index})\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = subprocess.Popen(
        [sys.executable, "-c", BNLINT, "check", "--no-cache", "--jobs", jobs, "--verify"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    assert [process.stderr.readline()[:8] for _ in range(2)] == ["ready\n", "Running "]
    time.sleep(2)
    start = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert time.monotonic() - start < 8
    assert not list(tmp_path.glob("bnlint-*"))
    running = [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path) in read(path)]
    assert running == []


def read(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:  # it ended
        return ""


@pytest.mark.parametrize("after", [0.3, 1.0])
def test_processes_end_with_the_one_that_started_them(large: Path, after: float) -> None:
    """``kill -9`` gives it no time to tell them."""
    process = subprocess.Popen(
        [sys.executable, "-c", BNLINT, "check", "--jobs", "2", "--output-format", "json:report.json"],
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == b"ready\n"
    time.sleep(after)
    process.kill()
    process.wait()
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("something still runs")
