"""Facts are made in one process and read in another."""

from __future__ import annotations

import pickle

from bnlint.analysis.facts import analyse

SOURCE = """
import tensorflow as tf

def step(x):
    y = tf.identity(x)
    return tf.nn.relu(y)
"""


def test_facts_answer_the_same_after_the_way_between_processes() -> None:
    facts = analyse(SOURCE, "step.py")
    arrived = pickle.loads(pickle.dumps(facts))
    for facts_here in (facts, arrived):
        call = facts_here.flow.tree.calls[0]
        statement = facts_here.flow.statement(call)
        assert statement is not None
        assert statement.kind == "assign"
