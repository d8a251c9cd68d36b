"""Which values tell the phases apart, and in which phase code runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bnlint.analysis.facts import ModuleFacts, analyse
from bnlint.analysis.module_facts.phases import named_side

if TYPE_CHECKING:
    from tests.analysis.conftest import Found


def facts(text: str) -> ModuleFacts:
    return analyse("import tensorflow.compat.v1 as tf\nimport keras\n" + text, "program.py")


@pytest.mark.parametrize(
    "name", ["training", "is_training", "isTrain", "phase_train", "self.train_phase", "tf_is_train"]
)
def test_names_of_training_flags(name: str) -> None:
    assert named_side(name) is True


@pytest.mark.parametrize("name", ["is_test", "testing", "self.is_eval", "inference", "deterministic"])
def test_names_of_inference_flags(name: str) -> None:
    assert named_side(name) is False


@pytest.mark.parametrize("name", ["trainable", "train_op", "trainer", "x_train", "train_data", "phase", "constrain"])
def test_other_names(name: str) -> None:
    assert named_side(name) is None


TRAINING = [
    "training", "not testing", "training == True", "training is True", "use_bn and training", "training > 0",
    "mode == tf.estimator.ModeKeys.TRAIN", "mode == 'train'", "mode != 'test'", "mode not in ('eval', 'predict')",
    "tf.cast(training, tf.bool)", "tf.equal(training, True)", "keras.backend.learning_phase()", "bool(training)",
]  # fmt: skip
INFERENCE = [
    "not training", "training == False", "mode == tf.estimator.ModeKeys.PREDICT", "tf.logical_not(training)",
    "mode in ('eval', 'infer')", "training is not True",
]  # fmt: skip
NEITHER = [
    "x",
    "training is None",
    "training is not None",
    "use_bn or training",
    "mode == 'SAME'",
    "phase",
    "x == 'train'",
]


@pytest.mark.parametrize("test", TRAINING)
def test_conditions_for_training(test: str) -> None:
    assert _side(test) is True


@pytest.mark.parametrize("test", INFERENCE)
def test_conditions_for_inference(test: str) -> None:
    assert _side(test) is False


@pytest.mark.parametrize("test", NEITHER)
def test_conditions_that_say_nothing_of_the_phase(test: str) -> None:
    assert _side(test) is None


def _side(test: str) -> bool | None:
    module = facts(f"def f(x, training, testing, mode, use_bn, phase):\n    if {test}:\n        return x\n")
    statement = next(each for each in module.flow.tree.statements if each.kind == "test")
    return module.phases.side(statement.value)


PLACES = {
    "under the condition": ("if training:\n        here()", True),
    "in the other branch": ("if training:\n        pass\n    else:\n        here()", False),
    "after an early return": ("if training:\n        return x\n    here()", False),
    "where one of two conditions fails": ("if not (use_bn and training):\n        here()", None),
    "in a conditional expression": ("return here() if training else x", True),
    "in a branch of tf.cond": ("return tf.cond(training, lambda: x, lambda: here())", False),
    "in a function that is a branch": (
        "def branch():\n        return here()\n    return tf.cond(training, branch, lambda: x)",
        True,
    ),
    "unconditionally": ("here()", None),
}


@pytest.mark.parametrize("place", PLACES)
def test_the_phase_of_a_call(place: str) -> None:
    body, side = PLACES[place]
    module = facts(f"def f(x, training, use_bn):\n    {body}\n")
    call = next(each for each in module.flow.tree.calls if getattr(each.callee, "path", "") == "here")
    assert module.phases.of_call(call) is side


FLAGS = {
    "a parameter": ("def f(x, is_training):\n    here()\n", "is_training"),
    "an attribute that a caller fills": (
        "class N:\n    def __init__(self, is_training):\n        self.is_training = is_training\n"
        "    def f(self):\n        here()\n",
        "self.is_training",
    ),
    "a placeholder of the module": ("training = tf.placeholder(tf.bool)\ndef f(x):\n    here()\n", "training"),
    "a tensor of that name": ("def f(x):\n    train = tf.nn.relu(x)\n    here()\n", None),
    "nothing": ("def f(x):\n    here()\n", None),
}


@pytest.mark.parametrize("case", FLAGS)
def test_the_flag_in_reach(case: str) -> None:
    text, flag = FLAGS[case]
    module = facts(text)
    call = next(each for each in module.flow.tree.calls if getattr(each.callee, "path", "") == "here")
    assert module.phases.flag_at(module.flow.site(call).scope) == flag


def test_a_layer_whose_output_is_dropped_runs_in_no_phase(found: Found) -> None:
    text = """import tensorflow.compat.v1 as tf
def net(x, is_training):
    y = tf.layers.dense(x, 3)
    {0}tf.layers.batch_normalization(y, training=True)
    return y
step = tf.train.AdamOptimizer().minimize(loss)
"""
    assert found(text.format("y = "), "BN304") == ["program.py:4 warning"]
    assert found(text.format(""), "BN304") == []
    assert found(text.format(""), "BN406") == ["program.py:4 warning"]
