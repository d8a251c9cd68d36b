"""The law of statistics whose batches nobody sees: inside ``fit``, ``tf.function`` and the layers of a session."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from traced import ESTIMATOR, FIT, TAPE, trace

import old_tensorflow

MEAN, VARIANCE = "batch mean", "batch variance"

FUNCTION = """\
import tensorflow as tf

plain, swapped, mixed, branch, told, fused, twice, around = (
    tf.Variable(tf.ones([3]), trainable=False) for _ in range(8)
)
kernel = tf.Variable(tf.random.normal([3, 3, 3, 3], seed=1))
optimizer = tf.keras.optimizers.SGD(0.01)


@tf.function
def train_step(x, decay, training):
    with tf.GradientTape() as tape:
        h = tf.nn.conv2d(x, kernel, 1, "SAME")
        loss = tf.reduce_mean(h**2)
    mean, variance = tf.nn.moments(h, axes=[0, 1, 2])
    plain.assign(0.9 * plain + 0.1 * mean)
    swapped.assign_sub((swapped - variance) * 0.9)
    mixed.assign(0.9 * mixed + 0.1 * tf.sqrt(variance))
    told.assign(decay * told + (1.0 - decay) * mean)
    _, _, unbiased = tf.compat.v1.nn.fused_batch_norm(h, tf.ones([3]), tf.zeros([3]), is_training=True)
    fused.assign_add(0.1 * (unbiased - fused))
    twice.assign(0.9 * twice + 0.1 * mean)
    twice.assign(0.9 * twice + 0.1 * mean)
    around.assign(0.9 * around + 0.1 * tf.reduce_mean(tf.math.squared_difference(h, x), axis=[0, 1, 2]))
    tf.cond(training, lambda: branch.assign(0.8 * branch + 0.2 * mean), lambda: branch)
    optimizer.apply_gradients([(tape.gradient(loss, kernel), kernel)])


for step in range(6):
    x = tf.random.normal([8, 5, 5, 3], 5.0, 2.0)
    train_step(x, tf.constant(0.9), tf.constant(True))
"""


@pytest.mark.tensorflow
def test_inside_a_function(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(FUNCTION)
    assert _laws(tmp_path) == [
        "v ← 0.9·v + 0.1·batch mean",
        "v ← 0.1·v + 0.9·batch variance",
        "v ← 0.9·v + 0.1·batch standard deviation",
        "v ← 0.8·v + 0.2·batch mean",
        # Two: what one is averaged with is an argument of the step, which could be anything; what varies around
        # something else, as the other's source does, has a mean that is no batch mean.
        "not explained by the batch",
        "v ← 0.9·v + 0.1·batch variance (unbiased)",
        # One of two assignments is not the law.
        "not explained by the batch",
    ]


def _laws(folder: Path, *words: str, python: str | None = sys.executable) -> list[str]:
    """Of the statistics that training saw, in the order of the program."""
    assert python is not None
    seen = trace(folder, "train.py", *words, python=python)
    return [each["training"]["text"] for each in seen.data["statistics"] if each["training"] is not None]


@pytest.mark.tensorflow
@pytest.mark.parametrize("keras", ["2", "3"])
def test_inside_fit(tmp_path: Path, keras: str) -> None:
    (tmp_path / "train.py").write_text(FIT)
    averages = [f"v ← 0.99·v + 0.01·{source}" for source in (MEAN, VARIANCE)]
    assert _laws(tmp_path, keras) == [*averages, "unchanged", "unchanged"]


@pytest.mark.tensorflow
def test_of_a_layer_inside_a_function(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(TAPE)
    own = [f"v ← 0.9·v + 0.1·{source}" for source in (MEAN, VARIANCE)]
    assert _laws(tmp_path, "traced") == [*own, *(f"v ← 0.8·v + 0.2·{source}" for source in (MEAN, VARIANCE))]


SESSION = """\
import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
x = tf.placeholder(tf.float32, [None, 3])
training = tf.placeholder(tf.bool, [], name="training")
h = tf.matmul(x, tf.get_variable("weights", [3, 4]))
mean, variance = tf.nn.moments(h, axes=[0])
moving = tf.get_variable("moving", [4], initializer=tf.ones_initializer(), trainable=False)
kept = tf.cond(training, lambda: tf.assign(moving, 0.9 * moving + 0.1 * variance), lambda: tf.identity(moving))
loss = tf.reduce_mean(tf.square(h))
with tf.control_dependencies([kept]):
    train = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for step in range(6):
        session.run(train, {x: np.random.normal(5.0, 2.0, [64, 3]), training: True})
"""


@pytest.mark.parametrize(
    "python",
    [
        pytest.param(sys.executable, marks=pytest.mark.tensorflow, id="2"),
        pytest.param(old_tensorflow.PYTHON, marks=old_tensorflow.needed, id="1.15"),
    ],
)
def test_deep_in_a_network_of_a_session(tmp_path: Path, python: str) -> None:
    (tmp_path / "train.py").write_text(SESSION)
    assert _laws(tmp_path, python=python) == ["v ← 0.9·v + 0.1·batch variance"]


@old_tensorflow.needed
def test_of_a_layer_in_an_estimator(tmp_path: Path) -> None:
    running = "    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):\n    "
    (tmp_path / "train.py").write_text(ESTIMATOR.replace("    train =", running + "    train ="))
    assert _laws(tmp_path, python=old_tensorflow.PYTHON) == [f"v ← 0.9·v + 0.1·{each}" for each in (MEAN, VARIANCE)]
