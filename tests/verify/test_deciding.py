"""What else a run shows where a look at the values alone decides nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bnlint.findings import Era, Outcome, Verdict
from bnlint.verify.pool import Pool
from bnlint.verify.predictions import (
    AnyOf,
    Experiment,
    Leaks,
    MixedLaw,
    NormalisesOnly,
    Raises,
    SameInAllChannels,
    SeveralUpdates,
    Unchanged,
    WrongLaw,
)
from bnlint.verify.verifier import decide
from tests.verify.conftest import program

pytestmark = pytest.mark.tensorflow
Run = Callable[..., Verdict]
C, R, U = Outcome.CONFIRMED, Outcome.REFUTED, Outcome.UNDECIDED

INSIDE = """
    import tensorflow as tf
    class Block(tf.Module):
        def __init__(self, inputs, filters):
            self.kernel = tf.Variable(tf.random.normal([3, 3, inputs, filters]))
            self.moving_mean = tf.Variable(tf.zeros([filters]), trainable=False)
            self.moving_var = tf.Variable(tf.ones([filters]), trainable=False)
        {decorator}
        def __call__(self, images, is_training):
            x = tf.nn.conv2d(images, self.kernel, 1, "SAME")
            mean, var = tf.nn.moments(x, [0, 1, 2])
            if is_training:
                self.follow(mean, var)
            return tf.nn.batch_normalization(x, mean, var, None, None, 1e-3)
        def follow(self, mean, var):
            self.moving_mean.assign(0.9 * self.moving_mean + 0.1 * mean)
            self.moving_var.assign(0.9 * self.moving_var + 0.1 * {fed})
    """


@pytest.mark.parametrize(("fed", "outcome"), [("mean", C), ("var", R), ("tf.random.uniform([3])", U)])
@pytest.mark.parametrize("decorator", ["", "@tf.function"])
def test_what_comes_out_of_a_convolution_is_asked_of_the_ops(
    run: Run, decorator: str, fed: str, outcome: Outcome
) -> None:
    seen = run(INSIDE.format(fed=fed, decorator=decorator), MixedLaw("mean"), "Block.follow", (6,), 16)
    assert seen.outcome is outcome, seen


BRANCHES = """
    import tensorflow as tf
    class Norm(tf.Module):
        def __init__(self, size):
            self.mean = tf.Variable(tf.zeros([size]), trainable=False)
        @tf.function
        def __call__(self, x, training):
            mean = tf.reduce_mean(x, [0, 1, 2])
            def batch():
                self.mean{}(0.9 * self.mean + 0.1 * mean)
                return x - mean
            return tf.cond(training, batch, lambda: x - self.mean)
    """


@pytest.mark.parametrize(("how", "outcome"), [(" = ", C), (".assign", R)])
def test_a_tensor_that_leaves_its_branch(run: Run, how: str, outcome: Outcome) -> None:
    seen = run(BRANCHES.format(how), AnyOf((Unchanged("call"), Leaks())), "Norm.__call__.batch", (4,), 9)
    assert seen.outcome is outcome, seen


EARLY = """
    import numpy as np
    import tensorflow.compat.v1 as tf
    def block(x, name):
        with tf.variable_scope(name):
            return tf.layers.batch_normalization(x, training=True)
    def main():
        x = tf.placeholder(tf.float32, [None, 3])
        first = block(x, "first")
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS{})
        second = block(first + 1.0, "second")
        also = tf.get_collection(tf.GraphKeys.UPDATE_OPS, {})
        with tf.control_dependencies(updates + also):
            train = tf.train.AdamOptimizer(0.1).minimize(tf.reduce_mean((second - x) ** 2))
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for step in range(5):
                session.run(train, {{x: np.random.normal(5.0, 2.0, [8, 3])}})
    if __name__ == "__main__":
        main()
    """


@pytest.mark.parametrize(
    ("scope", "again", "outcome"),
    [("", '"first"', C), ("", '"second"', R), (', "second"', '"first"', C), (', "first"', '"second"', R)],
)
def test_what_is_missing_from_a_collection_that_was_read_early(
    run: Run, scope: str, again: str, outcome: Outcome
) -> None:
    """The other layer's statistics move."""
    seen = run(EARLY.format(scope, again), Unchanged("train-op"), "main", (), 9, tensorflow="1")
    assert seen.outcome is outcome, seen


