"""Which rebindings of statistics are seen, and which are right as they are."""

from __future__ import annotations

import pytest

from bnlint.analysis.facts import analyse

HEAD = "import tensorflow as tf\nimport numpy as np\n"
CREATE = "moving_mean = tf.Variable(tf.zeros([3]), trainable=False)\n"
AVERAGE = "moving_mean = moving_mean * 0.9 + tf.reduce_mean(x, 0) * 0.1\n"


def indent(text: str, depth: int = 1) -> str:
    return "".join(f"{'    ' * depth}{line}\n" for line in text.splitlines())


HELPER = "def follow(old, new, decay=0.9):\n    kept = decay * old\n    return kept + (1 - decay) * new\n"


FUSED = "y, moving_mean, _ = tf.compat.v1.nn.fused_batch_norm(x, s, o, moving_mean, v, {})\nreturn y\n"

LOST = {
    "the average that fused_batch_norm computes": "def f(x, s, o, v, training):\n"
    + indent(CREATE + FUSED.format("is_training=training, exponential_avg_factor=0.1")),
    "in fused_batch_norm that always trains": "def f(x, s, o, v):\n" + indent(CREATE + FUSED.format("epsilon=1e-5")),
    "by another name": "def f(x):\n"
    + indent(
        CREATE + "old = moving_mean\nmoving_mean = old * 0.9 + tf.reduce_mean(x, 0) * 0.1\nreturn x - moving_mean"
    ),
    "a local name": "def f(x):\n" + indent(CREATE + AVERAGE + "return x - moving_mean"),
    "a global": CREATE + "def f(x):\n" + indent("global moving_mean\n" + AVERAGE),
    "a closure": "def g():\n"
    + indent(CREATE + "def f(x):\n" + indent("nonlocal moving_mean\n" + AVERAGE) + "return f"),
    "a parameter": "def f(x, moving_mean):\n" + indent(AVERAGE) + "def g(x):\n" + indent(CREATE + "f(x, moving_mean)"),
    "a dict slot": "s = {'m': tf.Variable(0.)}\ndef f(x):\n"
    + indent(
        "s['m'] = 0.9 * s['m'] + 0.1 * tf.reduce_mean(x, 0)\n"
        "return tf.nn.batch_normalization(x, s['m'], 1., 0., 1., 1e-3)"
    ),
    "a list that is made anew": "s = [tf.Variable(0., trainable=False), 1.]\ndef f(x):\n"
    + indent("global s\ns = [0.9 * s[0] + 0.1 * tf.reduce_mean(x, 0), 1.]"),
    "a dict that is made anew": "s = {'m': tf.Variable(0., trainable=False)}\ndef f(x):\n"
    + indent("global s\ns = {'m': 0.9 * s['m'] + 0.1 * tf.reduce_mean(x, 0)}"),
    "the name of a loop over pairs": "s = [tf.Variable(0., trainable=False), tf.Variable(1., trainable=False)]\n"
    + "def f(x):\n"
    + indent("for old, new in zip(s, tf.nn.moments(x, [0])):\n" + indent("old = 0.9 * old + 0.1 * new")),
    "the name of a loop that counts": "s = [tf.Variable(0., trainable=False)]\n"
    + "def f(x):\n"
    + indent("for i, old in enumerate(s):\n" + indent("old = 0.9 * old + 0.1 * tf.reduce_mean(x, 0)")),
    "a loop": CREATE + "for x in data:\n" + indent(AVERAGE),
    "a branch": CREATE + "if training:\n" + indent(AVERAGE) + "else:\n" + indent("pass"),
    "try": CREATE + "try:\n" + indent(AVERAGE) + "except ValueError:\n" + indent("pass"),
    "with": CREATE + "with tf.name_scope('bn'):\n" + indent(AVERAGE),
    "an alias": "class N(tf.Module):\n"
    + indent("def __init__(self):\n" + indent("self.mm = tf.Variable(0., trainable=False)"))
    + indent("def __call__(self, x):\n" + indent("moving_mean = self.mm\n" + AVERAGE)),
    "an attribute of a base class": "class B:\n"
    + indent("def __init__(self):\n" + indent("self.mm = tf.Variable(0., trainable=False)"))
    + "class N(B):\n"
    + indent("def __call__(self, x):\n" + indent("self.mm = self.mm * 0.9 + tf.reduce_mean(x, 0) * 0.1")),
    "a helper that creates": "def make():\n"
    + indent("return tf.Variable(0., trainable=False)")
    + "def f(x):\n"
    + indent("moving_mean = make()\n" + AVERAGE),
    "a tuple": "def f(x):\n"
    + indent(
        "moving_mean, v = tf.Variable(0., trainable=False), tf.Variable(1., trainable=False)\n"
        "moving_mean, v = moving_mean * 0.9 + tf.reduce_mean(x) * 0.1, v"
    ),
    "arithmetic in calls": CREATE
    + "moving_mean = tf.add(tf.multiply(moving_mean, 0.9), tf.multiply(tf.reduce_mean(x), 0.1))\n",
    "arithmetic in calls of tf.math": CREATE
    + "moving_mean = tf.math.add(tf.math.scalar_mul(0.9, moving_mean), 0.1 * tf.reduce_mean(x))\n",
    "a sum in a list": CREATE + "moving_mean = tf.add_n([0.9 * moving_mean, 0.1 * tf.reduce_mean(x)])\n",
    "a difference": CREATE + "moving_mean = moving_mean - (moving_mean - tf.reduce_mean(x, 0)) * 0.1\n",
    "a helper that computes": HELPER + CREATE + "moving_mean = follow(moving_mean, tf.reduce_mean(x, 0))\n",
    "a helper inside arithmetic": HELPER + CREATE + "moving_mean = 1. * follow(moving_mean, tf.reduce_mean(x, 0))\n",
    "a helper of two values": HELPER
    + "def both(m, v):\n"
    + indent("return follow(m, tf.reduce_mean(x)), follow(v, tf.math.reduce_variance(x))")
    + CREATE
    + "variance = tf.Variable(1., trainable=False)\n"
    + "moving_mean, variance = both(moving_mean, variance)\n",
    "a choice": CREATE + "moving_mean = moving_mean * 0.9 + tf.reduce_mean(x, 0) * 0.1 if training else moving_mean\n",
    "a branch of tf.cond": HELPER
    + CREATE
    + "def f(x, training):\n"
    + indent(
        "global moving_mean\n"
        "moving_mean = tf.cond(training, lambda: follow(moving_mean, tf.reduce_mean(x)), lambda: moving_mean)"
    ),
    "a method that computes": "class N(tf.Module):\n"
    + indent("def __init__(self):\n" + indent("self.mm = tf.Variable(0., trainable=False)"))
    + indent("def average(self, old, new):\n" + indent("return old * self.decay + new * (1 - self.decay)"))
    + indent("def __call__(self, x):\n" + indent("self.mm = self.average(self.mm, tf.reduce_mean(x, 0))")),
    "lazy creation": "class N(tf.Module):\n"
    + indent("mm = None\ndef __call__(self, x):\n")
    + indent("if self.mm is None:\n" + indent("self.mm = tf.Variable(0., trainable=False)"), 2)
    + indent("self.mm = self.mm * 0.9 + tf.reduce_mean(x, 0) * 0.1", 2),
}

