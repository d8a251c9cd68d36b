"""What is saved, what is dropped and what is shared: BN403, BN404, BN406 and BN407, with their guards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.analysis.conftest import Found

RAW = """import keras
from keras import ops
import tensorflow as tf
class Norm({base}):
    def build(self, shape):
        self.moving_mean = {mean}
        {more}
    def call(self, x):
        mean = ops.mean(x, 0)
        self.moving_mean.assign(self.moving_mean * 0.9 + mean * 0.1)
        return x - mean
{after}
"""
VARIABLE = "tf.Variable(tf.zeros([3]), trainable=False)"


def raw(base: str = "keras.layers.Layer", mean: str = VARIABLE, more: str = "pass", after: str = "") -> str:
    return RAW.format(base=base, mean=mean, more=more, after=after)


def test_a_raw_variable_of_keras_3_is_seen(found: Found) -> None:
    assert found(raw(), "BN403") == ["program.py:6"]
    assert found(raw("keras.Model"), "BN403") == ["program.py:6"]


SAVED = {
    "a weight": raw(mean="self.add_weight(shape=(3,), trainable=False)"),
    "a variable of Keras": raw(mean="keras.Variable(ops.zeros([3]), trainable=False)"),
    "a module": raw("tf.Module"),
    "a plain class": raw("object"),
    "it is tracked": raw(more="self._track_variable(self.moving_mean)"),
    "the layer saves it": raw(after="    def save_own_variables(self, store):\n        pass"),
    "a checkpoint saves it": raw(after="tf.train.Checkpoint(norm=Norm()).save('x')").replace(".save(", ".write("),
    "Keras 2": raw().replace("import keras\nfrom keras import ops", "import tf_keras as keras\nops = tf"),
}


@pytest.mark.parametrize("program", SAVED.values(), ids=SAVED)
def test_what_is_saved_is_let_pass(found: Found, program: str) -> None:
    assert found(program, "BN403") == []


GRAPH = "import tensorflow.compat.v1 as tf\ntf.disable_v2_behavior()\n"
NET = "def net(x, training):\n    return tf.layers.batch_normalization(x, training=training)\n"
NET += "y = net(x, training)\n"
SAVE = "with tf.Session() as sess:\n    saver.save(sess, 'x')\n"

PARTIAL = {
    "the weights": "saver = tf.train.Saver(tf.trainable_variables())\n",
    "by keyword": "saver = tf.train.Saver(var_list=tf.trainable_variables(), max_to_keep=3)\n",
    "the collection": "saver = tf.train.Saver(tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES))\n",
    "a selection": "saver = tf.train.Saver([v for v in tf.trainable_variables() if 'head' not in v.name])\n",
    "the weights and the step": "saver = tf.train.Saver(tf.trainable_variables() + [global_step])\n",
}
WHOLE = {
    "everything": "saver = tf.train.Saver()\n",
    "all variables": "saver = tf.train.Saver(tf.global_variables())\n",
    "the statistics are added": (
        "kept = tf.trainable_variables()\n"
        "kept += [v for v in tf.global_variables() if 'moving' in v.name]\nsaver = tf.train.Saver(kept)\n"
    ),
    "the statistics are appended": (
        "kept = tf.trainable_variables()\nfor v in tf.global_variables():\n    kept.append(v)\n"
        "saver = tf.train.Saver(kept)\n"
    ),
    "another saver saves all": (
        "loader = tf.train.Saver(tf.trainable_variables())\nloader.restore(None, 'y')\nsaver = tf.train.Saver()\n"
    ),
}


@pytest.mark.parametrize("saver", PARTIAL.values(), ids=PARTIAL)
def test_a_saver_of_the_weights_is_seen(found: Found, saver: str) -> None:
    assert found(GRAPH + NET + saver + SAVE, "BN404") == ["program.py:6"]


@pytest.mark.parametrize("saver", WHOLE.values(), ids=WHOLE)
def test_a_saver_of_the_statistics_is_let_pass(found: Found, saver: str) -> None:
    assert found(GRAPH + NET + saver + SAVE, "BN404") == []


def test_a_program_without_statistics_for_inference_is_let_pass(found: Found) -> None:
    saver = PARTIAL["the weights"] + SAVE
    assert found(GRAPH + saver, "BN404") == []
    assert found(GRAPH + "from tensorflow.contrib import slim\ny = slim.batch_norm(x)\n" + saver, "BN404") == []


def test_a_batch_norm_that_nobody_builds_has_no_statistics(found: Found) -> None:
    unused = NET.removesuffix("y = net(x, training)\n")
    assert found(GRAPH + unused + PARTIAL["the weights"] + SAVE, "BN404") == []
    by_name = "import layers\ny = getattr(layers, name)(x, training)\n"
    files = {"layers.py": GRAPH + unused, "program.py": GRAPH + by_name + PARTIAL["the weights"] + SAVE}
    assert found(files, "BN404", "BN204") == ["program.py:5"]


def test_a_saver_that_only_restores_is_let_pass(found: Found) -> None:
    assert found(GRAPH + NET + PARTIAL["the weights"] + "saver.restore(None, 'x')\n", "BN404") == []


def test_the_saver_of_another_class_says_nothing_of_this_one(found: Found) -> None:
    loads = (
        "class Loads:\n    def __init__(self, sess):\n        self.saver = tf.train.Saver(tf.trainable_variables())\n"
    )
    loads += "        self.saver.restore(sess, 'x')\n"
    trains = "class Trains:\n    def __init__(self):\n        {}\n    def save(self, sess):\n"
    trains += "        self.saver.save(sess, 'x')\n"
    assert found(GRAPH + NET + loads + trains.format("self.saver = make_saver()"), "BN404") == []
    assert found(GRAPH + NET + loads + trains.format("pass"), "BN404") == ["program.py:8"]


MODEL = "from tensorflow.keras import layers\ndef build(x, model):\n    {line}\n    return x\n"
DISCARDED = {
    "the output": "layers.BatchNormalization()(x)",
    "the layer": "layers.BatchNormalization()",
    "an output with a name": "y = layers.BatchNormalization()(x)",
    "a layer with a name": "bn = layers.BatchNormalization()",
}
HELD = {
    "an output that is used": "x = layers.BatchNormalization()(x)",
    "a layer in a list": "model.stack = [layers.BatchNormalization()]",
    "a layer that is added": "model.add(layers.BatchNormalization())",
    "a layer that is called": "bn = layers.BatchNormalization(); x = bn(x)",
    "a call for its effect": "bn = layers.BatchNormalization(); bn(x, training=True)",
    "an output that is returned": "return layers.BatchNormalization()(x)",
    "a name that says so": "_ = layers.BatchNormalization()(x)",
    "a test of an error": "with pytest.raises(ValueError): layers.BatchNormalization()(x)",
}


@pytest.mark.parametrize("line", DISCARDED.values(), ids=DISCARDED)
def test_a_discarded_layer_is_seen(found: Found, line: str) -> None:
    assert found(MODEL.format(line=line), "BN406") == ["program.py:3 warning"]


@pytest.mark.parametrize("line", HELD.values(), ids=HELD)
def test_a_layer_that_is_held_is_let_pass(found: Found, line: str) -> None:
    assert found(MODEL.format(line=line), "BN406") == []


@pytest.mark.parametrize("loop", ["src in made", "number, src in enumerate(made)", "src, size in zip(made, sizes)"])
def test_what_is_put_into_a_list_is_read_by_a_loop(found: Found, loop: str) -> None:
    program = f"""from keras import layers
