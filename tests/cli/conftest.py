import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bnlint.cli import commands

WRONG = """\
import tensorflow as tf


class Norm(tf.Module):
    def __init__(self, channels, momentum=0.9):
        self.momentum = momentum
        self.mean = tf.Variable(tf.zeros([channels]), trainable=False)
        self.variance = tf.Variable(tf.ones([channels]), trainable=False)

    def __call__(self, x, training=False):
        m = self.momentum
        if not training:
            return tf.nn.batch_normalization(x, self.mean, self.variance, None, None, 1e-3)
        mean, variance = tf.nn.moments(x, axes=[0])
        self.mean = self.mean * m + mean * (1 - m)
        self.variance = self.variance * m + variance * (1 - m)
        return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)
"""
RIGHT = "x = 1\n"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in os.environ:
        if name.startswith("GITHUB_") or name in ("CI", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TERM", "xterm")
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setattr("bnlint.settings.user_file", lambda: home / "bnlint.toml")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with one file that has two findings and one that has none."""
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
