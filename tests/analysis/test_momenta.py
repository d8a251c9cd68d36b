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
