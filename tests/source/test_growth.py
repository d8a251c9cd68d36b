"""How the time of a check grows. Ratios of processor time within one run, so that no machine is too slow for them."""

from __future__ import annotations

import ast
import gc
import time
from collections.abc import Callable
from pathlib import Path

from bnlint.engine import check_sources, uncollected
from bnlint.settings import Settings
from bnlint.source import Source

PROGRAMS = [path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parents[2] / "rules").glob("*/bad.py"))]
ALONE = Settings(jobs=1)


def times_as_long(large: Callable[[], object], small: Callable[[], object], times: int) -> float:
    """How many times as long the larger work takes as the smaller, in processor time: the least of three tries of each.

    times: how often the smaller is done in one try. Both have to take about as long, as what else the processor does
    slows a long work by the average of it, and spares some of the short ones.
    """
    tries = [(cost(large), sum(cost(small) for _ in range(times))) for _ in range(3)]
    return min(each[0] for each in tries) / min(each[1] for each in tries) * times


def cost(work: Callable[[], object]) -> float:
    """Seconds of the processor."""
    # As a command does: Python's collector has a growth of its own.
    with uncollected():
        began = time.process_time()
        work()
        spent = time.process_time() - began
    gc.collect()
    return spent


def files(count: int) -> list[Source]:
    return [Source(f"m{number}.py", None, PROGRAMS[number % len(PROGRAMS)].encode()) for number in range(count)]


def long(lines: int) -> Source:
    step = (
        "def step{0}(x, y):\n    z = [x.a{0} * each for each in y]\n    x.a{0} = tf.reduce_mean(z)\n    return z\n\n\n"
    )
    return Source("long.py", None, (PROGRAMS[0] + "".join(step.format(each) for each in range(lines // 6))).encode())


def test_eight_times_the_files_take_little_more_than_eight_times_as_long() -> None:
    few, many = files(50), files(400)
    ratio = times_as_long(lambda: check_sources(many, ALONE), lambda: check_sources(few, ALONE), 8)
    assert ratio <= 10, ratio


def test_a_file_of_ten_times_the_lines_takes_at_most_twelve_times_as_long() -> None:
    short, tall = long(5_000), long(50_000)
    ratio = times_as_long(lambda: check_sources([tall], ALONE), lambda: check_sources([short], ALONE), 10)
    assert ratio <= 12, ratio


def test_a_check_takes_at_most_so_many_times_as_long_as_parsing() -> None:
    several = files(100)
    texts = [source.text for source in several]
    ratio = times_as_long(lambda: check_sources(several, ALONE), lambda: [ast.parse(text) for text in texts], 16)
    # It was 16 when this was written.
    assert ratio <= 25, ratio


# A layer of a library hands on what it is given, and so does what stands before it in every program that uses it.
LIBRARY = """\
import tensorflow as tf


def drop(x):
    if x is None:
        x = tf.zeros([1, 4])
    return x


def norm(x):
    mean = tf.get_variable("moving_mean", [4], initializer=tf.zeros_initializer(), trainable=False)
    batch_mean, batch_variance = tf.nn.moments(x, [0, 1])
    with tf.control_dependencies([tf.assign(mean, mean * 0.9 + batch_mean * 0.1)]):
        x = tf.nn.batch_normalization(x, batch_mean, batch_variance, None, None, 1e-3)
    return x
"""
PROGRAM = (
    "import tensorflow as tf\nfrom layers import drop, norm\n\n\ndef net(x):\n"
    + "    x = norm(drop(x))\n" * 6
    + "    return x\n\n\nnet(tf.placeholder(tf.float32, [8, 4]))\n"
)


def test_a_layer_of_four_times_the_programs_takes_little_more_than_four_times_as_long() -> None:
    def used_by(count: int) -> list[Source]:
        programs = [Source(f"program{number}.py", None, PROGRAM.encode()) for number in range(count)]
        return [Source("layers.py", None, LIBRARY.encode()), *programs]

    few, many = used_by(10), used_by(40)
    ratio = cost(lambda: check_sources(many, ALONE)) / cost(lambda: check_sources(few, ALONE))
    assert ratio <= 7, ratio


def grown(branches: int) -> Source:
    """What a run fetches is gathered in as many branches of a loop."""
    branch = "        {0} kind == {1}:\n            wanted += [tf.reduce_mean(x + {1})]\n"
    chosen = "".join(branch.format("elif" if number else "if", number) for number in range(branches))
    head = "def evaluate(session, kinds, x):\n    wanted = []\n    for kind in kinds:\n"
    return Source("gathered.py", None, f"{PROGRAMS[0]}\n{head}{chosen}    return session.run(wanted)\n".encode())


def test_a_list_that_many_branches_grow_is_walked_once() -> None:
    few, many = grown(10), grown(80)
    ratio = times_as_long(lambda: check_sources([many], ALONE), lambda: check_sources([few], ALONE), 8)
    assert ratio <= 16, ratio
