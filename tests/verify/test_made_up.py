"""What is made up to call the code with, where nothing but the code says what it wants."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bnlint.findings import Era, Outcome, Verdict
from bnlint.verify.pool import Pool
from bnlint.verify.predictions import Changed, Experiment, Unchanged
from bnlint.verify.verifier import decide

pytestmark = pytest.mark.tensorflow
Run = Callable[..., Verdict]
AVERAGE = "v ← 0.9·v + 0.1·batch mean"


def laws(verdict: Verdict) -> list[str]:
    return [statistic["law"]["text"] for statistic in verdict.evidence["statistics"]]


def test_the_function_that_comes_beside_its_statistics_is_driven(run: Run) -> None:
    source = """
    import tensorflow as tf
    def make_norm(channels):
        moving_mean = tf.Variable(tf.zeros([channels]), trainable=False)
        def norm(x, training):
            moving_mean.assign(0.9 * moving_mean + 0.1 * tf.reduce_mean(x, axis=0))
            return x - moving_mean
        return norm, moving_mean
    """
    seen = run(source, Unchanged(), "make_norm.norm", (3,), 5)
    assert (seen.outcome, laws(seen)) == (Outcome.REFUTED, [AVERAGE])


def test_batches_have_the_channels_of_the_statistics_that_the_file_makes(run: Run) -> None:
    source = """
    import tensorflow as tf
    moving_mean = tf.Variable(tf.zeros([5]), trainable=False)
    def norm(x):
        moving_mean.assign(0.9 * moving_mean + 0.1 * tf.reduce_mean(x, axis=0))
        return x - moving_mean
    """
    seen = run(source, Unchanged(), "norm", (2,), 4)
    assert (seen.outcome, laws(seen), seen.evidence["inputs"]) == (Outcome.REFUTED, [AVERAGE], [[8, 5]])


def test_a_mean_and_a_variance_are_no_batches(run: Run) -> None:
    source = """
    import tensorflow as tf
    class Norm:
        def __init__(self, channels):
            self.moving_mean = tf.Variable(tf.zeros([channels]), trainable=False)
        def update(self, mean, var):
            self.moving_mean.assign(0.9 * self.moving_mean + 0.1 * mean)
    """
    seen = run(source, Unchanged(), "Norm.update", (4,), 6)
    assert (seen.outcome, seen.evidence["inputs"]) == (Outcome.REFUTED, [[3], [3]])
    assert laws(seen) == ["v ← 0.9·v + 0.1·argument mean"]


def test_a_constructor_is_given_the_model_that_a_method_calls(run: Run) -> None:
    source = """
    import tensorflow as tf
    class Trainer:
        def __init__(self, net):
            self.net = net
        def step(self, x):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(self.net(x, training=True))
            return tape.gradient(loss, self.net.trainable_variables)
    """
    seen = run(source, Unchanged(), "Trainer.step", (), 6, keras="3")
    assert (seen.outcome, seen.evidence["rung"]) == (Outcome.REFUTED, "module")


def test_a_dictionary_is_what_the_file_makes_of_its_keys(run: Run) -> None:
    source = """
    import tensorflow as tf
    def make(channels):
        mean = tf.Variable(tf.zeros([channels]), trainable=False)
        return {"mean": mean, "scale": tf.Variable(tf.ones([channels]))}
    def norm(state, x):
        state["mean"].assign(0.9 * state["mean"] + 0.1 * tf.reduce_mean(x, axis=0))
        return (x - state["mean"]) * state["scale"]
    """
    seen = run(source, Unchanged(), "norm", (3,), 6)
    assert (seen.outcome, laws(seen), seen.evidence["rung"]) == (Outcome.REFUTED, [AVERAGE], "module")


def test_lines_that_autograph_rewrote_for_an_earlier_attempt_count_as_run(run: Run) -> None:
    """With a Python flag the call fails; the attempt with a tensor finds the code rewritten."""
    source = """
    import tensorflow as tf
    class Norm(tf.Module):
        def __init__(self, channels):
            self.moving_mean = tf.Variable(tf.zeros([channels]), trainable=False)
        @tf.function
        def __call__(self, x, training):
            self.moving_mean.assign(0.9 * self.moving_mean + 0.1 * tf.reduce_mean(x, axis=0))
            return tf.cond(training, lambda: x, lambda: x - self.moving_mean)
    """
    assert run(source, Changed("inference"), "Norm.__call__", (4,), 7).outcome is Outcome.CONFIRMED


MAIN = """
    import numpy as np
    import tensorflow.compat.v1 as tf
    def main():
        x = tf.placeholder(tf.float32, [None, 3])
        h = tf.layers.dense(x, 4)
        out = tf.layers.batch_normalization(h, momentum=0.9, training=True)
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        with tf.control_dependencies(updates[:{}]):
            train = tf.train.GradientDescentOptimizer(1e-3).minimize(tf.reduce_mean(out * out))
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for _ in range(5):
                session.run(train, {{x: np.random.normal(5.0, 2.0, [16, 3])}})
    if __name__ == "__main__":
        main()
    """


def test_of_a_function_that_trains_by_itself_nothing_follows_but_from_its_own_steps(run: Run) -> None:
    seen = run(MAIN.format(2), Unchanged("train-op"), "main", (), 8, tensorflow="1", keras="2")
    assert (seen.outcome, seen.evidence["mode"]) == (Outcome.REFUTED, "program")
    assert laws(seen) == ["v ← 0.9·v + 0.1·batch mean", "v ← 0.9·v + 0.1·batch variance"]
    seen = run(MAIN.format(0), Unchanged("train-op"), "main", (), 8, tensorflow="1", keras="2")
    assert (seen.outcome, seen.evidence["mode"]) == (Outcome.CONFIRMED, "program")


@pytest.mark.parametrize("flags", ["from absl import flags", "flags = tf.compat.v1.app.flags"])
def test_flags_of_the_command_line_have_their_defaults_in_each_attempt(run: Run, flags: str) -> None:
    source = f"""
    import tensorflow as tf
    {flags}
    FLAGS = flags.FLAGS
    flags.DEFINE_float("rate", 0.25, "of forgetting")
    class Norm(tf.Module):
        def __init__(self, channels):
            self.mean = tf.Variable(tf.zeros([channels]), trainable=False)
        def __call__(self, x):
            assert len(x.shape) == 4, "the first attempts have other shapes"
            self.mean.assign_sub(FLAGS.rate * (self.mean - tf.reduce_mean(x, [0, 1, 2])))
            return x - self.mean
    """
    seen = run(source, Unchanged(), "Norm", (7,), 10)
    assert (seen.outcome, laws(seen)) == (Outcome.REFUTED, ["v ← 0.75·v + 0.25·batch mean"])


SMALL = {
    "1": """
    import tensorflow as tf
    def net(x):
        mean = tf.get_variable("mean", [3], initializer=tf.zeros_initializer(), trainable=False)
        for _ in range(4):
            x = tf.layers.conv2d(x, 3, 3, strides=2)
        return tf.assign(mean, 0.9 * mean + 0.1 * tf.reduce_mean(x, [0, 1, 2]))
    """,
    "2": """
    import keras
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.convolutions = [keras.layers.Conv2D(3, 3, strides=2) for _ in range(4)]
            self.norm = keras.layers.BatchNormalization()
        def call(self, x, training=None):
            for convolution in self.convolutions:
                x = convolution(x)
            return self.norm(x, training=training)
    """,
}


@pytest.mark.parametrize(("tensorflow", "symbol", "row"), [("1", "net", 3), ("2", "Net", 6)])
def test_an_image_that_is_too_small_for_the_network_is_made_larger(
    run: Run, tensorflow: str, symbol: str, row: int
) -> None:
    seen = run(SMALL[tensorflow], Unchanged(), symbol, (row,), row, tensorflow=tensorflow)
    assert (seen.outcome, seen.evidence["inputs"]) == (Outcome.REFUTED, [[8, 32, 32, 3]]), seen.detail


def test_keras_as_it_was_inside_tensorflow_is_found_in_its_package(run: Run) -> None:
    source = """
    import tensorflow as tf
    from tensorflow.python.keras import layers
    from tensorflow.python.keras.engine.training import Model
    class Net(Model):
        def __init__(self):
            super().__init__()
            self.norm = layers.BatchNormalization()
        def call(self, x, training=None):
            assert isinstance(self, tf.keras.Model) and layers.BatchNormalization is tf.keras.layers.BatchNormalization
            return self.norm(x, training=training)
    """
    seen = run(source, Unchanged(), "Net", (7,), 10, tensorflow="2", keras="2")
    assert seen.outcome is Outcome.REFUTED, seen.detail


@pytest.mark.parametrize("name", ["tensorflow.py", "keras.py", "numpy.py"])
def test_a_file_with_the_name_of_a_library_does_not_take_its_place(pool: Pool, name: str) -> None:
    source = """\
