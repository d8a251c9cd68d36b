"""Whose duty it is to run an update is said by file and line, where the project shows it."""

from __future__ import annotations

import textwrap

import pytest

from bnlint.engine import check_sources
from bnlint.findings import Era, Finding, Outcome
from bnlint.settings import Settings
from bnlint.source import Source
from bnlint.verify import decide
from bnlint.verify.pool import Pool
from bnlint.verify.predictions import Experiment, Unchanged

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
