"""A rule that is selected alone finds what it finds among all, also what other files or plain names show."""

import pytest

from bnlint.engine import check_sources
from bnlint.settings import Settings
from bnlint.source import Source

PLAIN_NAMES = {
    "norm.py": """\
from tensorflow import keras
from tensorflow.keras import backend as K


class Norm(keras.layers.Layer):
    def build(self, shape):
        self.mu = self.add_weight(name="mu", shape=(shape[-1],), initializer="zeros")
        self.var = self.add_weight(name="var", shape=(shape[-1],), initializer="ones", trainable=False)

    def call(self, x, training=False):
        if training:
            K.update(self.mu, 0.1 * K.mean(x, axis=0) + 0.9 * self.mu)
            K.update(self.var, 0.1 * K.var(x, axis=0) + 0.9 * self.var)
        return (x - self.mu) / K.sqrt(self.var + 1e-3)
"""
}
TWO_FILES = {
    "net.py": """\
import tensorflow.compat.v1 as tf


def net(x, training):
    return tf.layers.batch_normalization(tf.layers.dense(x, 8), training=training)
""",
    "train.py": """\
import tensorflow.compat.v1 as tf

from net import net

x = tf.placeholder(tf.float32, [None, 4])
training = tf.placeholder(tf.bool)
loss = tf.reduce_mean(tf.square(net(x, training)))
step = tf.train.AdamOptimizer().minimize(loss)
with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
    train_op = step
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    session.run(train_op, {x: [[1.0, 2.0, 3.0, 4.0]] * 8, training: True})
""",
}


@pytest.mark.parametrize(("texts", "code"), [(PLAIN_NAMES, "BN405"), (TWO_FILES, "BN202")])
def test_a_rule_alone_finds_what_it_finds_among_all(texts: dict[str, str], code: str) -> None:
    sources = [Source(name, None, text.encode()) for name, text in texts.items()]
    among_all = [each for each in check_sources(sources, Settings()).findings if each.code == code]
    alone = check_sources(sources, Settings(select=(code,))).findings
    assert among_all
    assert [(each.code, each.span) for each in alone] == [(each.code, each.span) for each in among_all]
