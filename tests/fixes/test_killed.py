"""``bnlint check --fix`` killed at random moments leaves only files that are whole.

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
FILES = 6
COMMAND = [sys.executable, "-c", "from bnlint.cli import main; main()", "check", "--fix"]


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_every_file_is_the_old_one_or_the_new_one(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    paths = [tmp_path / f"{name}.py" for name in range(FILES)]

    def start() -> subprocess.Popen[bytes]:
        for path in paths:
            path.write_text(BEFORE)
        return subprocess.Popen(COMMAND, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait_for_the_first(process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None and paths[0].read_text() == BEFORE:
            time.sleep(0.0005)

    started = time.monotonic()
    process = start()
    wait_for_the_first(process)
    began = time.monotonic()
    process.wait()
    writing, whole = time.monotonic() - began, time.monotonic() - started
    assert [path.read_text() == AFTER for path in paths] == [True] * FILES

    chance = random.Random(5)
    written: Counter[int] = Counter()
    for turn in range(pytestconfig.getoption("--kills")):
        process = start()
        if turn % 4:  # half-way through the writing, and now and then at any moment
            wait_for_the_first(process)
        time.sleep(chance.uniform(0, writing if turn % 4 else whole))
        process.kill()
        process.wait()
        contents = [path.read_text() for path in paths]
        assert all(content in (BEFORE, AFTER) for content in contents)
        written[contents.count(AFTER)] += 1
    print("kills, by the number of files that were written:", dict(sorted(written.items())))
    left = {path.suffix for path in tmp_path.iterdir() if path not in paths}
    assert left <= {".bnlint"}
