"""What the fixes of rules do to code that the rules' own examples do not show."""

from __future__ import annotations

import textwrap

import pytest

from bnlint import engine, fixer
from bnlint.settings import Settings
from bnlint.source import Source

HEAD = "import tensorflow.compat.v1 as tf\n\ntf.disable_v2_behavior()\n\n\n"
BUILD = """\
def build(x, target, training, sess):
    h = tf.layers.batch_normalization(tf.layers.dense(x, 4), training=training)
    loss = tf.reduce_mean(tf.square(h - target))
"""


def changed(text: str) -> str:
    source = Source.from_bytes((HEAD + text).encode(), "a.py")
    inputs = engine.Inputs((source,), (), 1, tuple)
    report, changes = fixer.fix(inputs, Settings(), unsafe=True, write=False)
    assert [(each.code, each.proof and each.proof.detail) for each in report.findings] == []
    return changes[0].after.text.removeprefix(HEAD)


@pytest.mark.parametrize(
    ("body", "fixed"),
    [
        pytest.param(
            """
            step = tf.train.AdamOptimizer().minimize(loss)
            with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
                return step
            """,
            """
            step = tf.train.AdamOptimizer().minimize(loss)
            with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
                return tf.group(step)
            """,
            id="an optimizer step is an op and no tensor",
        ),
        pytest.param(
            """
            step = tf.train.AdamOptimizer().minimize(loss)  # the step
            with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
                step = step
            return step
            """,
            """
            with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
                step = tf.train.AdamOptimizer().minimize(loss)  # the step
            return step
            """,
            id="a comment moves along",
        ),
        pytest.param(
            """
            step = tf.train.AdamOptimizer().minimize(loss)  # the step
            with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
                step = step  # waits
            return step
            """,
            """
            with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
                # the step
                step = tf.train.AdamOptimizer().minimize(loss)  # waits
            return step
            """,
            id="two comments both stay",
        ),
    ],
)
def test_the_op_is_built_in_the_block(body: str, fixed: str) -> None:
    before, after = (BUILD + textwrap.indent(textwrap.dedent(text).lstrip("\n"), "    ") for text in (body, fixed))
    assert changed(before) == after


def test_a_reading_of_the_collection_takes_its_comment_along() -> None:
    reading = "    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)  # why: 'x' # y\n"
    use = "    with tf.control_dependencies(updates):\n        return tf.train.AdamOptimizer().minimize(loss)\n"
    head, *rows = BUILD.splitlines(keepends=True)
    assert changed(head + reading + "".join(rows) + use) == BUILD + reading + use


def test_an_average_that_is_run_keeps_its_comment() -> None:
    text = """\
    def norm(x, training):
        mean, variance = tf.nn.moments(x, [0])
        ema = tf.train.ExponentialMovingAverage(0.9)

        def batch():
            ema.apply([mean, variance]){comment}
            return mean, variance

        mean, variance = tf.cond(training, batch, lambda: (ema.average(mean), ema.average(variance)))
        return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)
    """
    with_comment = changed(textwrap.dedent(text).format(comment="  # both"))
    assert "    with tf.control_dependencies([ema.apply([mean, variance])]):  # both\n" in with_comment
    assert with_comment.replace("  # both", "") == changed(textwrap.dedent(text).format(comment=""))