ONE_OF_TWO = """
    import keras
    def calibrate(bn, data):
        bn.moving_mean = keras.ops.mean(data, axis=0)
        bn.moving_variance.assign(keras.ops.var(data, axis=0))
    """


@pytest.mark.parametrize(("names", "outcome"), [(("moving_mean",), C), (("moving_variance",), R), ((), U)])
def test_of_the_variables_of_a_layer_those_of_a_name(pool: Pool, names: tuple[str, ...], outcome: Outcome) -> None:
    experiment = Experiment(Unchanged("call"), "calibrate", (), 3, names=names)
    assert decide(pool, experiment, program(ONE_OF_TWO), "program.py", Era("2", "3")).outcome is outcome


FOR_INFERENCE = """
    import tensorflow.compat.v1 as tf
    def moving(name, x):
        return tf.get_variable(name, x.shape[-1:], initializer=tf.zeros_initializer(), trainable=False)
    def norm(x, training):
        if training:
            mean, _ = tf.nn.moments(x, [0])
            {}
        else:
            mean = tf.get_variable("mean", x.shape[-1:], initializer=tf.zeros_initializer(), trainable=False)
        return x - mean
    """
UPDATED = "mean = tf.assign(moving({}, x), 0.9 * moving('other', x) + 0.1 * mean)"


@pytest.mark.parametrize(
    ("line", "outcome"), [("", C), (UPDATED.format("'mean'"), U), (UPDATED.format("'another'"), C)]
)
def test_a_statistic_that_only_inference_makes(run: Run, line: str, outcome: Outcome) -> None:
    """Both phases are built; where training has one of that name, its line makes none."""
    seen = run(FOR_INFERENCE.format(line), Unchanged("train-op"), "norm", (9,), 9, tensorflow="1")
    assert seen.outcome is outcome, seen


WITHOUT_OPTIMIZER = """
    import numpy as np
    import tensorflow.compat.v1 as tf
    def norm(x, training=False):
        mean = tf.get_variable("mean", [3], trainable=False, initializer={})
        if training:
            x = x - tf.assign(mean, 0.9 * mean + 0.1 * tf.reduce_mean(x, 0))
        return x - mean
    x = tf.placeholder(tf.float32, [None, 3])
    y = norm(x)
    {}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step in range(5):
            session.run(y, {{x: np.random.normal(5.0, 2.0, [8, 3])}})
    """
ZEROS = "tf.zeros_initializer()"


@pytest.mark.parametrize(
    ("initializer", "line", "outcome"),
    [(ZEROS, "", C), (ZEROS, "saver = tf.train.Saver()", U), ("tf.constant_initializer([4.0, 5.0, 6.0])", "", U)],
)
def test_a_graph_in_which_nothing_assigns(run: Run, initializer: str, line: str, outcome: Outcome) -> None:
    """A program that loads what another one trained takes no training step either, and is right."""
    seen = run(WITHOUT_OPTIMIZER.format(initializer, line), Unchanged("train-op"), None, (4,), 9, tensorflow="1")
    assert seen.outcome is outcome, seen


LAWS = """
    import numpy as np
    import tensorflow as tf
    class Norm(tf.Module):
        def __init__(self):
            self.statistic = tf.Variable(tf.zeros([3]), trainable=False)
        def __call__(self, x):
            {}
            self.statistic.assign_add(0.1 * (new - self.statistic))
            return x
    """
MEDIAN = "new = tf.numpy_function(lambda batch: np.median(batch, (0, 1, 2)), [x], tf.float32)"
FUSED = "_, _, new = tf.compat.v1.nn.fused_batch_norm(x, tf.ones([3]), tf.zeros([3]), is_training=True)"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("new = tf.reduce_mean(x, [0, 1, 2])", "v ← 0.9·v + 0.1·batch mean"),
        ("_, new = tf.nn.moments(x, [0, 1, 2])", "v ← 0.9·v + 0.1·batch variance"),
        (FUSED, "v ← 0.9·v + 0.1·batch variance (unbiased)"),
        (MEDIAN, "v ← 0.9·v + constant, on a repeated batch"),
    ],
    ids=["mean", "n", "n-1", "constant batch"],
)
def test_the_law_is_measured(run: Run, line: str, said: str) -> None:
    """On batches that differ from step to step; where these do not explain it, on one that is repeated."""
    seen = run(LAWS.format(line), WrongLaw(), "Norm", (5,), 8)
    assert seen.outcome is R, seen
    assert [statistic["law"]["text"] for statistic in seen.evidence["statistics"]] == [said]


