"""What a fix in one file does to the code in another is proven too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bnlint import engine, fixer
from bnlint.findings import Applicability, Confidence, Era, Finding, Fix, Outcome, Severity
from bnlint.settings import Settings
from bnlint.span import Span
from bnlint.verify.pool import Pool
from bnlint.verify.predictions import Caller, Experiment, Unchanged
from bnlint.verify.verifier import VerifySettings, prove_fix

pytestmark = pytest.mark.tensorflow

LAYERS = """\
import tensorflow.compat.v1 as tf


def block(x, training):
    x = tf.layers.dense(x, 4, use_bias=False)
    return tf.nn.relu(tf.layers.batch_normalization(x, momentum=0.9, training=training))
"""
TRAIN = """\
import numpy as np
import tensorflow.compat.v1 as tf

from layers import block

tf.disable_v2_behavior()


def build(x, target, training):
    prediction = tf.layers.dense(block(x, training), 1)
    loss = tf.reduce_mean(tf.square(prediction - target))
    train_op = tf.train.AdamOptimizer(1e-3).minimize(loss)  # one step
    return train_op, prediction


if __name__ == "__main__":
    x = tf.placeholder(tf.float32, [None, 3])
    target = tf.placeholder(tf.float32, [None, 1])
    training = tf.placeholder_with_default(False, [])
    train_op, prediction = build(x, target, training)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(5):
            batch = np.random.normal(5.0, 2.0, [16, 3])
            session.run(train_op, {x: batch, target: batch[:, :1], training: True})
"""
OLD = "    train_op = tf.train.AdamOptimizer(1e-3).minimize(loss)  # one step\n"
NEW = "    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):\n    " + OLD


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with VerifySettings(timeout=60).pool() as shared:
        yield shared


def test_the_train_op_is_mended_for_layers_of_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("layers.py").write_text(LAYERS)
    Path("train.py").write_text(TRAIN)
    settings = Settings(verify=True)
    report, changes = fixer.fix(engine.read(["."], settings), settings, unsafe=False, write=True)
    assert [(each.filename, each.code) for each in report.fixed] == [("train.py", "BN204")]
    assert (report.findings, [change.filename for change in changes]) == ((), ["train.py"])
    assert (Path("layers.py").read_text(), Path("train.py").read_text()) == (LAYERS, TRAIN.replace(OLD, NEW))


HELPER = """\
def update(moving_mean, value):
    return moving_mean.{}
"""
USER = """\
import tensorflow as tf

from helper import update

moving_mean = tf.Variable(tf.zeros([3]), trainable=False)


def norm(x):
    update(moving_mean, 0.9 * moving_mean + 0.1 * tf.reduce_mean(x, axis=0))
    return x - tf.reduce_mean(x, axis=0)
"""


@pytest.mark.parametrize(("after", "outcome"), [("assign(value)", Outcome.CONFIRMED), ("value()", Outcome.REFUTED)])
def test_what_is_imported_is_the_text_after_the_fix(tmp_path: Path, pool: Pool, after: str, outcome: Outcome) -> None:
    helper, user = str(tmp_path / "helper.py"), str(tmp_path / "user.py")
    Path(helper).write_text(HELPER.format("read_value()"))
    Path(user).write_text(USER)
    experiment = Experiment(Unchanged(), "norm", (5,), 9)
    finding = Finding(
        "XY101", "wrong", Severity.ERROR, Confidence.HIGH, "m", "c", "r", user, Span(9, 5, 9, 6), None, Era("2"),
        experiment, fix=Fix(Applicability.SAFE, "do", ()),
    )  # fmt: skip
    before = {user: USER, helper: HELPER.format("read_value()")}
    assert prove_fix(pool, finding, before, before | {helper: HELPER.format(after)}).outcome is outcome


SIZED = """\
import tensorflow as tf


class Norm(tf.Module):
    def __init__(self, sizes):
        self.mean = tf.Variable(tf.zeros([dict(sizes)["channels"]]), trainable=False)

    def __call__(self, x):
        {}
        return x - tf.reduce_mean(x, 0)
"""
SIZES = """\
import tensorflow as tf

from sized import Norm

norm = Norm([("channels", 3)])


def step(x):
    return norm(x)
"""


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        ("self.mean.assign(0.9 * self.mean + 0.1 * tf.reduce_mean(x, 0))", Outcome.CONFIRMED),
        ("self.mean.assign(self.mean)", Outcome.REFUTED),
    ],
)
def test_what_only_a_caller_in_another_file_can_run_is_proven_through_it(
    tmp_path: Path, pool: Pool, after: str, outcome: Outcome
) -> None:
    sized, program = str(tmp_path / "sized.py"), str(tmp_path / "program.py")
    before = SIZED.format("self.mean = 0.9 * self.mean + 0.1 * tf.reduce_mean(x, 0)")
    Path(sized).write_text(before)
    Path(program).write_text(SIZES)
    experiment = Experiment(Unchanged(), "Norm", (6,), 9, callers=(Caller(program, 9, "step"),))
    finding = Finding(
        "XY102", "wrong", Severity.ERROR, Confidence.HIGH, "m", "c", "r", sized, Span(9, 9, 9, 10), None, Era("2"),
        experiment, fix=Fix(Applicability.SAFE, "do", ()),
    )  # fmt: skip
    alone = prove_fix(
        pool,
        replace(finding, experiment=replace(experiment, callers=())),
        {sized: before},
        {sized: SIZED.format(after)},
    )
    assert alone.outcome is Outcome.UNDECIDED
    proof = prove_fix(pool, finding, {sized: before}, {sized: SIZED.format(after)})
    assert proof.outcome is outcome, proof
