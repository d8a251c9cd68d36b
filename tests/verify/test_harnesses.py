"""Small programs, one or more for each harness, and what running them must show."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bnlint.findings import Outcome, Verdict
from bnlint.verify.predictions import AnyOf, NewPerCall, Raises, Unchanged, WrongLaw

pytestmark = pytest.mark.tensorflow
Run = Callable[..., Verdict]
C, R, D, U = Outcome.CONFIRMED, Outcome.REFUTED, Outcome.DEFERRED, Outcome.UNDECIDED


def laws(verdict: Verdict) -> list[str]:
    return [statistic["law"]["text"] for statistic in verdict.evidence["statistics"]]


# Eager and tf.function

ATTRIBUTE = """
    import tensorflow as tf
    class Norm:
        def __init__(self, size, rate=0.9):
            self.rate = rate
            self.mean = tf.Variable(tf.zeros([size]), trainable=False)
        def __call__(self, x, training):
            if training:
                self.mean{} self.rate * self.mean + (1 - self.rate) * tf.reduce_mean(x, [0, 1, 2])
            return x - self.mean
    """


def test_a_rebound_attribute_moves_and_its_variable_does_not(run: Run) -> None:
    seen = run(ATTRIBUTE.format(" ="), Unchanged(), "Norm.__call__", (5,), 8)
    assert seen.outcome is C
    assert seen.evidence["inputs"] == [[8, 6, 6, 3]]
    assert laws(seen) == ["unchanged"]
    assert seen.evidence["statistics"][0]["values"] == [[0.0, 0.0, 0.0]] * 4


def test_an_assigned_attribute_follows_the_law(run: Run) -> None:
    source = ATTRIBUTE.format(".assign(").replace("[0, 1, 2])", "[0, 1, 2]))")
    seen = run(source, Unchanged(), "Norm", (5,), 8)
    assert seen.outcome is R
    assert laws(seen) == ["v ← 0.9·v + 0.1·batch mean"]


def test_a_statistic_that_is_a_parameter_is_watched(run: Run) -> None:
    source = """
    def update(moving_mean, batch_mean, momentum):
        value = moving_mean * momentum + batch_mean * (1 - momentum)
        {}
        return moving_mean
    """
    assert run(source.format("moving_mean = value"), Unchanged(), "update", (1,), 3).outcome is C
    seen = run(source.format("moving_mean.assign(value)"), Unchanged(), "update", (1,), 3)
    assert seen.outcome is R
    assert laws(seen) == ["v ← 0.9·v + 0.1·argument batch_mean"]


def test_a_closure_is_driven_through_the_function_that_makes_it(run: Run) -> None:
    source = """
    import tensorflow as tf
    def make(size):
        mean = tf.Variable(tf.zeros([size]), trainable=False)
        def normalize(x):
            average = mean
            average = average * 0.5 + tf.reduce_mean(x, axis=[0]) * 0.5
            return x - average
        return normalize
    """
    seen = run(source, Unchanged(), "make.<locals>.normalize", (3,), 6)
    assert seen.outcome is C
    assert seen.evidence["notes"] == ["what the function returned was driven"]


def test_zero_debiasing_is_measured(run: Run) -> None:
    source = """
    import tensorflow as tf
    from tensorflow.python.training import moving_averages
    mean = tf.Variable(tf.zeros([3]), trainable=False)
    def update(x):
        return moving_averages.assign_moving_average(mean, tf.reduce_mean(x, [0]), 0.9, zero_debias=True)
    """
    seen = run(source, Unchanged(), "update", (3,), 5, tensorflow="1")
    assert seen.outcome is R
    assert laws(seen) == ["v ← zero-debiased average of the batch mean, decay 0.9"]


def test_one_variable_for_all_calls_refutes_one_per_call(run: Run) -> None:
    source = """
    import tensorflow as tf
    class Norm:
        mean = None
        def __call__(self, x):
            if self.mean is None:
                self.mean = tf.Variable(tf.zeros(x.shape[-1:]), trainable=False)
            self.mean.assign(tf.reduce_mean(x, axis=[0]))
            return x - self.mean
    """
    assert run(source, NewPerCall(), "Norm.__call__", (6,), 6).outcome is R


def test_of_several_updates_in_a_graph_step_the_law_is_that_of_each(run: Run) -> None:
    source = """
    import tensorflow.compat.v1 as tf
    def tower(x, second):
        with tf.variable_scope("net", reuse=second):
            h = tf.layers.dense(x, 4, name="dense")
            mean = tf.get_variable("mean", [4], initializer=tf.zeros_initializer(), trainable=False)
            tf.add_to_collection("updates", mean.assign_sub({} * (mean - tf.reduce_mean(h, [0]))))
            return tf.reduce_mean(tf.square(h - tf.reduce_mean(h, [0])))
    def train(x):
        loss = tower(x, False) + tower(x * x, True)
        with tf.control_dependencies(tf.get_collection("updates")):
            return tf.train.GradientDescentOptimizer(1e-3).minimize(loss)
    """
    seen = run(source.format("0.1"), Unchanged("train-op"), "train", (5,), 11, tensorflow="1")
    assert (seen.outcome, laws(seen)) == (R, ["v ← 0.9·v + 0.1·each of 2 batches: batch mean"])
    differ = run(source.format("(0.2 if second else 0.1)"), Unchanged("train-op"), "train", (5,), 11, tensorflow="1")
    assert (differ.outcome, laws(differ)) == (R, ["not explained by the batch"])


def test_a_flag_with_a_default_is_switched_as_one_without(run: Run) -> None:
    source = """
    import tensorflow.compat.v1 as tf
    class Net:
        def __init__(self):
            self.x = tf.placeholder(tf.float32, [None, 4])
            self.flag = tf.placeholder_with_default(False, [], name="{}")
            h = tf.layers.batch_normalization(self.x, momentum=0.9, training={}self.flag{})
            with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
                self.step = tf.train.GradientDescentOptimizer(1e-3).minimize(tf.reduce_mean(tf.square(h)))
    """
    for words in (("training", "", ""), ("is_test", "tf.logical_not(", ")")):
        seen = run(source.format(*words), Unchanged("train-op"), "Net.__init__", (6,), 8, tensorflow="1")
        assert (seen.outcome, laws(seen)[0]) == (R, "v ← 0.9·v + 0.1·batch mean")


def test_a_traced_function_shows_the_law_on_a_batch_of_its_own(run: Run) -> None:
    source = """
    import tensorflow as tf
    mean = tf.Variable(tf.zeros([4]), trainable=False)
    @tf.function
    def step(count):
        for part in (1.0, 2.0){}:
            noise = tf.random.normal([8, 4], part)
            mean.assign(0.9 * mean + 0.1 * tf.reduce_mean(noise, [0]))
        return tf.reduce_sum(noise)
    """
    seen = run(source.format("[:1]"), Unchanged(), "step", (2,), 7)
    assert (seen.outcome, laws(seen)) == (R, ["v ← 0.9·v + 0.1·batch mean"])
    assert laws(run(source.format(""), Unchanged(), "step", (2,), 7)) == [
        "v ← 0.9·v + 0.1·each of 2 batches: batch mean"
    ]


# Exceptions


def test_the_exception_of_a_later_line_is_reached_too(run: Run) -> None:
    source = """
    import tensorflow as tf
    a = tf.Variable(tf.zeros([3]), trainable=False)
    b = tf.Variable(tf.ones([3]), trainable=False)
    def update(x):
        tf.assign(a, tf.reduce_mean(x, axis=[0]))
        tf.assign(b, tf.reduce_mean(x, axis=[0]))
    """
    first = run(source, Raises(("AttributeError",)), "update", (2,), 5)
    second = run(source, Raises(("AttributeError",)), "update", (3,), 6)
    assert (first.outcome, second.outcome) == (C, C)
    assert second.evidence["error"]["row"] == 6
    assert "line 5" in second.evidence["notes"][0]


def test_code_of_tensorflow_1_is_ported_to_measure_its_law(run: Run) -> None:
    source = """
    import tensorflow as tf
    def update(x):
        mean = tf.get_variable("mean", [3], initializer=tf.zeros_initializer(), trainable=False)
        return tf.assign(mean, mean * 0.01 + 0.99 * tf.reduce_mean(x, axis=[0]))
    """
    seen = run(source, WrongLaw(), "update", (3,), 4)
    assert seen.outcome is C
    assert laws(seen) == ["v ← 0.01·v + 0.99·batch mean"]
    assert "compat.v1" in seen.evidence["notes"][0]


# Graph and Session

GRAPH = """
    import tensorflow as tf
    class Net:
        def __init__(self):
            self.ops = []
        def build(self, x):
            mean = tf.get_variable("mean", [3], initializer=tf.zeros_initializer(), trainable=False)
            w = tf.get_variable("w", [3])
            op = mean.assign(mean * 0.9 + 0.1 * tf.reduce_mean(x, [0]))
            {}
            return x * w
    """


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("pass", C),
        ("tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, op)", D),
        ("tf.add_to_collection('mine', op)", D),
        ("self.ops.append(op)", D),
        ("x = tf.group(x, op)", U),
        ("with tf.control_dependencies([op]): x = x", C),
        ("with tf.control_dependencies([op]): x = tf.identity(x)", R),
    ],
)
def test_in_a_graph_it_matters_who_can_run_the_update(run: Run, line: str, outcome: Outcome) -> None:
    seen = run(GRAPH.format(line), Unchanged("train-op"), "Net.build", (6,), 8, tensorflow="1")
    assert seen.outcome is outcome, seen


def test_a_layer_of_tf_layers_owns_its_statistics_and_defers_to_update_ops(run: Run) -> None:
    source = """
    import tensorflow as tf
    def net(x, is_training):
        h = tf.layers.batch_normalization(x, training=is_training)
        return tf.layers.dense(h, 2)
    """
    seen = run(source, Unchanged("train-op"), "net", (3,), 3, tensorflow="1")
    assert seen.outcome is D
    assert {statistic["owner"] for statistic in seen.evidence["statistics"]} == {"BatchNormalization"}
    assert seen.evidence["statistics"][0]["reached_by"] == ["collection update_ops"]
    assert "v ← 0.99·v + 0.01·batch mean" in laws(seen)
    assert seen.evidence["steps"].keys() == {"call", "train-op", "collection update_ops"}


def test_the_caller_in_the_same_file_decides_what_was_deferred(run: Run) -> None:
    source = """
    import numpy as np
    import tensorflow as tf
    def net(x):
        return tf.layers.dense(tf.layers.batch_normalization(x, training=True), 1)
    def main():
        x = tf.placeholder(tf.float32, [None, 3])
        train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(net(x) ** 2))
        {}
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for _ in range(4):
                session.run(train, {{x: np.random.randn(8, 3) + 2}})
    if __name__ == "__main__":
        main()
    """
    forgotten = run(source.format("pass"), Unchanged("train-op"), "net", (4,), 4, tensorflow="1")
    assert (forgotten.outcome, forgotten.evidence["mode"]) == (C, "program")
    grouped = "train = tf.group(train, *tf.get_collection(tf.GraphKeys.UPDATE_OPS))"
    assert run(source.format(grouped), Unchanged("train-op"), "net", (4,), 4, tensorflow="1").outcome is R


# Keras


def test_the_law_of_a_keras_3_layer(run: Run) -> None:
    source = """
    import keras
    bn = keras.layers.BatchNormalization()
    def normalize(x, training):
        return bn(x, training=training)
    """
    seen = run(source, Unchanged(), "normalize", (2,), 4)
    assert seen.outcome is R
    assert laws(seen) == ["v ← 0.99·v + 0.01·batch mean", "v ← 0.99·v + 0.01·batch variance"]
    assert {statistic["row"] for statistic in seen.evidence["statistics"]} == {2}


@pytest.mark.parametrize("option", ["momentum=1.0", "trainable=False"])
def test_a_layer_that_is_to_keep_its_statistics_is_no_bug(run: Run, option: str) -> None:
    source = f"""
    import keras
    bn = keras.layers.BatchNormalization({option})
    def normalize(x, training):
        return bn(x, training=training)
    """
    seen = run(source, Unchanged(), "normalize", (2,), 4)
    assert (seen.outcome, seen.reason) == (R, "intended")


MODEL = """
    import {package} as keras
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.bn = keras.layers.BatchNormalization()
            self.head = keras.layers.Dense(2)
        def call(self, x{training}):
            return self.head(self.bn(x))
    """


@pytest.mark.parametrize(
    ("package", "keras", "training", "outcome"),
    [
        ("keras", "3", "", C),
        ("keras", "3", ", training=None", R),
        ("tf_keras", "2", "", R),
    ],
)
def test_fit_trains_what_call_lets_it(run: Run, package: str, keras: str, training: str, outcome: Outcome) -> None:
    source = MODEL.format(package=package, training=training)
    seen = run(source, Unchanged("fit"), "Net.call", (5,), 7, keras=keras)
    assert seen.outcome is outcome, seen
    assert seen.evidence["mode"] == "fit"


@pytest.mark.parametrize(("package", "keras", "shown"), [("keras", "3", "unchanged"), ("tf_keras", "2", None)])
def test_augmented_assignment_is_silent_in_keras_3_and_loud_in_keras_2(
    run: Run, package: str, keras: str, shown: str | None
) -> None:
    source = f"""
    import {package} as keras
    class Norm(keras.layers.Layer):
        def build(self, shape):
            self.mean = self.add_weight(shape=(shape[-1],), initializer="zeros", trainable=False)
        def call(self, x, training=False):
            self.mean += 0.1
            return x - self.mean
    """
    seen = run(source, AnyOf((Unchanged(), Raises(("RuntimeError",)))), "Norm.call", (4,), 6, keras=keras)
    assert seen.outcome is C
    if shown is None:
        assert seen.evidence["error"]["type"] == "RuntimeError"
    else:
        assert laws(seen) == [shown]


@pytest.mark.parametrize(("package", "keras"), [("keras", "3"), ("tf_keras", "2")])
def test_the_law_of_a_layer_inside_a_model_is_that_of_its_own_batch(run: Run, package: str, keras: str) -> None:
    source = f"""
    import {package} as keras
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(5, activation="relu")
            self.bn = keras.layers.BatchNormalization(momentum=0.8)
        def call(self, x, training=None):
            return self.bn(self.dense(x), training=training)
    """
    seen = run(source, WrongLaw(), "Net.call", (6,), 8, keras=keras)
    assert seen.outcome is R
    assert laws(seen)[0] == "v ← 0.8·v + 0.2·batch mean"
    assert laws(seen)[1].startswith("v ← 0.8·v + 0.2·batch variance")


def test_a_function_that_builds_a_model_is_driven_through_the_model(run: Run) -> None:
    source = """
    import keras
    def build(units):
        inputs = keras.Input((10, 4))
        x = keras.layers.BatchNormalization(momentum=0.7)(inputs)
        return keras.Model(inputs, keras.layers.Dense(units)(x))
    """
    seen = run(source, Unchanged(), "build", (4,), 4)
    assert seen.outcome is R
    assert seen.evidence["inputs"] == [[8, 10, 4]]
    assert "v ← 0.7·v + 0.3·batch mean" in laws(seen)


# Programs


def test_a_program_of_tensorflow_1_is_watched_as_it_trains(run: Run) -> None:
    source = """
    import numpy as np
    import tensorflow as tf
    x = tf.placeholder(tf.float32, [None, 3])
    mean = tf.Variable(tf.zeros([3]), trainable=False)
    w = tf.Variable(tf.ones([3]))
    update = tf.assign(mean, 0.2 * mean + 0.8 * tf.reduce_mean(x, 0))
    train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(x * w))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step in range(5):
            session.run({}, {{x: np.random.randn(8, 3) + 3}})
    """
    forgotten = run(source.format("train"), Unchanged("train-op"), None, (4,), 6, tensorflow="1")
    assert forgotten.outcome is C
    assert forgotten.evidence["steps"] == {"call": 1, "train-op": 5}
    fetched = run(source.format("[train, update]"), WrongLaw(), None, (4,), 6, tensorflow="1")
    assert fetched.outcome is C
    assert laws(fetched) == ["v ← 0.2·v + 0.8·batch mean"]


def test_a_program_of_tensorflow_2_is_watched_to_its_end(run: Run) -> None:
    source = """
    import tensorflow as tf
    mean = tf.Variable(tf.zeros([3]), trainable=False)
    for step in range(3):
        x = tf.random.normal([8, 3]) + 2
        value = mean
        value {} value * 0.9 + 0.1 * tf.reduce_mean(x, axis=0)
    """
    assert run(source.format("="), Unchanged(), None, (2,), 6).outcome is C
    assert run(source.format("= value.assign(").rstrip() + ")", Unchanged(), None, (2,), 6).outcome is R


def test_a_program_that_trains_for_days_is_stopped(run: Run) -> None:
    source = """
    import numpy as np
    import tensorflow as tf
    x = tf.placeholder(tf.float32, [None, 3])
    y = tf.layers.dense(tf.layers.batch_normalization(x, training=True), 1)
    train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(y))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        while True:
            session.run(train, {x: np.random.randn(8, 3) + 3})
    """
    seen = run(source, Unchanged("train-op"), None, (4,), 4, tensorflow="1")
    assert seen.outcome is C
    assert "stopped after enough steps" in seen.evidence["notes"]


def test_a_top_level_that_never_ends_is_sliced_away(run: Run) -> None:
    source = """
    import tensorflow as tf
    mean = tf.Variable(tf.zeros([3]), trainable=False)
    def update(x):
        value = mean
        value = value * 0.9 + 0.1 * tf.reduce_mean(x, axis=[0])
    update(missing_data)
    """
    seen = run(source, Unchanged(), "update", (2,), 5)
    assert (seen.outcome, seen.evidence["rung"]) == (C, "slice")
