"""One file of a project: the rest is read for what it knows, and never reported."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from bnlint import analysing, engine
from bnlint.cache import Cache
from bnlint.engine import check
from bnlint.settings import Settings

LAYER = """import tensorflow as tf


def batch_norm(x, moving_mean, moving_variance):
    mean, variance = tf.nn.moments(x, [0])
    return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)


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
MODEL = """import tensorflow as tf


class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.norm = tf.keras.layers.BatchNormalization()

    def call(self, x):
        return self.norm(x)
"""


def test_the_rest_of_the_repository_decides_the_era(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "layer.py").write_text(LAYER)
    alone = check(["layer.py"], Settings())
    assert "BN601" in {finding.code for finding in alone.findings}
    # BN601 calls tf.assign removed; the other file shows that this is TensorFlow 1.
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "broken.py").write_text("import tensorflow as tf\nmoving_mean = tf.get_variable(assign\n")
    together = check(["layer.py"], Settings())
    assert "BN601" not in {finding.code for finding in together.findings}
    assert {finding.filename for finding in together.findings} <= {"layer.py"}
    assert not together.errors
    assert together.files == 1


def test_of_the_rest_only_what_may_run_with_the_file_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, analysed: list[list[str]]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "layer.py").write_text(LAYER)
    (tmp_path / "train.py").write_text(f"from layer import Norm\nimport data, model\n{TRAIN}")
    (tmp_path / "model.py").write_text(f"{TRAIN}tf.train.AdamOptimizer().minimize(x)\n")
    (tmp_path / "data.py").write_text(TRAIN)
    (tmp_path / "apart.py").write_text(LAYER)
    assert {finding.filename for finding in check(["layer.py"], Settings()).findings} == {"layer.py"}
    assert set(chain(*analysed)) == {"layer.py", "model.py", "train.py"}


def test_a_training_loop_of_a_file_that_was_not_parsed_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "model.py").write_text(MODEL)
    assert "BN302" in {finding.code for finding in check(["model.py"], Settings()).findings}
    (tmp_path / "loop.py").write_text("import tensorflow as tf\n\nwith tf.GradientTape() as tape:\n    pass\n")
    assert "BN302" not in {finding.code for finding in check(["model.py"], Settings()).findings}


HELPED = """import tensorflow as tf
from averages import follow

norm = tf.keras.layers.BatchNormalization(momentum=0.1)


class Norm(tf.Module):
    def __init__(self, channels):
        self.moving_mean = tf.Variable(tf.zeros([channels]), trainable=False)
        self.moving_variance = tf.Variable(tf.ones([channels]), trainable=False)

    def __call__(self, x):
        mean, variance = tf.nn.moments(x, [0])
        self.moving_mean = follow(self.moving_mean, mean)
        self.moving_variance.assign(follow(self.moving_variance, variance))
        return tf.nn.batch_normalization(x, self.moving_mean, self.moving_variance, None, None, 1e-3)
"""
HELPER = "def follow(old, new):\n    return {}\n"


def test_a_function_of_the_rest_is_followed_and_its_file_is_no_part_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "norm.py").write_text(HELPED)
    (tmp_path / "averages.py").write_text(HELPER.format("0.9 * old + 0.1 * new"))
    monkeypatch.setattr(analysing, "analyse", count := Counted(analysing.analyse))
    cached = Cache(tmp_path / "cache")
    for number in (1, 1):
        inputs = engine.read(["norm.py"], Settings())
        report = engine.check_inputs(inputs, inputs.sources, Settings(), cached=cached)
        found = [(each.code, each.filename, each.span.row) for each in report.findings]
        assert found == [("BN501", "norm.py", 4), ("BN102", "norm.py", 14)]
        assert (report.files, report.analysed, count.calls) == (1, 1, number)
    # What the other file says is part of what the run rests on.
    (tmp_path / "averages.py").write_text(HELPER.format("new"))
    inputs = engine.read(["norm.py"], Settings())
    report = engine.check_inputs(inputs, inputs.sources, Settings(), cached=cached)
    assert [each.code for each in report.findings] == ["BN501"]


class Counted:
    """A function that counts how often it is called."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.calls = 0

    def __call__(self, *args: Any) -> Any:
        self.calls += 1
        return self._function(*args)
