"""What it takes to reach a finding's line, and to know which statistics it is about."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bnlint.findings import Outcome, Verdict
from bnlint.verify.predictions import AnyOf, MixedLaw, NormalisesOnly, NotReached, Unchanged, WrongLaw

pytestmark = pytest.mark.tensorflow
Run = Callable[..., Verdict]
C, R, D, U = Outcome.CONFIRMED, Outcome.REFUTED, Outcome.DEFERRED, Outcome.UNDECIDED

ABSTRACT = """
    import tensorflow as tf
    class Norm(tf.Module):
        def __init__(self, size):
            self.mean = tf.Variable(tf.zeros([size]), trainable=False)
        def moments(self, x):
            raise NotImplementedError
        def __call__(self, x):
            self.mean{} 0.9 * self.mean + 0.1 * self.moments(x)
            return x - self.mean
    class RowNorm(Norm):
        def moments(self, x):
            return tf.reduce_mean(x, 0)
    """


def test_a_class_that_leaves_methods_to_others_is_run_as_one_of_those(run: Run) -> None:
    assert run(ABSTRACT.format(" ="), Unchanged(), "Norm.__call__", (4,), 8).outcome is C
    right = ABSTRACT.format(".assign(").replace(
        "self.moments(x)\n            return", "self.moments(x))\n            return"
    )
    assert run(right, Unchanged(), "Norm.__call__", (4,), 8).outcome is R


TRAIN_STEP = """
    import keras
    import tensorflow as tf
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.norm = keras.layers.BatchNormalization(momentum=0.9)
            self.out = keras.layers.Dense(2)
        def compile(self, my_optimizer, penalty):
            super().compile()
            self.my_optimizer = my_optimizer
        def call(self, x, training=None):
            return self.out(self.norm(x, training=training))
        def train_step(self, x):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self(x{}) - x) ** 2)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.my_optimizer.apply_gradients(zip(gradients, self.trainable_variables))
            return {{"loss": loss}}
    """


@pytest.mark.parametrize(("flag", "outcome"), [("", C), (", training=True", R)])
def test_a_train_step_is_run_by_fit(run: Run, flag: str, outcome: Outcome) -> None:
    seen = run(TRAIN_STEP.format(flag), Unchanged(), "Model.train_step", (), 16)
    assert seen.outcome is outcome, seen
    assert seen.evidence["mode"] == "fit"
    # The output has two channels, so that only a batch of two can be compared with it.
    assert seen.evidence["inputs"][0][-1] == 2


CHANNELS_FIRST = """
    import tensorflow as tf
    class Norm(tf.Module):
        def __init__(self):
            self.variance = None
        def __call__(self, x):
            if self.variance is None:
                self.variance = tf.Variable(tf.ones([x.shape[1]]), trainable=False)
            mean, variance = tf.nn.moments(x, [0, 2, 3])
            self.variance.assign(0.9 * self.variance + 0.1 * {})
            return x
    """


@pytest.mark.parametrize(("source", "outcome"), [("mean", C), ("variance", R)])
def test_channels_may_come_first(run: Run, source: str, outcome: Outcome) -> None:
    assert run(CHANNELS_FIRST.format(source), MixedLaw("mean"), "Norm", (7,), 9).outcome is outcome


def test_what_an_argument_holds_only_its_caller_knows(run: Run) -> None:
    source = """
    import tensorflow as tf
    variance = tf.Variable(tf.ones([3]), trainable=False)
    def update(mean):
        variance.assign(0.9 * variance + 0.1 * mean)
    """
    seen = run(source, MixedLaw("mean"), "update", (2,), 4)
    assert (seen.outcome, seen.reason) == (U, "law-not-explained")


MODEL_FUNCTION = """
    import tensorflow.compat.v1 as tf
    import numpy as np
    def model_fn(features, labels, mode, params):
        kernel = tf.get_variable("kernel", [3, params["units"][0]])
        x = tf.matmul(features["x"], kernel)
        mean = tf.get_variable("mean", [4], trainable=False, initializer=tf.zeros_initializer())
        update = tf.assign(mean, 0.9 * mean + 0.1 * tf.reduce_mean(x, 0))
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
        loss = tf.reduce_mean(x ** 2)
        train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train{})
    parameters = {{"units": [4, 2]}}
    """


def test_an_estimator_runs_the_train_op_and_no_collection(run: Run) -> None:
    seen = run(MODEL_FUNCTION.format(""), Unchanged("train-op"), "model_fn", (6,), 10, tensorflow="1")
    assert seen.outcome is C, seen
    # Hooks may run what they like.
    seen = run(
        MODEL_FUNCTION.format(", training_hooks=[x]"), Unchanged("train-op"), "model_fn", (6,), 10, tensorflow="1"
    )
    assert seen.outcome is D, seen


TWO = """
    import tensorflow.compat.v1 as tf
    import numpy as np
    def moving(name, x):
        mean = tf.get_variable(name, [3], trainable=False, initializer=tf.zeros_initializer())
        return mean, tf.assign(mean, 0.9 * mean + 0.1 * tf.reduce_mean(x, 0))
    def main():
        x = tf.placeholder(tf.float32, [None, 3])
        scale = tf.get_variable("scale", [3])
        loss = tf.reduce_mean((x * scale) ** 2)
        (first, one), (second, other) = moving("first", x), moving("second", x)
        {}
        with tf.control_dependencies([one]):
            {}
        with tf.control_dependencies([other]):
            also = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for step in range(5):
                session.run([train, also], {{x: np.random.normal(5.0, 2.0, [8, 3])}})
            assert abs(session.run(first)).max() > 0.1
    if __name__ == "__main__":
        main()
    """
STEP = "train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)"
WRONG, RIGHT = TWO.format(STEP, "train = train"), TWO.format("pass", STEP)


@pytest.mark.parametrize(("source", "outcome"), [(WRONG, C), (RIGHT, R)])
def test_a_block_tells_whose_updates_it_waits_for(run: Run, source: str, outcome: Outcome) -> None:
    """The other statistic moves, and what the program says in the end takes nothing back."""
    seen = run(source, Unchanged("train-op"), "main", (), 12, tensorflow="1")
    assert seen.outcome is outcome, seen
    assert len(seen.evidence["statistics"]) == 1
    assert any("raised AssertionError" in note for note in seen.evidence["notes"]) is (outcome is C)


@pytest.mark.parametrize(("source", "outcome"), [(WRONG, C), (RIGHT, R)])
def test_what_a_program_never_reaches(run: Run, source: str, outcome: Outcome) -> None:
    assert run(source, NotReached(), None, (), 12, tensorflow="1").outcome is outcome


SHARED = """
    import tensorflow.compat.v1 as tf
    import numpy as np
    def net(x, training=False):
        with tf.variable_scope("net", reuse=tf.AUTO_REUSE):
            return tf.layers.batch_normalization(x, training=training, name="bn", fused={fused})
    x, y = tf.placeholder(tf.float32, [None, 2, 2, 3]), tf.placeholder(tf.float32, [None, 2, 2, 3])
    one = net(x, training=True)
    other = net(y)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train = tf.train.AdamOptimizer(0.1).minimize({loss})
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step in range(5):
            a, b = np.random.normal(5.0, 2.0, [2, 8, 2, 2, 3])
            session.run([train, other], {{x: a, y: b}})
    """
THROUGH_BOTH, THROUGH_ONE = "tf.reduce_mean((one - other) ** 2)", "tf.reduce_mean((one - y) ** 2)"
NOT_TOLD = AnyOf((Unchanged("train-op"), NormalisesOnly()))


@pytest.mark.parametrize(("loss", "row", "outcome"), [(THROUGH_BOTH, 8, C), (THROUGH_BOTH, 7, R), (THROUGH_ONE, 8, R)])
@pytest.mark.parametrize("fused", [True, False])
def test_a_call_that_updates_nothing_of_what_another_one_updates(
    run: Run, fused: bool, loss: str, row: int, outcome: Outcome
) -> None:
    seen = run(SHARED.format(fused=fused, loss=loss), NOT_TOLD, None, (), row, tensorflow="1")
    assert seen.outcome is outcome, seen


COLLECTED = """
    import tensorflow.compat.v1 as tf
    def norm(x):
        mean = tf.get_variable("mean", [3], trainable=False, initializer=tf.zeros_initializer())
        other = tf.get_variable("other", [3], trainable=False, initializer=tf.zeros_initializer())
        tf.assign(mean, 0.9 * mean + 0.1 * tf.reduce_mean(x, 0))
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign(other, 0.9 * other + 0.1 * tf.reduce_mean(x, 0)))
        return x - mean * tf.get_variable("scale", [3])
    """


@pytest.mark.parametrize(("row", "outcome"), [(5, C), (6, D)])
def test_of_two_updates_the_one_on_the_line_counts(run: Run, row: int, outcome: Outcome) -> None:
    assert run(COLLECTED, Unchanged("train-op"), "norm", (3, 4), row, tensorflow="1").outcome is outcome


FROZEN = """
    import keras
    def build():
        inputs = keras.Input((3,))
        norm = keras.layers.BatchNormalization(momentum={})
        norm.trainable = False
        return keras.Model(inputs, norm(inputs))
    """


@pytest.mark.parametrize(("momentum", "outcome"), [(0.1, C), (0.9, R)])
def test_the_momentum_of_a_frozen_layer_shows_in_a_copy(run: Run, momentum: float, outcome: Outcome) -> None:
    seen = run(FROZEN.format(momentum), WrongLaw("swapped"), "build", (4,), 4)
    assert seen.outcome is outcome
    assert "a copy of the layer was trained by itself" in seen.evidence["notes"]