RIGHT = {
    "NumPy": "class N:\n"
    + indent("def __init__(self):\n" + indent("self.mm = np.zeros(3)"))
    + indent("def __call__(self, x):\n" + indent("self.mm = self.mm * 0.9 + x.mean(0) * 0.1")),
    "an assignment that keeps its name": CREATE
    + "moving_mean = moving_mean.assign(moving_mean * 0.9 + tf.reduce_mean(x, 0) * 0.1)\n",
    "tf.assign that keeps its name": CREATE
    + "moving_mean = tf.assign(moving_mean, moving_mean * 0.9 + tf.reduce_mean(x, 0) * 0.1)\n",
    "a new value that is returned": "def f(x, moving_mean):\n"
    + indent(AVERAGE + "return x, moving_mean")
    + "def g(x):\n"
    + indent(CREATE + "y, new = f(x, moving_mean)\nmoving_mean.assign(new)"),
    "a cast under the same name": "class N(tf.Module):\n"
    + indent("def __init__(self):\n" + indent("self.moving_mean = tf.Variable(0., trainable=False)"))
    + indent(
        "def __call__(self, x):\n" + indent("moving_mean = tf.cast(self.moving_mean, x.dtype)\nreturn x - moving_mean")
    ),
    "a placeholder": "class N:\n" + indent("def __init__(self):\n" + indent("self.moving_mean = None")),
    "an average object": "def f():\n"
    + indent("moving_mean = tf.train.ExponentialMovingAverage(0.9)\nreturn moving_mean"),
    "a sum": "gamma = tf.Variable(1.)\ngamma = gamma + 1e-3\n",
    "a scaled weight": "w = tf.Variable(1.)\nw = w * 2.0\n",
    "another name": CREATE + "new = moving_mean * 0.9 + tf.reduce_mean(x, 0) * 0.1\nmoving_mean.assign(new)\n",
    "a helper that assigns": "def follow(old, new):\n"
    + indent("value = 0.9 * old + 0.1 * new\nold.assign(value)\nreturn value")
    + CREATE
    + "moving_mean = follow(moving_mean, tf.reduce_mean(x, 0))\n",
    "a helper that calls one that assigns": "def store(old, value):\n"
    + indent("old.assign(value)")
    + "def follow(old, new):\n"
    + indent("value = 0.9 * old + 0.1 * new\nstore(old, value)\nreturn value")
    + CREATE
    + "moving_mean = follow(moving_mean, tf.reduce_mean(x, 0))\n",
    "a helper whose value is stored": HELPER
    + CREATE
    + "new = follow(moving_mean, tf.reduce_mean(x, 0))\nmoving_mean.assign(new)\n",
    "a list of what is stored later": "s = [tf.Variable(0., trainable=False)]\n"
    + "def f(x):\n"
    + indent("for old, new in zip(s, [tf.reduce_mean(x, 0)]):\n" + indent("old.assign(0.9 * old + 0.1 * new)")),
    "what fused_batch_norm gives back": "def f(x, s, o, v, training):\n"
    + indent(CREATE + FUSED.format("is_training=training")),
    "stored later": CREATE + "old = moving_mean\n" + AVERAGE + "old.assign(moving_mean)\n",
}


