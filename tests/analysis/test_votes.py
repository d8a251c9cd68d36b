"""A file that does not show what it is written for is taken for what the files near it are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bnlint.analysis.project_facts.votes import Votes
from bnlint.findings import Era

if TYPE_CHECKING:
    from tests.analysis.conftest import Found

OLD = [(f"old/{name}.py", "1") for name in "abcdef"]
NEW = [(f"new/{name}.py", "2") for name in "ab"]


def near(filename: str, *votes: tuple[str, str | None]) -> Era:
    return Votes(votes, [(name, "3") for name, version in votes if version == "2"]).era(filename)


def test_the_nearest_folder_is_asked_first() -> None:
    assert near("new/layers/x.py", *OLD, *NEW).tensorflow == "2"
    assert near("new/layers/x.py", *OLD, *NEW).keras == "3"
    assert near("old/x.py", *OLD, *NEW).tensorflow == "1"
    assert near("old/x.py", *OLD, *NEW).evidence == ("6 files in old: TensorFlow 1", "2 files in this folder: Keras 3")


def test_then_the_folders_around_it() -> None:
    assert near("old/deep/down/x.py", *OLD, *NEW).tensorflow == "1"
    assert near("x.py", ("a.py", "1"), ("b.py", None)) == Era("1", None, ("1 file in this folder: TensorFlow 1",))


def test_one_that_holds_both_does_not_know() -> None:
    assert near("x.py", *OLD, *NEW).tensorflow is None
    assert near("new/x.py", *NEW, ("new/old.py", "1"), *OLD).tensorflow is None
    assert near("other/x.py", *OLD, NEW[0]).tensorflow == "1"
    assert near("x.py") == Era()


EAGER = """import tensorflow as tf
{switch}
moving_mean = tf.Variable(tf.zeros([4]), trainable=False)
def norm(x):
    mean, var = tf.nn.moments(x, [0])
    moving_mean.assign(moving_mean * 0.9 + mean * 0.1)
    return (x - mean) / tf.sqrt(var)
y = norm(tf.random_normal([8, 4])) - moving_mean
"""
GRAPH = (
    "import tensorflow as tf\nx = tf.placeholder(tf.float32)\nwith tf.Session() as sess:\n    sess.run(x, {x: 1.0})\n"
)


@pytest.mark.parametrize(
    ("switch", "is_graph"),
    [
        ("", True),
        ("tf.enable_eager_execution()", False),
        ("tf.compat.v1.enable_eager_execution()", False),
        ("if eager: tf.enable_eager_execution()", True),
        ("def eager(): tf.enable_eager_execution()", True),
    ],
)
def test_a_file_that_switches_graphs_off_is_no_graph_code_whatever_stands_beside_it(
    found: Found, switch: str, is_graph: bool
) -> None:
    files = {"program.py": EAGER.format(switch=switch), "a.py": GRAPH, "b.py": GRAPH}
    assert found(files, "BN201") == (["program.py:6"] if is_graph else [])


def test_names_that_lead_out_of_the_folder_that_is_checked() -> None:
    votes = [("train.py", "1"), *((f"../{name}", version) for name, version in NEW), ("../../a.py", "2")]
    found = Votes(votes, [], ("/", "home", "all", "mine"))
    assert found.era("layers.py") == Era("1", None, ("1 file in this folder: TensorFlow 1",))
    assert found.era("../new/deep/x.py") == Era("2", None, ("2 files in ../new: TensorFlow 2",))
    assert found.era("../x.py").tensorflow is None
    assert found.era("/home/all/mine/layers.py").tensorflow == "1"
    assert found.era("/elsewhere/x.py").tensorflow is None