def net(features, sizes):
    made, flat = [], []
    for each in features:
        made.append(layers.BatchNormalization()(each))
    for {loop}:
        src = layers.ReLU()(src)
        flat.append(src)
    return layers.Concatenate()(flat)
"""
    assert found(program, "BN406") == []
    unused = program.replace("src = layers.ReLU()(src)", "src = layers.ReLU()(features)")
    assert found(unused, "BN406") == ["program.py:5 warning"]


def test_a_layer_held_by_an_object_may_be_called_for_its_effect(found: Found) -> None:
    program = """import tensorflow as tf
class Folded(tf.keras.layers.Layer):
    def __init__(self):
        self.bn = tf.keras.layers.BatchNormalization()
    def call(self, x, training=None):
        self.bn(x, training=training)
        return x
"""
    assert found(program, "BN406") == []


TWICE = "a = net(x, True)\nb = net(x, False)\n"
SHARED = {
    "a scope around the layer": NET.replace(
        "    return", "    with tf.variable_scope('n', reuse=tf.AUTO_REUSE):\n        return"
    )
    + TWICE,
    "a layer with a name": NET.replace("training=training", "training=training, name='bn', reuse=tf.AUTO_REUSE")
    + TWICE,
    "a scope around the calls": NET + "with tf.variable_scope('n') as s:\n    a = net(x, True)\n"
    "with tf.variable_scope(s, reuse=True):\n    b = net(x, False)\n",
    "graphs of their own": NET + "with tf.Graph().as_default():\n    a = net(x, True)\n"
    "with tf.Graph().as_default():\n    b = net(x, False)\n",
    "one or the other": NET + "if train:\n    a = net(x, True)\nelse:\n    a = net(x, False)\n",
    "a placeholder": NET + "a = net(x, flag)\n",
    "two networks for training": NET + "a = net(x, True)\nb = net(z, True)\n",
}


def test_statistics_of_their_own_are_seen(found: Found) -> None:
    assert found(GRAPH + NET + TWICE, "BN407") == ["program.py:4"]
    outer = "def model(x, training):\n    return net(x, training)\n"
    assert found(GRAPH + NET + outer + TWICE.replace("net", "model"), "BN407") == ["program.py:4"]


@pytest.mark.parametrize("program", SHARED.values(), ids=SHARED)
def test_shared_statistics_are_let_pass(found: Found, program: str) -> None:
    assert found(GRAPH + program, "BN407") == []
