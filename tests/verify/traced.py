"""How the tests of ``bnlint trace`` start it, and the programs that several of them trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ENVIRONMENT = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}


class Traced(NamedTuple):
    """status, output, errors: of the command. data: what it wrote in its format json."""

    status: int
    output: str
    errors: str
    data: dict[str, Any]

    def verdicts(self) -> list[str]:
        return [f"{each['code']} {each['verification']['verdict']}" for each in self.data["report"]["findings"]]

    def statistic(self, name: str) -> dict[str, Any]:
        (found,) = (each for each in self.data["statistics"] if each["name"] == name)
        return found


def trace(folder: Path, *words: str, options: tuple[str, ...] = (), python: str = sys.executable) -> Traced:
    """Trace ``python words…`` in the folder."""
    command = [sys.executable, "-m", "bnlint", "trace", "--output-format", "json", "--output", "trace.json", *options]
    result = subprocess.run(
        [*command, "--", python, *words], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120
    )
    return Traced(result.returncode, result.stdout, result.stderr, json.loads((folder / "trace.json").read_text()))


NET = """\
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()


class Norm:
    def __init__(self, channels):
        self.mean = tf.get_variable("mean", [channels], initializer=tf.zeros_initializer(), trainable=False)
        self.variance = tf.get_variable("variance", [channels], initializer=tf.ones_initializer(), trainable=False)

    def __call__(self, x):
        mean, variance = tf.nn.moments(x, axes=[0])
        self.kept_mean = self.mean.assign(self.mean * 0.9 + mean * 0.1)
        self.kept_variance = self.variance.assign(self.variance * 0.9 + variance * 0.1)
        return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)
"""
# Which ops it fetches is known only when it runs.
TRAIN = """\
import sys

import net
import numpy as np
import tensorflow.compat.v1 as tf

x = tf.placeholder(tf.float32, [None, 3])
norm = net.Norm(3)
scale = tf.get_variable("scale", [3])
loss = tf.reduce_mean(tf.square(scale * norm(x) - 1.0))
train = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
fetches = [train] + [value for name, value in sorted(vars(norm).items()) if name.startswith(sys.argv[1])]
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for step in range(12):
        session.run(fetches, {x: np.random.normal(5.0, 2.0, [64, 3])})
        print("step", step, flush=True)
        if step == 4 and len(sys.argv) > 2:
            exec(sys.argv[2])
"""

TAPE = """\
import sys

import numpy as np
import tensorflow as tf


class Norm(tf.Module):
    def __init__(self, channels):
        self.mean = tf.Variable(tf.zeros([channels]), trainable=False)
        self.variance = tf.Variable(tf.ones([channels]), trainable=False)

    def __call__(self, x, training=False):
        if not training:
            return tf.nn.batch_normalization(x, self.mean, self.variance, None, None, 1e-3)
        mean, variance = tf.nn.moments(x, axes=[0])
        self.mean.assign(self.mean * 0.9 + mean * 0.1)
        self.variance.assign(self.variance * 0.9 + variance * 0.1)
        return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)


layer = tf.keras.layers.BatchNormalization(momentum=0.8)
norm = Norm(3)
optimizer = tf.keras.optimizers.SGD(0.01)


def train_step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(norm(layer(x, training=True), training=True) ** 2)
    optimizer.apply_gradients(zip(tape.gradient(loss, layer.trainable_variables), layer.trainable_variables))


if "traced" in sys.argv:
    train_step = tf.function(train_step)
for step in range(12):
    x = tf.constant(np.random.normal(5.0, 2.0, [64, 3]).astype("float32"))
    train_step(x)
    layer(x, training=False)
"""

FIT = """\
import os
import sys

if sys.argv[1] == "2":
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
import numpy as np
import tensorflow as tf

keras = tf.keras


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.right = keras.layers.BatchNormalization()
        self.wrong = keras.layers.BatchNormalization()
        self.out = keras.layers.Dense(1)

    def call(self, x, training=None):
        return self.out(self.wrong(self.right(x, training=training), training=False))


net = Net()
net.compile("sgd", "mse")
x, y = np.random.normal(5.0, 2.0, [64, 3]).astype("float32"), np.zeros([64, 1], "float32")
net.fit(x, y, epochs=2, batch_size=8, verbose=0, validation_data=(x, y))
net.predict(x, verbose=0)
print(keras.layers.Layer.__module__.split(".")[0])
"""

ESTIMATOR = """\
import numpy as np
import tensorflow as tf


def model_fn(features, labels, mode):
    x = tf.layers.batch_normalization(features, training=mode == tf.estimator.ModeKeys.TRAIN, momentum=0.9)
    loss = tf.reduce_mean(tf.square(tf.layers.dense(x, 1) - labels))
    train = tf.train.GradientDescentOptimizer(0.01).minimize(loss, global_step=tf.train.get_global_step())
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train)


def data():
    x = np.random.normal(5.0, 2.0, [64, 3]).astype("float32")
    return tf.data.Dataset.from_tensor_slices((x, x[:, :1])).repeat().batch(8)


estimator = tf.estimator.Estimator(model_fn)
estimator.train(data, steps=6)
estimator.evaluate(data, steps=3)
"""