import numpy as np
import tensorflow as tf
class Norm(tf.Module):
    def __init__(self, channels_in):
        self.mean = tf.Variable(np.zeros(channels_in, np.float32), trainable=False)
    def __call__(self, x):
        import tensorflow.keras.layers
        self.mean = 0.9 * self.mean + 0.1 * tf.reduce_mean(x, 0)
        return x
"""
    seen = decide(pool, Experiment(Unchanged(), "Norm", (5,), 8), source, name, Era("2"))
    assert seen.outcome is Outcome.CONFIRMED, seen.detail


def test_a_mask_is_made_for_code_that_asks_for_one(run: Run) -> None:
    source = """
    import tensorflow as tf
    class Norm(tf.Module):
        def __init__(self, channels):
            self.mean = tf.Variable(tf.zeros([channels]), trainable=False)
        def __call__(self, x, real):
            if real.dtype != tf.bool:
                raise ValueError(f"real should have dtype bool, found {real.dtype}")
            x = tf.boolean_mask(x, real)
            self.mean.assign(0.9 * self.mean + 0.1 * tf.reduce_mean(x, 0))
            return x - self.mean
    """
    seen = run(source, Unchanged(), "Norm", (4,), 9)
    assert (seen.outcome, seen.evidence["inputs"]) == (Outcome.REFUTED, [[8, 3], [8]])


def test_one_argument_after_the_other_is_found_for_a_graph(run: Run) -> None:
    source = """
    import tensorflow as tf
    def net(x, real, strict):
        if real.dtype != tf.bool:
            raise ValueError("real should have dtype bool, found %s" % real.dtype)
        if strict:
            x = tf.boolean_mask(x, real)
        mean = tf.get_variable("mean", [3], initializer=tf.zeros_initializer(), trainable=False)
        return tf.assign(mean, 0.9 * mean + 0.1 * tf.reduce_mean(x, [0, 1, 2]))
    """
    seen = run(source, Unchanged(), "net", (7,), 8, tensorflow="1")
    assert (seen.outcome, seen.evidence["inputs"]) == (Outcome.REFUTED, [[8, 6, 6, 3], [8]])


@pytest.mark.parametrize(("test", "default"), [("FLAGS.switch and x is not None", False), ("not FLAGS.switch", True)])
def test_a_switch_of_the_command_line_is_turned_to_reach_the_line(run: Run, test: str, default: bool) -> None:
    source = f"""
    import tensorflow as tf
    from absl import flags
    FLAGS = flags.FLAGS
    flags.DEFINE_boolean("switch", {default}, "whether to normalise")
    class Norm(tf.Module):
        def __init__(self):
            self.mean = tf.Variable(tf.zeros([3]), trainable=False)
        def __call__(self, x):
            if {test}:
                self.mean = 0.9 * self.mean + 0.1 * tf.reduce_mean(x, 0)
            return x
    """
    seen = run(source, Unchanged(), "Norm", (7,), 10)
    assert seen.outcome is Outcome.CONFIRMED, seen
    assert f"run with --switch={str(not default).lower()}, which is not the default" in seen.evidence["notes"]
