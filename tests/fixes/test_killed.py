"""``bnlint check --fix`` killed while it writes leaves only files that are whole.

``pytest -s tests/fixes/test_killed.py --kills 200`` kills more often, and prints how far the runs had come.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

CODE = """\
import tensorflow as tf

moving_mean = tf.Variable(tf.zeros([4]), trainable=False)


def norm(x):
    global moving_mean
    mean, _ = tf.nn.moments(x, [0])
    moving_mean = 0.9 * moving_mean + 0.1 * mean
    return x - moving_mean
"""
# One long comment costs the analysis nothing, and takes a moment to write.
BEFORE = CODE + f"# {'x' * 1_000_000}\n"
AFTER = BEFORE.replace(
    "moving_mean = 0.9 * moving_mean + 0.1 * mean", "moving_mean.assign(0.9 * moving_mean + 0.1 * mean)"
)
FILES = 12
COMMAND = [sys.executable, "-c", "from bnlint.cli import main; main()", "check", "--fix"]


# Every fourth kill comes at any moment, the others while files are written.
ANY_MOMENT = 4
ENOUGH = 40
"""Kills of which at least half must have come while files were written."""


class Runs:
    """Runs of the command on the same files. ``each``: seconds that one file takes; ``whole``: that all of it takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths = [folder / f"{number:02}.py" for number in range(FILES)]
        began = time.monotonic()
        process = self.start()
        self.wait_until_it_writes(process, 0)
        first = time.monotonic()
        self.wait_until_it_writes(process, FILES - 1)
        self.each = (time.monotonic() - first) / (FILES - 1)
        process.wait()
        self.whole = time.monotonic() - began
        assert [path.read_text() == AFTER for path in self.paths] == [True] * FILES

    def start(self) -> subprocess.Popen[bytes]:
        for path in self.folder.iterdir():
            path.unlink()
        for path in self.paths:
            path.write_text(BEFORE)
        self.old = [path.stat().st_ino for path in self.paths]
        return subprocess.Popen(COMMAND, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait_until_it_writes(self, process: subprocess.Popen[bytes], number: int) -> None:
        """Until there is what is going to replace this file, or has replaced it."""
        begin = f".{self.paths[number].name}."
        while process.poll() is None and self.paths[number].stat().st_ino == self.old[number]:
            if any(name.startswith(begin) for name in self.half_written()):
                break
            time.sleep(0.0005)

    def half_written(self) -> list[str]:
        return [name for name in os.listdir(self.folder) if name.endswith(".bnlint")]


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_every_file_is_the_old_one_or_the_new_one(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    runs = Runs(tmp_path)
    chance = random.Random(5)
    kills: int = pytestconfig.getoption("--kills")
    written: Counter[int] = Counter()
    while_writing = 0
    for turn in range(kills):
        process = runs.start()
        if turn % ANY_MOMENT:
            runs.wait_until_it_writes(process, chance.randrange(FILES))
        time.sleep(chance.uniform(0, runs.each if turn % ANY_MOMENT else runs.whole))
        process.kill()
        process.wait()
        contents = [path.read_text() for path in runs.paths]
        assert all(content in (BEFORE, AFTER) for content in contents)
        assert {path.suffix for path in tmp_path.iterdir()} <= {".py", ".bnlint"}
        new = contents.count(AFTER)
        written[new] += 1
        while_writing += bool(runs.half_written()) or 0 < new < FILES
    print(
        f"kills: {kills}, while files were written: {while_writing}; by files written: {dict(sorted(written.items()))}"
    )
    assert kills < ENOUGH or while_writing >= kills / 2
