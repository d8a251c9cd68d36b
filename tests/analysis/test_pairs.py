"""Mean and variance that belong together: BN502 and BN503, with their guards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.analysis.conftest import Found

LAYER = """import tensorflow as tf
class Norm(tf.Module):
    def __init__(self, n):
        self.moving_mean = tf.Variable(tf.zeros([n]), trainable=False)
        self.moving_{other} = tf.Variable(tf.ones([n]), trainable=False)
    def __call__(self, x, training, m=0.9):
        mean, variance = tf.nn.moments(x, [0])
        deviation = tf.sqrt(variance)
{body}
        return tf.nn.batch_normalization(x, self.moving_mean, {square}, None, None, 1e-3)
"""
MEAN = "self.moving_mean.assign(self.moving_mean * m + mean * (1 - m))"
VARIANCE = "self.moving_variance.assign(self.moving_variance * m + variance * (1 - m))"


def layer(*body: str, other: str = "variance") -> str:
    square = "self.moving_variance" if other == "variance" else f"self.moving_{other} ** 2"
    return LAYER.format(body="\n".join(" " * 8 + line for line in body), other=other, square=square)


MIXED = {
    "a mean for the variance": (MEAN, "self.moving_variance.assign(self.moving_variance * m + mean * (1 - m))"),
    "a variance for the mean": ("self.moving_mean.assign_sub((self.moving_mean - variance) * (1 - m))", VARIANCE),
    "a root for the variance": ("self.moving_variance.assign(self.moving_variance * m + deviation * (1 - m))", MEAN),
    "a plain mean for the variance": (
        MEAN,
        "self.moving_variance.assign(self.moving_variance * m + tf.reduce_mean(x, 0) * (1 - m))",
    ),
}
MATCHED = {
    "each its own": (MEAN, VARIANCE),
    "a mean of squares": (
        MEAN,
        "v = tf.reduce_mean(tf.square(x - mean), 0)",
        "self.moving_variance.assign(self.moving_variance * m + v * (1 - m))",
    ),
    "a mean of products": (
        MEAN,
        "v = tf.reduce_mean((x - mean) * (x - mean), 0)",
        "self.moving_variance.assign(self.moving_variance * m + v * (1 - m))",
    ),
    "a corrected variance": (
        MEAN,
        "self.moving_variance.assign(self.moving_variance * m + variance * 64 / 63 * (1 - m))",
    ),
    "a mean of variances": (
        MEAN,
        "self.moving_variance.assign(self.moving_variance * m + tf.reduce_mean(variance[None], 0) * (1 - m))",
    ),
}


@pytest.mark.parametrize("body", MIXED.values(), ids=MIXED)
def test_a_statistic_of_another_kind_is_seen(found: Found, body: tuple[str, ...]) -> None:
    assert len(found(layer(*body), "BN502")) == 1


@pytest.mark.parametrize("body", MATCHED.values(), ids=MATCHED)
def test_a_statistic_of_its_own_kind_is_let_pass(found: Found, body: tuple[str, ...]) -> None:
    assert found(layer(*body), "BN502") == []


def test_a_deviation_may_be_fed_a_deviation(found: Found) -> None:
    update = "self.moving_stddev.assign(self.moving_stddev * m + deviation * (1 - m))"
    assert found(layer(MEAN, update, other="stddev"), "BN502") == []


def test_a_helper_for_both_statistics_is_no_mixture(found: Found) -> None:
    helper = "def move(v, value):\n    v.assign(v * 0.9 + value * 0.1)\n"
    calls = ("move(self.moving_mean, mean)", "move(self.moving_variance, variance)")
    assert found(layer(*calls) + helper, "BN502", "BN503") == []


ONE_SIDED = {
    "the variance rests": (MEAN,),
    "the mean rests": (VARIANCE,),
    "the resting one is only read": (MEAN, "tf.print(self.moving_variance)"),
}
BOTH = {
    "both move": (MEAN, VARIANCE),
    "both move in branches": ("if training:", "    " + MEAN, "    " + VARIANCE),
    "one is rebound, which is another rule's": (
        MEAN,
        "self.moving_variance = self.moving_variance * m + variance * (1 - m)",
    ),
    "one is handed to other code": (MEAN, "update(self.moving_variance, variance)"),
    "one is put into a list": (MEAN, "for v in [self.moving_variance]:", "    v.assign(variance)"),
    "none moves": ("pass",),
}


@pytest.mark.parametrize("body", ONE_SIDED.values(), ids=ONE_SIDED)
def test_a_resting_sibling_is_seen(found: Found, body: tuple[str, ...]) -> None:
    assert found(layer(*body), "BN503") == ["program.py:9"]


@pytest.mark.parametrize("body", BOTH.values(), ids=BOTH)
def test_a_pair_that_moves_is_let_pass(found: Found, body: tuple[str, ...]) -> None:
    assert found(layer(*body), "BN503") == []


def test_other_code_may_assign_from_outside(found: Found) -> None:
    outside = "def calibrate(norm, value):\n    norm.moving_variance.assign(value)\n"
    assert found(layer(MEAN) + outside, "BN503") == []


def test_a_mean_without_a_variance_is_no_pair(found: Found) -> None:
    program = layer(MEAN).replace("self.moving_variance = tf.Variable(tf.ones([n]), trainable=False)", "pass")
    assert found(program.replace("self.moving_variance,", "1.0,"), "BN503") == []


def test_numpy_and_pytorch_are_let_pass(found: Found) -> None:
    program = """import numpy as np