@pytest.mark.parametrize("text", LOST.values(), ids=LOST)
def test_lost_value_is_seen(text: str) -> None:
    facts = analyse(HEAD + text, "x.py")
    assert [each for each in facts.rebindings if not each.kept], facts.rebindings


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_right_code_is_left_alone(text: str) -> None:
    facts = analyse(HEAD + text, "x.py")
    assert not [each for each in facts.rebindings if not each.kept], facts.rebindings


STORE = """
class Norm(tf.Module):
    def __init__(self):
        {created}
    def __call__(self, x):
        mean, variance = tf.nn.moments(x, [0])
        {rebound}
        return tf.nn.batch_normalization(x, self.moving_mean, variance, None, None, 1e-3)
"""
CREATED = "self.moving_mean = tf.Variable(tf.zeros([3]), trainable=False)"
REBOUND = "self.moving_mean = self.moving_mean * 0.9 + mean * 0.1"


@pytest.mark.parametrize(
    ("created", "rebound"),
    [
        (CREATED, REBOUND),
        ("setattr(self, 'moving_mean', tf.Variable(tf.zeros([3]), trainable=False))", REBOUND),
        (CREATED, "setattr(self, 'moving_mean', self.moving_mean * 0.9 + mean * 0.1)"),
        (CREATED, "self.moving_mean, *rest = self.moving_mean * 0.9 + mean * 0.1, variance, x"),
        (CREATED, "*rest, self.moving_mean = variance, x, self.moving_mean * 0.9 + mean * 0.1"),
    ],
)
def test_attributes_by_name_and_beside_stars(created: str, rebound: str) -> None:
    facts = analyse(HEAD + STORE.format(created=created, rebound=rebound), "x.py")
    (found,) = facts.rebindings
    assert found.binding.path == "self.moving_mean"


def test_a_name_that_is_no_place_of_the_object() -> None:
    rebound = "setattr(other, 'moving_mean', self.moving_mean * 0.9 + mean * 0.1)"
    assert not analyse(HEAD + STORE.format(created=CREATED, rebound=rebound), "x.py").rebindings


@pytest.mark.parametrize("way", ["import tensorflow as tf", "tf = None"])
def test_a_library_that_may_be_missing(way: str) -> None:
    guarded = f"try:\n    import tensorflow.compat.v1 as tf\nexcept ImportError:\n    {way}\n"
    facts = analyse(guarded + STORE.format(created=CREATED, rebound=REBOUND), "x.py")
    assert len(facts.rebindings) == 1
