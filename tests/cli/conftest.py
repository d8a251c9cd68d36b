import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bnlint.cli import commands

WRONG = """\
import tensorflow as tf


class Norm(tf.Module):
    def __init__(self):
        self.mean = tf.Variable(tf.zeros([4]), trainable=False)

    def __call__(self, x):
        self.mean = 0.9 * self.mean + 0.1 * tf.reduce_mean(x, 0)
        return x - self.mean
"""
RIGHT = "x = 1\n"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("GITHUB_") or name in ("CI", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TERM", "xterm")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with one file that has a finding and one that has none."""
    (tmp_path / "wrong.py").write_text(WRONG)
    (tmp_path / "right.py").write_text(RIGHT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run() -> Callable[..., Result]:
    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(commands, arguments)
        assert "Traceback" not in result.output
        return result

    return run
