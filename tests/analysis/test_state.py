"""Statistics that are no variables, or whose copies are written: BN104 and BN105, with their guards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.analysis.conftest import Found

HEAD = "import numpy as np\nimport tensorflow as tf\n"
LAYER = (
    HEAD
    + """class Norm{base}:
    def __init__(self, n):
        self.moving_mean = {start}
        self.loss = 0.0
    def __call__(self, x):
        mean, variance = tf.nn.moments(x, [0])
        {update}
        return (x - self.moving_mean) / tf.sqrt(variance + 1e-3)
"""
)
AVERAGE = "self.moving_mean = self.moving_mean * 0.9 + mean * 0.1"

PLAIN = {
    "a tensor": ("(tf.Module)", "tf.zeros([n])", AVERAGE),
    "an array": ("(tf.keras.layers.Layer)", "np.zeros(n)", AVERAGE),
    "a number": ("", "0.0", AVERAGE),
    "in steps": ("", "tf.zeros([n])", "self.moving_mean *= 0.9; self.moving_mean += 0.1 * mean"),
    "from the first batch on": ("", "None", f"self.moving_mean = mean if x is None else mean; {AVERAGE}"),
}
NO_PLAIN = {
    "a variable": ("(tf.Module)", "tf.Variable(tf.zeros([n]), trainable=False)", AVERAGE),
    "a variable of an old Keras": ("(tf.keras.layers.Layer)", "tf.keras.backend.zeros([n])", AVERAGE),
    "NumPy alone": ("", "np.zeros(n)", "self.moving_mean = self.moving_mean * 0.9 + np.mean(x, 0) * 0.1"),
    "an average of a loss": ("", "0.0", "self.loss = self.loss * 0.9 + tf.reduce_mean(x) * 0.1"),
    "something from elsewhere": ("", "load(n)", AVERAGE),
}


@pytest.mark.parametrize(("base", "start", "update"), PLAIN.values(), ids=PLAIN)
def test_plain_state_is_seen(found: Found, base: str, start: str, update: str) -> None:
    assert found(LAYER.format(base=base, start=start, update=update), "BN105") == ["program.py:5 warning"]


@pytest.mark.parametrize(("base", "start", "update"), NO_PLAIN.values(), ids=NO_PLAIN)
def test_other_state_is_let_pass(found: Found, base: str, start: str, update: str) -> None:
    assert found(LAYER.format(base=base, start=start, update=update), "BN105") == []


VARIABLE = LAYER.format(
    base="(tf.Module)",
    start="tf.Variable(tf.zeros([n]), trainable=False)",
    update="self.moving_mean.assign(self.moving_mean * 0.9 + mean * 0.1)",
)
LOST = {
    "the whole value": "norm.moving_mean.numpy()[:] = data",
    "one element": "norm.moving_mean.numpy()[0] += 1",
    "an entry of the weights": "bn.get_weights()[2][:] = data",
    "a copy with a name": "w = bn.get_weights(); w[3] = data",
    "the attribute of a layer": "norm.moving_mean = tf.zeros([3])",
    "the attribute of a layer, by NumPy": "model.layers[1].moving_variance = np.ones(3)",
    "an array beside an assignment": "norm.moving_mean = data.mean(0); norm.moving_variance.assign(data.var(0))",
}
KEPT = {
    "a copy that is read again": "w = bn.get_weights(); w[2][:] = 0; bn.set_weights(w)",
    "a copy that is returned": "w = norm.moving_mean.numpy(); w[:] = 0; return w",
    "an assignment": "norm.moving_mean.assign(data)",
    "the kernel": "dense.get_weights()[0][:] = 0",
    "weights of something else": "dense.get_weights()[2][:] = 0",
    "an array of one's own": "data[:] = 0",
    "arrays in both": "other.moving_mean = data.mean(0); other.moving_variance = data.var(0)",
    "an array in another object": "other.moving_mean = data.mean(0); bn.moving_variance.assign(data)",
    "a variable that is shared": "norm.moving_mean = other.moving_mean",
    "PyTorch": "norm.running_mean.numpy()[:] = 0; norm.running_mean = tf.zeros([3])",
}


@pytest.mark.parametrize("line", LOST.values(), ids=LOST)
def test_what_never_reaches_the_variable_is_seen(found: Found, line: str) -> None:
    assert found(VARIABLE + f"def reset(norm, bn, model, data):\n    {line}\n", "BN104") == ["program.py:12"]


@pytest.mark.parametrize("line", KEPT.values(), ids=KEPT)
def test_what_is_used_is_let_pass(found: Found, line: str) -> None:
    assert found(VARIABLE + f"def reset(norm, bn, dense, other, data):\n    {line}\n", "BN104") == []


def test_a_method_that_starts_anew_by_a_tensor_is_seen(found: Found) -> None:
    reset = "    def reset(self):\n        self.moving_mean = tf.zeros([3])\n"
    assert found(VARIABLE + reset, "BN104") == ["program.py:12"]


def test_a_graph_has_no_copies(found: Found) -> None:
    graph = "tf.compat.v1.disable_v2_behavior()\ndef reset(bn):\n    bn.moving_mean = tf.zeros([3])\n"
    assert found(HEAD + graph, "BN104") == []
