"""What only a real process shows."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bnlint import __version__

BNLINT = [sys.executable, "-m", "bnlint"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes, terminals and signals")


def test_a_closed_pipe_ends_quietly(project: Path) -> None:
    for number in range(300):
        (project / f"wrong{number}.py").write_text((project / "wrong.py").read_text())
    command = f"{sys.executable} -m bnlint check | head -n 1; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    first, status = result.stdout.splitlines()
    assert first.startswith("error[BN102]")
    assert (status, result.stderr) == ("1", "")


def test_a_full_disk_is_told(project: Path) -> None:
    with open("/dev/full", "w") as full:
        result = subprocess.run([*BNLINT, "check"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 2
    assert result.stderr == "error: standard output: cannot be written: No space left on device\n"


def test_an_encoding_that_lacks_characters(project: Path) -> None:
    (project / "wrong.py").rename(project / "fälsch.py")
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    result = subprocess.run([*BNLINT, "check", "fälsch.py"], capture_output=True, env=environment)
    assert result.returncode == 1
    assert b"--> f\xe4lsch.py:15:9" in result.stdout
    assert b"`self.mean = \\u2026`" in result.stdout


def test_a_name_that_is_no_text(project: Path) -> None:
    os.rename("wrong.py", b"wr\xffng.py")
    for form in ("text", "concise", "json"):
        result = subprocess.run([*BNLINT, "check", "--output-format", form], capture_output=True)
        assert (result.returncode, result.stderr) == (1, b"")
        assert b"wr\\udcffng.py" in result.stdout


def test_an_interrupted_run_is_quiet(project: Path) -> None:
    script = (
        "import time; from bnlint import cli, engine\n"
        "def check(*_): print('ready', flush=True); time.sleep(60)\n"
        "engine.check_inputs = check; cli.main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, "check"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (130, "", "")


def run_on_terminal(*arguments: str, **variables: str) -> tuple[bytes, bytes]:
    """What a run writes to standard output, a pipe, and to standard error, a terminal."""
    import pty

    ours, theirs = pty.openpty()
    environment = {**os.environ, **variables}
    process = subprocess.Popen([*BNLINT, *arguments], stdout=subprocess.PIPE, stderr=theirs, env=environment)
    os.close(theirs)
    output, _ = process.communicate(timeout=60)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(ours)
    return output, shown


def test_progress_is_drawn_on_a_terminal_only(project: Path) -> None:
    output, shown = run_on_terminal("check", "--output-format", "concise")
    assert b"checking" in shown
    assert output.count(b"\n") == 2
    assert b"\x1b" not in output
    assert run_on_terminal("check", CI="1")[1] == b""
    piped = subprocess.run([*BNLINT, "check"], capture_output=True)
    assert piped.stderr == b""


def test_the_version_comes_at_once() -> None:
    start = time.perf_counter()
    result = subprocess.run([*BNLINT, "--version"], capture_output=True, text=True)
    assert result.stdout == f"bnlint {__version__}\n"
    assert time.perf_counter() - start < 2
    imported = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bnlint", "--version"], capture_output=True, text=True
    ).stderr
    assert "click" in imported
    assert not any(f" {name}\n" in imported for name in ("libcst", "rich", "pathspec", "tensorflow", "bnlint.engine"))
