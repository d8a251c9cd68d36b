"""The callback and the session hook, in each Keras and in TensorFlow 1; without anything else of bnlint."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from traced import ENVIRONMENT

import old_tensorflow

ROOT = Path(__file__).parents[2]
CALLBACK = """\
import os, sys
if sys.argv[1] == "2":
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
import warnings
import numpy as np
import tensorflow as tf
from bnlint.training import BatchNormCallback, BatchNormWarning

assert {name for name in sys.modules if name.startswith("bnlint")} == {"bnlint", "bnlint.training"}
keras = tf.keras


class Net(keras.Model):
    def __init__(self, flag, trainable):
        super().__init__()
        self.flag = flag
        self.norm = keras.layers.BatchNormalization(trainable=trainable)
        self.out = keras.layers.Dense(1)

    def call(self, x, training=None):
        return self.out(self.norm(x, training=training if self.flag is None else self.flag))


x, y = np.random.normal(5.0, 2.0, [64, 3]).astype("float32"), np.zeros([64, 1], "float32")
for flag, trainable in ((None, True), (False, True), (False, False), (True, True)):
    net = Net(flag, trainable)
    net.compile("sgd", "mse")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", BatchNormWarning)
        net.fit(x, y, epochs=2, batch_size=8, verbose=0, callbacks=[BatchNormCallback()])
        net.evaluate(x, y, verbose=0, callbacks=[BatchNormCallback()])
    told = [str(each.message) for each in seen if each.category is BatchNormWarning]
    print(flag, trainable, *[each.partition("moving_variance ")[2].partition(";")[0] for each in told], sep=", ")
"""
KEPT = "kept the same value through 3 training steps"
MOVED = "moved at inference, where statistics should only be used"
HOOK = """\
import sys, warnings
import numpy as np
import tensorflow.compat.v1 as tf
from bnlint.training import BatchNormHook, BatchNormWarning

assert {name for name in sys.modules if name.startswith("bnlint")} == {"bnlint", "bnlint.training"}
tf.disable_v2_behavior()
x = tf.placeholder(tf.float32, [None, 3])
mean = tf.get_variable("net/moving_mean", [3], initializer=tf.zeros_initializer(), trainable=False)
update = mean.assign(0.9 * mean + 0.1 * tf.reduce_mean(x, 0))
loss = tf.reduce_mean((x - mean) * tf.get_variable("scale", [3]))
with tf.control_dependencies([update] if sys.argv[1] == "right" else []):
    train = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always", BatchNormWarning)
    with tf.train.MonitoredTrainingSession(hooks=[BatchNormHook(steps=4)]) as session:
        for step in range(6):
            session.run(train, {x: np.random.normal(5.0, 2.0, [8, 3])})
print(*[str(each.message).partition(";")[0] for each in seen if each.category is BatchNormWarning])
"""


def printed(folder: Path, program: str, *words: str, python: str) -> list[str]:
    (folder / "train.py").write_text(program)
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    result = subprocess.run([python, "train.py", *words], cwd=folder, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


@pytest.mark.tensorflow
@pytest.mark.parametrize("keras", ["2", "3"])
def test_the_callback_warns_of_what_rests_in_training_and_moves_at_inference(tmp_path: Path, keras: str) -> None:
    expected = ["None, True", f"False, True, {KEPT}", "False, False", f"True, True, {MOVED}"]
    assert printed(tmp_path, CALLBACK, keras, python=sys.executable) == expected


@old_tensorflow.needed
def test_the_callback_in_tensorflow_1(tmp_path: Path) -> None:
    lines = printed(tmp_path, CALLBACK, "1", python=old_tensorflow.PYTHON)
    assert lines[:3] == ["None, True", f"False, True, {KEPT}", "False, False"]


@pytest.mark.parametrize(
    "python",
    [
        pytest.param(sys.executable, marks=pytest.mark.tensorflow, id="2"),
        pytest.param(old_tensorflow.PYTHON, marks=old_tensorflow.needed, id="1.15"),
    ],
)
def test_the_hook_warns_of_what_rests_in_training(tmp_path: Path, python: str) -> None:
    assert printed(tmp_path, HOOK, "right", python=python) == [""]
    said = "net/moving_mean kept the same value through 4 training steps"
    assert printed(tmp_path, HOOK, "wrong", python=python)[0].startswith(said)
