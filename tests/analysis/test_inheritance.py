"""Statistics that a base class in another file makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.analysis.conftest import Found

BASE = """import tensorflow as tf
class Norm(tf.keras.layers.Layer):
    def build(self, shape):
        self.moving_mean = self.add_weight(name="mean", shape=shape[-1:], initializer="zeros", trainable={trainable})
        self.moving_variance = self.add_weight(name="var", shape=shape[-1:], initializer="ones", trainable={trainable})
        self.kernel = self.add_weight(name="kernel", shape=shape[-1:])
"""
LAYER = """import tensorflow as tf
from base import Norm
class BatchNorm(Norm):
    def call(self, x, training=None):
        if training:
            mean, variance = tf.nn.moments(x, [0])
            {mean}
            {variance}
        else:
            mean, variance = self.moving_mean, self.moving_variance
        return tf.nn.batch_normalization(x, mean, variance, None, self.kernel, 1e-3)
"""
ASSIGNED = {
    "mean": "self.moving_mean.assign(0.9 * self.moving_mean + 0.1 * mean)",
    "variance": "self.moving_variance.assign(0.9 * self.moving_variance + 0.1 * variance)",
}
BOUND = {
    "mean": "self.moving_mean = 0.9 * self.moving_mean + 0.1 * mean",
    "variance": "self.moving_variance = 0.9 * self.moving_variance + 0.1 * variance",
}


def files(trainable: bool = False, **lines: str) -> dict[str, str]:
    return {"base.py": BASE.format(trainable=trainable), "layer.py": LAYER.format(**{**ASSIGNED, **lines})}


@pytest.mark.parametrize(
    ("project", "places"),
    [
        (files(**BOUND), ["layer.py:7", "layer.py:8"]),
        (files(variance="pass"), ["layer.py:7"]),
        (files(variance=ASSIGNED["variance"].replace("* variance", "* mean")), ["layer.py:8"]),
        (files(mean=ASSIGNED["mean"].replace("0.9", "0.2").replace("0.1", "0.8")), ["layer.py:7 warning"]),
    ],
    ids=["rebound", "one is left out", "the variance is fed the mean", "swapped weights"],
)
def test_what_a_class_does_with_inherited_statistics_is_seen(
    project: dict[str, str], places: list[str], found: Found
) -> None:
    assert found(project) == places


def test_right_updates_of_inherited_statistics_are_left_alone(found: Found) -> None:
    assert found(files()) == []


def test_how_they_are_made_is_told_where_they_are_made(found: Found) -> None:
    assert all(place.startswith("base.py:") for place in found(files(trainable=True)))


def test_a_class_of_the_same_name_elsewhere_is_no_base(found: Found) -> None:
    project = files(**BOUND)
    project["layer.py"] = project["layer.py"].replace("from base import", "from other import")
    assert found(project) == []


@pytest.mark.parametrize(("lines", "places"), [(BOUND, ["layer.py:7", "layer.py:8"]), (ASSIGNED, [])])
def test_the_statistics_of_the_layer_of_keras(lines: dict[str, str], places: list[str], found: Found) -> None:
    layer = LAYER.format(**lines).replace(
        "from base import Norm", "from tensorflow.keras.layers import BatchNormalization"
    )
    assert found({"layer.py": layer.replace("(Norm)", "(BatchNormalization)").replace("kernel", "gamma")}) == places