import torch
import tensorflow as tf
class Norm:
    def __init__(self, n):
        self.moving_mean, self.moving_variance = np.zeros(n), torch.ones(n)
    def __call__(self, x):
        self.moving_mean = self.moving_mean * 0.9 + x.var(0) * 0.1
"""
    assert found(program, "BN1", "BN4", "BN5") == []


HANDED_OUT = """import tensorflow as tf
def make(n):
    moving_mean = tf.Variable(tf.zeros([n]), trainable=False)
    moving_variance = tf.Variable(tf.ones([n]), trainable=False)
    def norm(x, training):
        if training:
            mean, variance = tf.nn.moments(x, [0])
            moving_mean.assign(moving_mean * 0.9 + mean * 0.1)
        return tf.nn.batch_normalization(x, moving_mean, moving_variance, None, None, 1e-3)
    return norm, (moving_mean, moving_variance)
norm, statistics = make(3)
"""


def test_a_sibling_that_is_handed_to_callers_who_leave_it_alone_is_seen(found: Found) -> None:
    assert found(HANDED_OUT + "print(statistics[1])\n", "BN503") == ["program.py:8"]


def test_a_caller_may_update_what_it_is_handed(found: Found) -> None:
    assert found(HANDED_OUT + "for each in statistics:\n    each.assign(value)\n", "BN503") == []
    other = "from program import make\nnorm, (mean, variance) = make(3)\nvariance.assign(value)\n"
    assert found({"program.py": HANDED_OUT, "train.py": other}, "BN503") == []


STACKED = """import tensorflow.compat.v1 as tf
tf.disable_v2_behavior()
class Statistics:
    def __init__(self, n):
        self.moving_means = tf.get_variable("means", [4, n], trainable=False)
        self.moving_variances = tf.get_variable("variances", [4, n], trainable=False)
        self.seen = []
    def see(self, x):
        mean, variance = tf.nn.moments(x, [0])
        self.seen.append((mean, variance))
        return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)
    def update(self):
        means = tf.stack([mean for mean, _ in self.seen])
        variances = tf.stack([variance for _, variance in self.seen])
        return [
            self.moving_means.assign(self.moving_means * 0.9 + means * 0.1),
            self.moving_variances.assign(self.moving_variances * 0.9 + {source} * 0.1),
        ]
"""


@pytest.mark.parametrize(("source", "rows"), [("means", ["program.py:17"]), ("variances", [])])
def test_what_a_list_was_given_is_followed(source: str, rows: list[str], found: Found) -> None:
    assert found(STACKED.format(source=source), "BN502") == rows
