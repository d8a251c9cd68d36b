"""Losses that wait for updates, readings of UPDATE_OPS that come too early, entries made in branches, blocks that wait
for nothing, swapped arguments and dropped results: BN203, BN205, BN206, BN210, BN211, BN604."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.analysis.conftest import Found

HEAD = "import tensorflow.compat.v1 as tf\nfrom tensorflow.contrib import slim\n"
UPDATES = "tf.get_collection(tf.GraphKeys.UPDATE_OPS)"
LAYER = "def net(x, t):\n    return tf.layers.batch_normalization(x, training=t)\n"
STEP = "step = tf.train.AdamOptimizer().minimize(loss)\n"
WAITS = f"with tf.control_dependencies({UPDATES}):\n    "


class TestLossThatWaits:
    NET = HEAD + "loss = tf.reduce_mean(tf.layers.batch_normalization(x, training=t))\n"
    SESSION = "with tf.Session() as sess:\n    "

    @pytest.mark.parametrize("through", ["tf.identity(loss)", "loss + 0.0", "tf.add(loss, tf.constant(1.0))"])
    def test_on_its_way_to_the_gradients(self, through: str, found: Found) -> None:
        program = f"{self.NET}{WAITS}loss = {through}\n{STEP}{self.SESSION}sess.run(step)\n"
        assert found(program, "BN203") == ["program.py:4"]

    BY_HAND = (
        "def update(x):\n    mean, _ = tf.nn.moments(x, [0])\n"
        "    moving_mean = tf.get_variable('moving_mean', [3], trainable=False)\n"
        "    return tf.group(moving_mean.assign(moving_mean * 0.9 + mean * 0.1))\n"
    )

    def test_for_updates_that_a_function_makes(self, found: Found) -> None:
        program = f"{HEAD}{self.BY_HAND}with tf.control_dependencies([update(x)]):\n    loss = tf.identity(loss)\n"
        program += f"{STEP}{self.SESSION}sess.run(step)\n"
        assert found(program, "BN203") == ["program.py:7"]
        assert found(program.replace("[update(x)]", "[summary(x)]"), "BN203") == []

    def test_for_a_collection_of_another_file(self, found: Found) -> None:
        layers = HEAD + "KEY = 'norm_updates'\n" + self.BY_HAND + "tf.add_to_collection(KEY, update(x))\n"
        train = HEAD + "from layers import KEY\nwith tf.control_dependencies(tf.get_collection(KEY)):\n"
        train += f"    loss = tf.identity(loss)\n{STEP}{self.SESSION}sess.run(step)\n"
        assert found({"layers.py": layers, "train.py": train}, "BN203", "BN208") == ["train.py:4"]
        assert (
            found({"layers.py": layers.replace("KEY, update(x)", "KEY, loss"), "train.py": train}, "BN203", "BN208")
            == []
        )

    def test_and_is_fetched_now_and_then(self, found: Found) -> None:
        program = f"{self.NET}{WAITS}loss = tf.identity(loss)\n{STEP}{self.SESSION}sess.run(step)\n"
        assert found(program + "    if log:\n        sess.run(loss)\n", "BN203") == ["program.py:4"]

    def test_and_is_returned_with_the_step_but_not_fetched_with_it(self, found: Found) -> None:
        build = (
            f"def build(x, t):\n    loss = net(x, t)\n    {WAITS}        loss = tf.identity(loss)\n"
            f"    {STEP}    return step, loss\n"
        )
        start = HEAD + LAYER + build + "step, loss = build(x, t)\n" + self.SESSION
        assert found(start + "sess.run(step)\n", "BN203") == ["program.py:7"]
        assert found(start + "sess.run([step, loss])\n", "BN203") == []

    @pytest.mark.parametrize(
        "program",
        [
            f"{WAITS}loss = tf.identity(loss)\n{STEP}with tf.Session() as sess:\n    sess.run([step, loss])\n",
            f"{WAITS}loss = tf.reduce_mean(tf.square(y))\n{STEP}with tf.Session() as sess:\n    sess.run(step)\n",
            f"{WAITS}{STEP}with tf.Session() as sess:\n    sess.run(step)\n",
            f"{WAITS}loss = tf.identity(loss)\n    {STEP}with tf.Session() as sess:\n    sess.run(step)\n",
            f"{WAITS}loss = tf.identity(loss)\nstep = slim.learning.create_train_op(loss, optimizer)\n",
            f"{WAITS}loss = tf.identity(loss)\ntf.summary.scalar('loss', loss)\n{STEP}",
        ],
    )
    def test_otherwise(self, program: str, found: Found) -> None:
        assert found(self.NET + program, "BN203") == []


class TestEarlyReading:
    @pytest.mark.parametrize(
        "body",
        [
            f"ops = {UPDATES}\nloss = tf.layers.batch_normalization(x, training=t)\n",
            f"ops = {UPDATES}\nloss = net(x, t)\n",
            f"y = tf.layers.batch_normalization(x, training=t)\nops = {UPDATES}\n"
            "loss = tf.layers.batch_normalization(y, training=t)\n",
        ],
    )
    def test_before_the_layers(self, body: str, found: Found) -> None:
        program = HEAD + LAYER + body + "with tf.control_dependencies(ops):\n    " + STEP
        assert found(program, "BN205") == [f"program.py:{6 if body.startswith('y') else 5}"]

    @pytest.mark.parametrize(("part", "flagged"), [("a", True), ("b", False)])
    def test_a_part_that_is_built_later(self, part: str, flagged: bool, found: Found) -> None:
        nets = "".join(
            f"def net_{name}(x, t):\n    with tf.variable_scope('{name}'):\n"
            "        return tf.layers.batch_normalization(x, training=t)\n"
            for name in "ab"
        )
        body = (
            f"y = net_b(x, t)\nops = tf.get_collection(tf.GraphKeys.UPDATE_OPS, scope='{part}')\nloss = net_a(y, t)\n"
        )
        program = HEAD + nets + body + "with tf.control_dependencies(ops):\n    " + STEP
        assert found(program, "BN205") == (["program.py:10"] if flagged else [])

    def test_before_a_network_in_another_file(self, found: Found) -> None:
        nets = HEAD + "class Net:\n    def __init__(self, t):\n        self.t = t\n    def build(self, x):\n"
        nets += "        return tf.layers.batch_normalization(x, training=self.t)\n"
        train = HEAD + f"from nets import Net\nops = {UPDATES}\nnet = Net(t)\nloss = net.build(x)\n{WAITS[:0]}"
        train += "with tf.control_dependencies(ops):\n    " + STEP
        assert found({"nets.py": nets, "train.py": train}, "BN205") == ["train.py:4"]

    @pytest.mark.parametrize(
        "body",
        [
            f"loss = net(x, t)\nops = {UPDATES}\n",
            f"ops = {UPDATES}\nloss = net(x, t)\nops = {UPDATES}\n",
            f"skip = {UPDATES}\nloss = net(x, t)\nops = [op for op in {UPDATES} if op not in skip]\n",
            "ops = tf.get_collection_ref(tf.GraphKeys.UPDATE_OPS)\nloss = net(x, t)\n",
            "ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS, 'tower_0')\nloss = net(x, t)\n",
            f"for x in towers:\n    ops = {UPDATES}\n    loss = net(x, t)\n",
            f"loss = net(x, t)\nops = {UPDATES}\ntest = net(x, False)\n",
        ],
    )
    def test_in_time_or_on_purpose(self, body: str, found: Found) -> None:
        program = HEAD + LAYER + body + "with tf.control_dependencies(ops):\n    " + STEP
        assert found(program, "BN205") == []


class TestSwappedArguments:
    OPS = "op = tf.assign(moving_mean, moving_mean * 0.9)\n"

    @pytest.mark.parametrize(
        "call",
        [
            "tf.add_to_collection(op, tf.GraphKeys.UPDATE_OPS)",
            "tf.add_to_collection(op, 'updates')",
            "tf.add_to_collections(v.assign(1.0), tf.GraphKeys.UPDATE_OPS)",
            "graph.add_to_collection(op, tf.GraphKeys.UPDATE_OPS)",
        ],
    )
    def test_by_place(self, call: str, found: Found) -> None:
        assert found(HEAD + self.OPS + call + "\n", "BN206") == ["program.py:4"]

    @pytest.mark.parametrize(
        "call",
        [
            "tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, op)",
            "tf.add_to_collection('updates', op)",
            "tf.add_to_collection('names', 'layer')",
            "tf.add_to_collection(KEY, 'layer')",
            "tf.add_to_collection(value=op, name=tf.GraphKeys.UPDATE_OPS)",
            "def f(name):\n    tf.add_to_collection(name, tf.GraphKeys.UPDATE_OPS)",
        ],
    )
    def test_right(self, call: str, found: Found) -> None:
        assert found(HEAD + self.OPS + call + "\n", "BN206") == []


class TestEntryInBranch:
    NET = HEAD + "t = tf.placeholder(tf.bool)\ny = tf.cond(t, lambda: slim.batch_norm(x{}), lambda: x)\n" + WAITS + STEP
    RUN = "with tf.Session() as sess:\n    sess.run(step, {{t: {}}})\n"

    @pytest.mark.parametrize(
        ("flag", "places"),
        [("False", ["program.py:4"]), ("True", []), ("flag", ["program.py:4 info"])],
    )
    def test_when_a_step_does_not_take_the_branch(self, flag: str, places: list[str], found: Found) -> None:
        assert found(self.NET.format("") + self.RUN.format(flag), "BN210") == places

    def test_one_of_two_phases(self, found: Found) -> None:
        phases = "with tf.Session() as sess:\n    for phase in [True, False]:\n        sess.run(step, {t: phase})\n"
        assert found(self.NET.format("") + phases, "BN210") == ["program.py:4"]

    def test_the_other_branch(self, found: Found) -> None:
        swapped = self.NET.format("").replace(
            "lambda: slim.batch_norm(x), lambda: x", "lambda: x, lambda: slim.batch_norm(x)"
        )
        assert found(swapped + self.RUN.format("True"), "BN210") == ["program.py:4"]
        assert found(swapped + self.RUN.format("False"), "BN210") == []

    def test_a_default_that_nobody_changes(self, found: Found) -> None:
        default = self.NET.format("").replace("tf.placeholder(tf.bool)", "tf.placeholder_with_default(False, [])")
        assert found(default + "with tf.Session() as sess:\n    sess.run(step)\n", "BN210") == ["program.py:4"]

    def test_in_place(self, found: Found) -> None:
        program = self.NET.format(", updates_collections=None") + self.RUN.format("False")
        assert found(program, "BN210") == []

    def test_no_step_waits_for_the_collection(self, found: Found) -> None:
        alone = self.NET.format("").replace(WAITS, "") + self.RUN.format("False")
        assert found(alone, "BN210") == []


class TestFused:
    HEAD = (
        "import tensorflow as tf\nmean = tf.Variable(tf.zeros([3]), trainable=False)\n"
        "variance = tf.Variable(tf.ones([3]), trainable=False)\ndef net(x, s, o):\n"
    )
    CALL = "tf.compat.v1.nn.fused_batch_norm(x, s, o, mean, variance, exponential_avg_factor=0.1)"

    @pytest.mark.parametrize(
        "line", ["y, _, _ = {}", "y = {}[0]", "y, m, v = {}", "y, *_ = {}", "r = {}\n    y = r[0]"]
    )
    def test_results_dropped(self, line: str, found: Found) -> None:
        program = f"{self.HEAD}    {line.format(self.CALL)}\n    return y\n"
        assert found(program, "BN211") == (["program.py:5 warning"] if "*" not in line else [])

    @pytest.mark.parametrize(
        "lines",
        [
            "y, m, v = {}\n    mean.assign(m)\n    variance.assign(v)\n    return y",
            "return {}",
            "y, m, v = {}\n    return y, m, v",
            "r = {}\n    store(r[1], r[2])\n    return r[0]",
            "y, _, _ = {}\n    mean.assign(mean * 0.9 + tf.reduce_mean(x, [0, 1, 2]) * 0.1)\n    return y",
        ],
    )
    def test_results_used(self, lines: str, found: Found) -> None:
        assert found(f"{self.HEAD}    {lines.format(self.CALL)}\n", "BN211") == []

    @pytest.mark.parametrize(
        "call",
        [
            CALL.replace("exponential_avg_factor=0.1", "is_training=False"),
            CALL.replace("mean, variance, ", ""),
        ],
    )
    def test_inference_or_no_statistics(self, call: str, found: Found) -> None:
        assert found(f"{self.HEAD}    y, _, _ = {call}\n    return y\n", "BN211") == []


class TestDeadDependency:
    NET = HEAD + "loss = slim.batch_norm(x, is_training=t{})\n" + WAITS + STEP
    RUN = "with tf.Session() as sess:\n    sess.run(step)\n"

    def test_layers_in_place(self, found: Found) -> None:
        in_place = self.NET.format(", updates_collections=None")
        assert found(in_place + self.RUN, "BN604") == ["program.py:4 info"]
        assert found(in_place, "BN604") == []

    @pytest.mark.parametrize(
        "more",
        [
            "z = slim.batch_norm(x, is_training=t)\n",
            "z = tf.layers.BatchNormalization()(x, training=t)\n",
            "tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, op)\n",
            "from tensorflow.contrib.slim.nets import resnet_v1\n",
        ],
    )
    def test_something_fills_the_collection(self, more: str, found: Found) -> None:
        assert found(self.NET.format(", updates_collections=None") + more + self.RUN, "BN604") == []

    def test_the_layer_fills_it(self, found: Found) -> None:
        assert found(self.NET.format("") + self.RUN, "BN604") == []
