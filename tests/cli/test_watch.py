import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bnlint import watching
from bnlint.settings import Settings


def test_what_counts_as_a_change(project: Path) -> None:
    def state() -> watching.State:
        return watching.state(["."], Settings())

    (project / "notes.txt").write_text("x")
    before = state()
    (project / "notes.txt").write_text("y")
    assert state() == before
    for change in (
        lambda: os.utime(project / "right.py", (1, 1)),
        lambda: (project / "new.py").write_text(""),
        lambda: (project / "new.py").write_text("x = 1"),
        lambda: (project / "new.py").unlink(),
        lambda: (project / "bnlint.toml").write_text("ignore = ['BN1']"),
    ):
        change()
        assert state() != before
        before = state()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_checks_again_after_each_change(project: Path) -> None:
    command = [sys.executable, "-m", "bnlint", "check", "--watch", "--output-format", "concise"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None

    def output() -> list[str]:
        """What one round printed."""
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "Waiting for changes; Ctrl-C ends.\n")
        return [line.split(" ")[0] for line in lines]

    try:
        both = ["wrong.py:15:9:", "wrong.py:16:9:"]
        assert output() == both
        (project / "bnlint.toml").write_text("ignroe = []")
        assert output() == ["error:", *both]
        (project / "bnlint.toml").unlink()
        assert output() == both
        (project / "wrong.py").rename(project / "bad.py")
        assert output() == ["bad.py:15:9:", "bad.py:16:9:"]
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
        assert (process.returncode, rest) == (130, "")
    finally:
        process.kill()
