"""The worker under a Python 3.7 with a real TensorFlow 1.15, where one is at hand."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

import old_tensorflow
from bnlint.findings import Era, Outcome, Verdict
from bnlint.verify.pool import Pool
from bnlint.verify.predictions import Changed, Experiment, Unchanged, WrongLaw
from bnlint.verify.verifier import VerifySettings, verify
from tests.verify.test_pool import finding
from tests.verify.test_reaching import NOT_TOLD, SHARED, THROUGH_BOTH, THROUGH_ONE

pytestmark = [pytest.mark.tensorflow, old_tensorflow.needed]
Run = Callable[..., Verdict]


@pytest.fixture(scope="module")
def old() -> Iterator[Pool]:
    with VerifySettings(pythons=[old_tensorflow.PYTHON], timeout=60).pool() as pool:
        yield pool


def test_a_rebound_reference_variable_keeps_its_value(run: Run, old: Pool) -> None:
    source = """
    import tensorflow as tf
    def norm(x, is_training):
        mean = tf.get_variable("mean", [x.shape[-1]], initializer=tf.zeros_initializer(), trainable=False)
        mean += 0.1 * (tf.reduce_mean(x, [0, 1, 2]) - mean)
        return x - mean
    """
    seen = run(source, Unchanged("train-op"), "norm", (3,), 4, tensorflow="1", using=old)
    assert seen.outcome is Outcome.CONFIRMED
    assert seen.evidence["tensorflow"].startswith("1.15")
    assert seen.evidence["python"].startswith("3.7")


def test_contrib_batch_norm_defers_to_update_ops(run: Run, old: Pool) -> None:
    source = """
    import tensorflow as tf
    def net(x, is_training):
        return tf.contrib.layers.batch_norm(x, is_training=is_training, decay=0.9)
    """
    seen = run(source, Unchanged("train-op"), "net", (3,), 3, tensorflow="1", using=old)
    assert seen.outcome is Outcome.DEFERRED
    assert "v ← 0.9·v + 0.1·batch mean" in [one["law"]["text"] for one in seen.evidence["statistics"]]


@pytest.mark.parametrize(
    ("loss", "row", "outcome"),
    [
        (THROUGH_BOTH, 8, Outcome.CONFIRMED),
        (THROUGH_BOTH, 7, Outcome.REFUTED),
        (THROUGH_ONE, 8, Outcome.REFUTED),
    ],
)
def test_a_call_that_updates_nothing_of_what_another_one_updates(
    run: Run, old: Pool, loss: str, row: int, outcome: Outcome
) -> None:
    """Here a reference variable is read once, where it is made."""
    seen = run(SHARED.format(fused=True, loss=loss), NOT_TOLD, None, (), row, tensorflow="1", using=old)
    assert seen.outcome is outcome, seen


def test_a_program_is_watched_as_it_trains(run: Run, old: Pool) -> None:
    source = """
    import numpy as np
    import tensorflow as tf
    x = tf.placeholder(tf.float32, [None, 3])
    mean = tf.Variable(tf.zeros([3]), trainable=False)
    w = tf.Variable(tf.ones([3]))
    with tf.control_dependencies([tf.assign(mean, 0.2 * mean + 0.8 * tf.reduce_mean(x, 0))]):
        loss = tf.reduce_mean(x * w)
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step in range(5):
            session.run([train, loss], {x: np.random.randn(8, 3) + 3})
    """
    seen = run(source, WrongLaw(), None, (4,), 6, tensorflow="1", using=old)
    assert seen.outcome is Outcome.CONFIRMED
    assert seen.evidence["statistics"][0]["law"]["text"] == "v ← 0.2·v + 0.8·batch mean"


NORM = """import tensorflow as tf
def norm(x):
    mean = tf.{variable}
    mean = 0.9 * mean + 0.1 * tf.reduce_mean(x, [0])
    return x - mean
"""
VARIABLES = {
    "1": "get_variable('mean', [x.shape[-1]], initializer=tf.zeros_initializer(), trainable=False)",
    "2": "Variable(tf.zeros([x.shape[-1]]), trainable=False)",
}


@pytest.mark.parametrize("pythons", [(sys.executable, old_tensorflow.PYTHON), (old_tensorflow.PYTHON, sys.executable)])
def test_of_several_interpreters_each_finding_runs_in_the_one_of_its_era(pythons: tuple[str, ...]) -> None:
    findings, texts, said = [], {}, []
    for version, variable in VARIABLES.items():
        experiment = Experiment(Unchanged("train-op" if version == "1" else "call"), "norm", (3,), 4)
        findings.append(replace(finding(f"norm{version}.py"), era=Era(version), experiment=experiment))
        texts[f"norm{version}.py"] = NORM.format(variable=variable)
    done = verify(findings, texts, VerifySettings(pythons=pythons), announce=said.append)
    assert [each.verdict.outcome for each in done] == [Outcome.CONFIRMED] * 2
    assert [each.verdict.evidence["tensorflow"][:2] for each in done] == ["1.", "2."]
    assert f"{old_tensorflow.PYTHON} (TensorFlow 1.15" in said[0]
    assert f"{sys.executable} (TensorFlow 2." in said[0]


def test_with_the_old_interpreter_alone_the_verdict_says_what_it_ran_in(run: Run, old: Pool) -> None:
    seen = run(NORM.format(variable=VARIABLES["2"]), Unchanged(), "norm", (3,), 4, tensorflow="2", using=old)
    assert seen.evidence["tensorflow"].startswith("1.15")


CONTRIB = {
    "update ops are left to the caller": "is_training=True, decay=0.9",
    "a flag that is a tensor": "is_training=is_training, decay=0.9",
    "updates in place": "is_training=True, decay=0.8, updates_collections=None",
    "in place, a flag that is a tensor": "is_training=is_training, decay=0.8, updates_collections=None",
    "not fused": "is_training=True, decay=0.9, fused=False",
    "zero debias": "is_training=True, decay=0.9, zero_debias_moving_mean=True",
    "inference": "is_training=False",
    "a collection of its own": "is_training=True, decay=0.9, updates_collections='mine'",
    "channels first": "is_training=True, decay=0.9, updates_collections=None, data_format='NCHW', fused=False",
}


@pytest.mark.parametrize("options", CONTRIB.values(), ids=CONTRIB)
def test_what_stands_in_for_contrib_batch_norm_does_what_it_did(run: Run, old: Pool, options: str) -> None:
    source = f"""
    import tensorflow as tf
    def net(x, is_training):
        return tf.contrib.layers.batch_norm(x, {options})
    """
    for prediction in (Unchanged("train-op"), Changed("inference")):
        real, shim = (
            run(source, prediction, "net", (), 3, tensorflow="1", keras="2", **using) for using in ({"using": old}, {})
        )
        assert (shim.outcome, shim.reason) == (real.outcome, real.reason)
        assert shapes_and_laws(shim) == shapes_and_laws(real)


def shapes_and_laws(verdict: Verdict) -> list[object]:
    return [
        (one["name"].rpartition("/")[2], one["shape"], one["law"] and one["law"]["text"], one["reached_by"])
        for one in verdict.evidence["statistics"]
    ]
