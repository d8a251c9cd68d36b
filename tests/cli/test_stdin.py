"""Standard input in place of a file, as editors and formatters hand it over."""

import json
from pathlib import Path
from typing import Protocol

import pytest
from click.testing import CliRunner, Result

from bnlint.cli import commands

LAYER = """import tensorflow as tf


class Norm:
    def __init__(self, channels):
        self.moving_mean = tf.Variable(tf.zeros([channels]), trainable=False)

    def update(self, x):
        mean, _ = tf.nn.moments(x, [0])
        tf.assign(self.moving_mean, self.moving_mean * 0.9 + mean * 0.1)
"""
TRAIN = """import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3])
with tf.Session() as session:
    session.run(x)
"""


class Feed(Protocol):
    def __call__(self, code: str | bytes, *arguments: str) -> Result: ...


@pytest.fixture
def feed() -> Feed:
    def feed(code: str | bytes, *arguments: str) -> Result:
        result = CliRunner().invoke(commands, ["check", "-", *arguments], input=code)
        assert "Traceback" not in result.output
        return result

    return feed


def test_the_text_counts_and_not_the_file(project: Path, feed: Feed) -> None:
    wrong = (project / "wrong.py").read_text()
    result = feed(wrong, "--stdin-filename", "right.py", "--output-format", "concise")
    assert result.exit_code == 1
    assert [line.split(" ")[0] for line in result.stdout.splitlines()] == ["right.py:15:9:", "right.py:16:9:"]
    assert feed("x = 1\n", "--stdin-filename", "wrong.py").exit_code == 0
    assert feed(wrong, "--stdin-filename", "new/folder/file.py").exit_code == 1
    assert feed(wrong).stdout.splitlines()[1].strip() == "--> -:15:9"


def test_the_project_around_the_path_is_known(project: Path, feed: Feed) -> None:
    (project / ".git").mkdir()
    (project / "wrong.py").unlink()
    arguments = ("--stdin-filename", "layer.py", "--output-format", "json")
    alone = json.loads(feed(LAYER, *arguments).stdout)
    assert "BN601" in {finding["code"] for finding in alone["findings"]}
    # The other file shows that this is TensorFlow 1, where tf.assign is there.
    (project / "train.py").write_text(TRAIN)
    # The file on disk is out of date and must not be read as a part of the rest.
    (project / "layer.py").write_text("import tensorflow.compat.v2 as tf\n" + LAYER)
    together = json.loads(feed(LAYER, *arguments).stdout)
    assert "BN601" not in {finding["code"] for finding in together["findings"]}
    assert together["summary"]["files"] == 1


def test_the_settings_around_the_path_hold(project: Path, feed: Feed) -> None:
    wrong = (project / "wrong.py").read_text()
    (project / "pkg").mkdir()
    (project / "pkg" / "bnlint.toml").write_text("ignore = ['BN1']\nexclude = ['generated/']")
    assert feed(wrong, "--stdin-filename", "pkg/a.py").exit_code == 0
    assert feed(wrong, "--stdin-filename", "a.py").exit_code == 1
    arguments = ("--select", "BN1", "--stdin-filename", "pkg/generated/a.py")
    assert feed(wrong, *arguments).exit_code == 1
    assert feed(wrong, *arguments, "--force-exclude").exit_code == 0


def test_a_notebook(project: Path, feed: Feed) -> None:
    cell = {"cell_type": "code", "source": (project / "wrong.py").read_text(), "metadata": {}, "outputs": []}
    notebook = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    result = feed(notebook, "--stdin-filename", "a.ipynb", "--output-format", "concise")
    assert result.stdout.startswith("a.ipynb:cell 1:15:9: error[BN102]")


@pytest.mark.parametrize(
    ("code", "told"), [(b"x = '\xff'", "cannot be decoded"), (LAYER + "def (:", "cannot be parsed")]
)
def test_what_cannot_be_read_is_told(project: Path, feed: Feed, code: str | bytes, told: str) -> None:
    result = feed(code, "--output-format", "concise")
    assert result.exit_code == 2
    assert told in result.stdout
    assert result.stdout.startswith("-:")


def test_fixed_code_goes_to_standard_output(project: Path, feed: Feed) -> None:
    wrong = (project / "wrong.py").read_text()
    result = feed(wrong, "--fix", "--stdin-filename", "wrong.py")
    assert "self.mean.assign(self.mean * m + mean * (1 - m))" in result.stdout
    assert result.stdout.replace(".assign(", " = ").replace("(1 - m))", "(1 - m)") == wrong
    assert (result.exit_code, result.stderr) == (0, "")
    assert (project / "wrong.py").read_text() == wrong
    diff = feed(wrong, "--diff", "--stdin-filename", "wrong.py")
    assert diff.exit_code == 1
    assert diff.stdout.startswith("--- wrong.py\n+++ wrong.py\n")


def test_code_that_stays_as_it_is_comes_back(project: Path, feed: Feed) -> None:
    for code in (b"x = 1\r\n", b"\xff not text", b""):
        assert feed(code, "--fix").stdout_bytes == code
    result = feed((project / "wrong.py").read_text(), "--fix", "--select", "BN1", "--ignore", "BN102")
    assert (result.exit_code, result.stdout) == (0, (project / "wrong.py").read_text())
    python_2 = (project / "wrong.py").read_text() + 'print "a fix would write Python 3"\n'
    result = feed(python_2, "--fix")
    assert (result.exit_code, result.stdout) == (1, python_2)
    assert result.stderr.startswith("-:15:9: error[BN102]")
    ignored = feed((project / "wrong.py").read_text(), "--add-ignores")
    assert ignored.stdout.count("# bnlint: ignore[BN102]") == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-", "a.py"], "- is standard input, which is checked alone"),
        (["a.py", "--stdin-filename", "b.py"], "--stdin-filename goes with -"),
        (["-", "--watch"], "--watch does not go with -"),
        (["--watch", "--fix"], "--watch does not go with -"),
        (["--require-verification"], "--require-verification goes with --verify"),
        (["--statistics", "--output-format", "json"], "--statistics takes the place of the text"),
    ],
)
def test_what_does_not_go_together(project: Path, arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(commands, ["check", *arguments])
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
