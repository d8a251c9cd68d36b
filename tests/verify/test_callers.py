"""Whose duty it is to run an update is said by file and line, where the project shows it."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable

import pytest

from bnlint.engine import check_sources
from bnlint.findings import Era, Finding, Outcome, Verdict
from bnlint.settings import Settings
from bnlint.source import Source
from bnlint.verify.hints import roles
from bnlint.verify.pool import Pool
from bnlint.verify.predictions import Experiment, Unchanged, WrongLaw
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
    assert finding.experiment.callers == ("layer.py:8",)
    (finding,) = found(layer=LAYER.replace("self.normalised(x)", "x"), train=TRAIN)
    assert finding.experiment.callers == ("train.py:4",)
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
        for callers in ((), ("train.py:12", "eval.py:7"))
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
