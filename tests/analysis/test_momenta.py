"""Which momenta BN501 takes for a mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.analysis.conftest import Found

LAYER = "import keras\nlayer = keras.layers.BatchNormalization(momentum={})\n"
SLIM = "import tensorflow as tf\nslim = tf.contrib.slim\ndef net(x):\n    return slim.batch_norm(x, decay={})\n"


@pytest.mark.parametrize(
    ("name", "program", "seen"),
    [
        ("model.py", LAYER.format(0.1), ["model.py:2 warning"]),
        ("model.py", LAYER.format(0.4), ["model.py:2 info"]),
        ("model.py", LAYER.format(0.5), []),
        ("model.py", LAYER.format(0), []),
        ("model.py", LAYER.format("rate"), []),
        ("model.py", SLIM.format(0.1), ["model.py:4 warning"]),
        ("model_test.py", SLIM.format(0.1), ["model_test.py:4 info"]),
        ("tests/model.py", LAYER.format(0.1), ["tests/model.py:2 info"]),
        ("model.py", LAYER.format(0.1).replace("BatchNormalization", "Dense"), []),
    ],
)
def test_a_small_momentum(found: Found, name: str, program: str, seen: list[str]) -> None:
    assert found({name: program}, "BN501") == seen


MOVING = """import tensorflow as tf
class MovingAverage:
    def __init__(self, shape):
        self.average = tf.Variable(tf.zeros(shape))
    def show(self, value):
        self.average.assign(0.1 * self.average + 0.9 * value)
"""
NORM = """import tensorflow as tf
from moving import MovingAverage
class Norm:
    def __init__(self, n):
        self.mean, self.variance = MovingAverage([n]), MovingAverage([n])
    def __call__(self, x):
        mean, variance = tf.nn.moments(x, [0])
        self.mean.show({shown})
        self.variance.show(variance)
        return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)
"""


def test_an_average_that_another_file_feeds_the_moments_of_a_batch(found: Found) -> None:
    files = {"moving.py": MOVING, "norm.py": NORM.format(shown="mean")}
    assert found(files, "BN405", "BN501") == ["moving.py:4 warning", "moving.py:6 warning"]


def test_an_average_of_anything_else(found: Found) -> None:
    other = "import tensorflow as tf\nfrom moving import MovingAverage\nMovingAverage([]).show(tf.reduce_mean(x))\n"
    assert found({"moving.py": MOVING, "train.py": other}, "BN405", "BN501") == []
