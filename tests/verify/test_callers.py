"""Whose duty it is to run an update is said by file and line, where the project shows it."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from bnlint.engine import check_sources
from bnlint.findings import Era, Finding, Outcome, Verdict
from bnlint.settings import Settings
from bnlint.source import Source
from bnlint.verify.hints import roles
from bnlint.verify.pool import Pool
from bnlint.verify.predictions import Caller, Experiment, Unchanged, WrongLaw
from bnlint.verify.verifier import decide

LAYER = """
    import tensorflow as tf

    class Norm(tf.Module):
        def __init__(self, channels):
            self.mean = tf.Variable(tf.zeros([channels]), trainable=False)

        def __call__(self, x):
            return self.normalised(x)

        def normalised(self, x):
            self.mean = 0.9 * self.mean + 0.1 * tf.reduce_mean(x, 0)
            return x - self.mean
    """
TRAIN = """
    import tensorflow as tf
    from layer import Norm

    norm = Norm(3)
    moving_mean = tf.Variable(tf.zeros([3]), trainable=False)
    """


def found(**texts: str) -> list[Finding]:
    sources = [Source.from_bytes(textwrap.dedent(text).lstrip().encode(), f"{name}.py") for name, text in texts.items()]
    return list(check_sources(sources, Settings()).findings)


def test_the_caller_of_the_innermost_function_that_is_called_is_known() -> None:
    (finding,) = found(layer=LAYER, train=TRAIN)
    assert finding.experiment.callers == (Caller("layer.py", 8, "Norm.__call__"),)
    (finding,) = found(layer=LAYER.replace("self.normalised(x)", "x"), train=TRAIN)
    assert finding.experiment.callers == (Caller("train.py", 4),)
    (finding,) = found(layer=LAYER.replace("self.normalised(x)", "x"))
    assert finding.experiment.callers == ()


GRAPH = """\
import tensorflow as tf
def net(x):
    return tf.layers.batch_normalization(x, training=True)
"""


@pytest.mark.tensorflow
def test_a_deferred_verdict_names_the_caller(pool: Pool) -> None:
    alone, called = (
        decide(pool, Experiment(Unchanged("train-op"), "net", (3,), 3, callers=callers), GRAPH, "net.py", Era("1"))
        for callers in ((), (Caller("train.py", 12), Caller("eval.py", 7)))
    )
    assert alone.outcome is called.outcome is Outcome.DEFERRED
    assert alone.detail == "an update exists; running it is left to the caller"
    assert called.detail == f"{alone.detail}, train.py:12 and eval.py:7"


HELPER = """
import tensorflow as tf
def move(variable, value):
    variable.assign({old} * variable + {new} * value)
class Norm(tf.Module):
    def __init__(self, channels):
        self.mean = tf.Variable(tf.zeros([channels]), trainable=False)
    def __call__(self, x):
        move(self.mean, tf.reduce_mean(x, 0))
        return x - self.mean
"""


@pytest.mark.tensorflow
@pytest.mark.parametrize(("old", "new", "outcome"), [(0.1, 0.9, "confirmed"), (0.9, 0.1, "refuted")])
def test_a_helper_that_is_handed_its_statistic_is_run_by_way_of_its_caller(
    run: Callable[..., Verdict], old: float, new: float, outcome: str
) -> None:
    seen = run(HELPER.format(old=old, new=new), WrongLaw("swapped"), "move", (6,), 3)
    assert seen.outcome == Outcome(outcome), seen
    assert seen.evidence["notes"][0] == "run by way of Norm.__call__, which calls it"


LAYERS = """
import tensorflow as tf
def batch_norm(x):
    moving_mean = tf.get_variable("moving_mean", [4], initializer=tf.zeros_initializer(), trainable=False)
    mean, var = tf.nn.moments(x, [0])
    tf.add_to_collection("updates", tf.assign(moving_mean, 0.9 * moving_mean + 0.1 * mean))
    return tf.nn.batch_normalization(x, mean, var, None, None, 1e-3)
"""
MODEL = """
import tensorflow as tf
from layers import batch_norm
def net(x):
    return tf.layers.dense(batch_norm(tf.layers.dense(x, 4)), 1)
"""
SESSION = """
import numpy as np
import tensorflow as tf
from model import net
FLAGS = tf.app.flags.FLAGS
tf.app.flags.DEFINE_float("rate", 0.1, "")
def train():
    x = tf.placeholder(tf.float32, [None, 4])
    loss = tf.reduce_mean(tf.square(net(x)))
    step = tf.train.GradientDescentOptimizer(FLAGS.rate).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(5):
            session.run({fetched}, {{x: np.random.rand(8, 4)}})
if __name__ == "__main__":
    train()
"""
BUILDER = """
import tensorflow as tf
from model import net
class Trainer:
    def __init__(self, x):
        loss = tf.reduce_mean(tf.square(net(x)))
        step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        self.step = {grouped}
"""


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("train", "symbol", "outcome", "way"),
    [
        (SESSION.format(fetched="step"), "train", "confirmed", "the program {}"),
        (SESSION.format(fetched="[step, tf.get_collection('updates')]"), "train", "refuted", "the program {}"),
        (BUILDER.format(grouped="step"), "Trainer.__init__", "deferred", None),
        (BUILDER.format(grouped="tf.group(step, tf.get_collection('updates'))"), "Trainer.__init__", "refuted",
         "Trainer.__init__ in {}"),
    ],
)  # fmt: skip
def test_what_trains_in_another_file_decides(
    pool: Pool, tmp_path: Path, train: str, symbol: str, outcome: str, way: str | None
) -> None:
    for name, text in (("layers", LAYERS), ("model", MODEL), ("train", train)):
        (tmp_path / f"{name}.py").write_text(text)
    trainer = str(tmp_path / "train.py")
    experiment = Experiment(Unchanged("train-op"), "batch_norm", (4,), 6, trainers=(Caller(trainer, 9, symbol),))
    seen = decide(pool, experiment, LAYERS, str(tmp_path / "layers.py"), Era("1"))
    assert seen.outcome == Outcome(outcome), seen
    notes = [note for note in seen.evidence["notes"] if note.startswith("run by way of")]
    assert notes == ([f"run by way of {way.format(trainer)}, which calls it"] if way else [])


def test_what_trains_is_found_up_the_calls_and_before_what_only_runs() -> None:
    texts = {"layers": LAYERS, "model": MODEL, "train": SESSION.format(fetched="step")}
    texts["show"] = "import tensorflow as tf\nfrom model import net\ntf.Session().run(net(tf.ones([8, 4])))\n"
    (finding,) = found(**dict(sorted(texts.items())))
    assert finding.code == "BN208"
    assert finding.experiment.callers == (Caller("model.py", 4, "net"),)
    assert finding.experiment.trainers == (Caller("train.py", 8, "train"), Caller("show.py", 3))


@pytest.mark.parametrize(
    ("body", "statistics"),
    [
        ("a.assign(b)", {"a"}),
        ("tf.assign(b, a)", {"b"}),
        ("self.c.assign_add(a)", set()),
        ("moving_averages.assign_moving_average(a, b, 0.9)", {"a"}),
        ("a.mean(b)", set()),
    ],
)
def test_a_parameter_that_is_assigned_to_is_a_statistic(body: str, statistics: set[str]) -> None:
    (function,) = ast.parse(f"def f(self, a, b):\n    {body}").body
    assert {name for name, role in roles(function).items() if role == "statistic"} == statistics
