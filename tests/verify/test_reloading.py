"""What was trained, saved and loaded again: by Keras's two formats, by Checkpoint and by the Saver of TensorFlow 1."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bnlint.findings import Outcome, Verdict
from bnlint.verify.predictions import LostOnReload

pytestmark = pytest.mark.tensorflow
Run = Callable[..., Verdict]

KERAS = """
import keras
import tensorflow as tf

class Center(keras.layers.Layer):
    def build(self, shape):
        self.mean = {variable}
        super().build(shape)

    def call(self, x, training=None):
        if training:
            self.mean.assign(0.9 * self.mean + 0.1 * keras.ops.mean(x, axis=0))
        return x - self.mean
"""
CHECKPOINT = """
import tensorflow as tf

class Holder:
    pass

class Center(tf.Module):
    def __init__(self, channels=3):
        super().__init__()
        self.holder = {holder}
        self.holder.mean = tf.Variable(tf.zeros([channels]), trainable=False)

    def __call__(self, x, training=False):
        if training:
            self.holder.mean.assign(0.9 * self.holder.mean + 0.1 * tf.reduce_mean(x, 0))
        return x - self.holder.mean
"""
SAVER = """
import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
x = tf.placeholder(tf.float32, [None, 3])
mean = tf.get_variable("mean", [3], initializer=tf.zeros_initializer(), trainable=False)
weight = tf.get_variable("weight", [3])
update = tf.assign(mean, 0.9 * mean + 0.1 * tf.reduce_mean(x, 0))
with tf.control_dependencies([update]):
    train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean((x - mean) * weight))
saver = tf.train.Saver({variables})
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for step in range(4):
        session.run(train, {{x: np.random.randn(8, 3) + 3}})
"""
SAVED = 'self.add_weight(shape=(shape[-1],), initializer="zeros", trainable=False)'
UNSAVED = "tf.Variable(tf.zeros([shape[-1]]), trainable=False)"


@pytest.mark.parametrize(("variable", "outcome", "fate"), [(UNSAVED, "confirmed", "lost"), (SAVED, "refuted", "kept")])
def test_both_formats_of_keras(run: Run, variable: str, outcome: str, fate: str) -> None:
    seen = run(KERAS.format(variable=variable), LostOnReload("keras"), "Center", (6,), 6, keras="3")
    assert seen.outcome == Outcome(outcome), seen
    assert seen.evidence["statistics"][0]["reloaded"] == {"keras": fate, "keras file": fate}


@pytest.mark.parametrize(("holder", "outcome"), [("Holder()", "confirmed"), ("tf.Module()", "refuted")])
def test_checkpoint(run: Run, holder: str, outcome: str) -> None:
    seen = run(CHECKPOINT.format(holder=holder), LostOnReload("checkpoint"), "Center", (10,), 10)
    assert seen.outcome == Outcome(outcome), seen
    assert seen.evidence["statistics"][0]["reloaded"] == {"checkpoint": "lost" if outcome == "confirmed" else "kept"}


@pytest.mark.parametrize(("variables", "outcome"), [("[weight]", "confirmed"), ("[weight, mean]", "refuted")])
def test_saver(run: Run, variables: str, outcome: str) -> None:
    seen = run(SAVER.format(variables=variables), LostOnReload("saver"), None, (6,), 11, tensorflow="1")
    assert seen.outcome == Outcome(outcome), seen
    assert seen.evidence["statistics"][0]["reloaded"] == {"saver": "lost" if outcome == "confirmed" else "kept"}