NOT_OVER_THE_BATCH = """
    import tensorflow as tf
    class Norm(tf.keras.layers.Layer):
        def build(self, shape):
            self.mean = self.add_weight(shape=(shape[-1],), initializer="zeros", trainable=False)
        def call(self, x):
            mean = tf.reduce_mean(x, axis=1)
            self.mean.assign(0.9 * self.mean + 0.1 * mean)
            return x - self.mean
    """


def test_no_batch_is_made_up_that_hides_a_wrong_axis(run: Run) -> None:
    """With as many samples as channels it would run."""
    told = AnyOf((SameInAllChannels(), Raises(("ValueError", "InvalidArgumentError"))))
    assert run(NOT_OVER_THE_BATCH, told, "Norm.call", (4,), 6).outcome is C


SEVERAL = """
    import keras
    import tensorflow as tf
    critic = keras.Sequential([keras.layers.Dense(3), keras.layers.BatchNormalization()])
    @tf.function
    def step(real, made):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(critic(real, training=True) - critic(made, training={}))
        return tape.gradient(loss, critic.trainable_variables)
    """


@pytest.mark.parametrize(("flag", "outcome"), [(True, C), (False, U)])
def test_updates_of_a_traced_function_are_counted(run: Run, flag: bool, outcome: Outcome) -> None:
    assert run(SEVERAL.format(flag), SeveralUpdates(), "step", (), 7).outcome is outcome


TWO_CALLS = """
    import tensorflow as tf
    import {package} as keras
    critic = keras.Sequential([keras.layers.Dense(3), keras.layers.BatchNormalization()])
    optimizer = keras.optimizers.SGD(0.01)
    {decorator}
    def step(real, made):
        with tf.GradientTape() as tape:
            one = critic(real, training=True)
            other = {other}
            loss = tf.reduce_mean(one - other)
        gradients = tape.gradient(loss, critic.trainable_variables)
        optimizer.apply_gradients(zip(gradients, critic.trainable_variables))
        return loss
    """
BARE, STOPPED = "critic(made)", "tf.stop_gradient(critic(made))"


@pytest.mark.parametrize(("other", "row", "outcome"), [(BARE, 9, C), (BARE, 8, R), (STOPPED, 9, R)])
@pytest.mark.parametrize("decorator", ["", "@tf.function"])
@pytest.mark.parametrize(("package", "keras"), [("keras", "3"), ("tf_keras", "2")])
def test_a_call_that_trains_without_updating_what_another_one_updates(
    run: Run, package: str, keras: str, decorator: str, other: str, row: int, outcome: Outcome
) -> None:
    """No gradient comes back through a call that is only looked at."""
    source = TWO_CALLS.format(package=package, decorator=decorator, other=other)
    told = AnyOf((Unchanged("call"), NormalisesOnly()))
    seen = run(source, told, "step", (), row, keras=keras)
    assert seen.outcome is outcome, seen


ONLY_MADE = """
    import keras
    import numpy as np
    norm = keras.layers.BatchNormalization(momentum={})
    {}
    """


@pytest.mark.parametrize(("momentum", "outcome"), [(0.1, C), (0.9, R)])
@pytest.mark.parametrize("line", ["", "norm(keras.Input((3,)))", 'data = np.load("no_such_data.npy")'])
def test_a_layer_that_the_program_does_not_come_to_train(
    run: Run, line: str, momentum: float, outcome: Outcome
) -> None:
    seen = run(ONLY_MADE.format(momentum, line), WrongLaw(), None, (3,), 3, keras="3")
    assert seen.outcome is outcome, seen
    assert "a copy of the layer was trained by itself" in seen.evidence["notes"]
