"""``bnlint trace``: programs of each kind, as they are, and the verdicts that they decide."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from traced import ENVIRONMENT, ESTIMATOR, FIT, NET, TAPE, TRAIN, trace

import old_tensorflow

PYTHONS = [
    pytest.param(sys.executable, marks=pytest.mark.tensorflow, id="2"),
    pytest.param(old_tensorflow.PYTHON, marks=old_tensorflow.needed, id="1.15"),
]


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "train.py").write_text(TRAIN)
    return tmp_path


@pytest.mark.tensorflow
def test_without_its_caller_the_finding_is_deferred(sessions: Path) -> None:
    command = [sys.executable, "-m", "bnlint", "check", "--verify", "--output-format", "concise", "."]
    result = subprocess.run(command, cwd=sessions, env=ENVIRONMENT, capture_output=True, text=True)
    assert result.stdout.count("BN208") == result.stdout.count("[deferred: caller-runs-updates]") == 2


@pytest.mark.parametrize("python", PYTHONS)
def test_a_session_loop_that_runs_the_updates_refutes_it(sessions: Path, python: str) -> None:
    seen = trace(sessions, "train.py", "kept", python=python)
    assert seen.status == 0
    assert seen.verdicts() == []
    assert seen.data["report"]["summary"]["refuted"] == 2
    mean, variance = seen.statistic("self.mean"), seen.statistic("self.variance")
    assert (mean["filename"], mean["row"], mean["updates_per_step"], mean["steps"]) == ("net.py", 8, [1], 12)
    assert mean["training"]["text"] == "v ← 0.9·v + 0.1·batch mean"
    assert variance["training"]["text"] == "v ← 0.9·v + 0.1·batch variance"
    assert seen.data["steps"] == {"restore": 1, "train-op": 12}


@pytest.mark.parametrize("python", PYTHONS)
def test_a_session_loop_that_does_not_confirms_it(sessions: Path, python: str) -> None:
    seen = trace(sessions, "train.py", "never", python=python)
    assert seen.verdicts() == ["BN208 confirmed", "BN208 confirmed"]
    assert seen.statistic("self.mean")["updates_per_step"] == [0]
    (first, _) = seen.data["report"]["findings"]
    assert first["verification"]["evidence"]["statistics"][0]["after"][0] == "train-op 1"


@pytest.mark.tensorflow
@pytest.mark.parametrize("traced", [False, True], ids=["eager", "function"])
def test_a_tape_loop(tmp_path: Path, traced: bool) -> None:
    (tmp_path / "train.py").write_text(TAPE)
    seen = trace(tmp_path, "train.py", *(["traced"] if traced else []))
    assert seen.data["steps"] == {"train-op": 12, "inference": 12}
    for name, row in (("self.mean", 9), ("self.variance", 10), ("moving_mean of layer", 21)):
        statistic = seen.statistic(name)
        assert (statistic["row"], statistic["inference"]["kind"]) == (row, "unchanged")
        assert statistic["training"]["kind"] != "unchanged"
        assert statistic["updates_per_step"] == [1]
    if not traced:
        assert seen.statistic("moving_mean of layer")["training"]["text"] == "v ← 0.8·v + 0.2·batch mean"


@pytest.mark.tensorflow
def test_a_tape_loop_confirms_what_it_does_wrong(tmp_path: Path) -> None:
    rebound = "self.variance = self.variance * 0.9 + variance * 0.1"
    wrong = TAPE.replace("self.variance.assign(self.variance * 0.9 + variance * 0.1)", rebound)
    (tmp_path / "train.py").write_text(wrong)
    seen = trace(tmp_path, "train.py")
    assert "BN102 confirmed" in seen.verdicts()
    assert seen.statistic("self.variance")["training"]["kind"] == "unchanged"


@pytest.mark.tensorflow
def test_a_layer_that_each_step_makes_anew(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(PER_CALL)
    seen = trace(tmp_path, "train.py")
    assert "BN402 confirmed" in seen.verdicts()
    assert sum(each["number"] for each in seen.data["statistics"]) == 12


PER_CALL = """\
import numpy as np
import tensorflow as tf


def normalize(x, training=False):
    bn = tf.keras.layers.BatchNormalization(momentum=0.9)
    return bn(x, training=training)


scale = tf.Variable(tf.ones([3]))
optimizer = tf.keras.optimizers.SGD(0.01)
for step in range(6):
    x = tf.constant(np.random.normal(5.0, 2.0, [64, 3]).astype("float32"))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((scale * normalize(x, training=True) - 1.0) ** 2)
    optimizer.apply_gradients([(tape.gradient(loss, scale), scale)])
"""


@pytest.mark.tensorflow
@pytest.mark.parametrize(("keras", "package"), [("3", "keras"), ("2", "tf_keras")])
def test_fit(tmp_path: Path, keras: str, package: str) -> None:
    (tmp_path / "train.py").write_text(FIT)
    seen = trace(tmp_path, "train.py", keras)
    assert seen.output == f"{package}\n"
    assert seen.data["steps"] == {"fit": 16, "evaluate": 16, "predict": 2}
    for name, moves in (("right", True), ("wrong", False)):
        statistic = seen.statistic(f"moving_mean of self.{name}")
        assert (statistic["training"]["kind"] != "unchanged") is moves
        assert statistic["updates_per_step"] == [int(moves)]
        assert statistic["inference"]["kind"] == "unchanged"


@old_tensorflow.needed
def test_an_estimator(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(ESTIMATOR)
    seen = trace(tmp_path, "train.py", python=old_tensorflow.PYTHON)
    assert seen.data["steps"]["train-op"] == 6
    assert seen.verdicts() == ["BN204 confirmed"]
    assert seen.data["ran_with"]["tensorflow"].startswith("1.15")
    running = "    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):\n    "
    (tmp_path / "train.py").write_text(ESTIMATOR.replace("    train =", running + "    train ="))
    seen = trace(tmp_path, "train.py", python=old_tensorflow.PYTHON)
    assert seen.verdicts() == []
    assert [each["updates_per_step"] for each in seen.data["statistics"] if each["inference"] is None][:1] == [[1]]
