"""What lies about in folders and is no source: one message each, the rest is checked, and nothing waits."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from bnlint import engine
from bnlint.discovery import Discovery

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")


def bnlint(*arguments: str | bytes) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bnlint", "check", "--output-format", "concise", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        errors="surrogateescape",
    )


def told(result: subprocess.CompletedProcess[str], name: str) -> str:
    """The one message about a file."""
    lines = [line for line in (result.stdout + result.stderr).splitlines() if f"{name}:" in line]
    assert len(lines) == 1, result.stdout + result.stderr
    return lines[0].partition(f"{name}:")[2].strip()


@pytest.fixture
def littered(project: Path) -> Path:
    os.mkfifo("pipe.py")
    # Closing a socket leaves its name where it is.
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("socket.py")
    Path("folder.py").mkdir()
    Path("folder.py", "inner.py").write_text("x = 1\n")
    with open("huge.py", "wb") as huge:
        huge.truncate(1_000_000_000)
    Path("loop.py").symlink_to("loop.py")
    Path("round").symlink_to(".")
    Path("nowhere.py").symlink_to("gone.py")
    with open(b"caf\xe9.py", "wb") as odd:
        odd.write(b"x = 1\n")
    return project


MESSAGES = {
    "pipe.py": "not a regular file but a pipe",
    "socket.py": "not a regular file but a socket",
    "huge.py": "too large: 1000.0 MB of code",
    "loop.py": "cannot be read: Too many levels of symbolic links",
    "nowhere.py": "a link to nowhere",
    "missing.py": "no such file or folder",
}


def test_each_has_one_message_if_it_is_named(littered: Path) -> None:
    result = bnlint("wrong.py", "folder.py", b"caf\xe9.py", *MESSAGES)
    for name, message in MESSAGES.items():
        assert message in told(result, name)
    assert result.stdout.count("BN102") == 2
    assert "Traceback" not in result.stderr
    assert result.returncode == 2


def test_a_device_is_not_opened(project: Path) -> None:
    result = bnlint("wrong.py", "/dev/zero")
    assert "not a regular file but a device" in told(result, "zero")
    assert result.stdout.count("BN102") == 2


def test_a_folder_with_all_of_them_is_checked(littered: Path) -> None:
    result = bnlint()
    assert "too large" in told(result, "huge.py")
    assert result.stdout.count("BN102") == 2
    assert "Traceback" not in result.stderr
    assert result.returncode == 1


def test_a_file_that_vanishes_is_one_message(
    project: Path, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = engine.discover

    def discover(*arguments: object) -> Discovery:
        discovery = found(*arguments)  # type: ignore[arg-type]
        (project / "right.py").unlink()
        return discovery

    monkeypatch.setattr(engine, "discover", discover)
    result = run("check", "--output-format", "concise")
    assert "right.py: error: cannot be read: No such file or directory" in result.output
    assert result.output.count("BN102") == 2
    assert result.exit_code == 1
