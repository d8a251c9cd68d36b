"""Functions that hand a training flag on: which of their calls get to the batch norm inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.analysis.conftest import Found

WAYS = {
    "an if": "    normalizer = None\n    if use_bn:\n        normalizer = slim.batch_norm\n",
    "an if with an else": (
        "    if use_bn:\n        normalizer = slim.batch_norm\n    else:\n        normalizer = None\n"
    ),
    "the else": "    if not_normalized:\n        normalizer = None\n    else:\n        normalizer = slim.batch_norm\n",
    "an expression": "    normalizer = slim.batch_norm if use_bn else None\n",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_normalizer_that_an_option_chooses(way: str, found: Found) -> None:
    option, on, off = ("not_normalized", False, True) if way == "the else" else ("use_bn", True, False)
    program = (
        "import tensorflow as tf\nfrom tensorflow.contrib import slim\n"
        f"def fc(x, {option}={off}, is_training=False):\n{WAYS[way]}"
        "    options = {'is_training': is_training}\n"
        "    return slim.fully_connected(x, 3, normalizer_fn=normalizer, normalizer_params=options)\n"
        f"def net(x, is_training):\n    x = fc(x, {option}={on}, is_training=is_training)\n"
        f"    return fc(x)\nstep = tf.train.AdamOptimizer().minimize(loss)\n"
    )
    row = program[: program.index("    return fc(x)")].count("\n") + 1
    assert found(program, "BN301") == []
    assert found(program.replace("return fc(x)", f"return fc(x, {option}={on})"), "BN301") == [f"program.py:{row}"]
