"""What a run with stand-ins may decide, with observations made by hand and with programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from observations import law, observation, variable, verdict

from bnlint.findings import Outcome, Verdict
from bnlint.verify.predictions import Changed, OnePhase, Raises, Unchanged, WrongLaw

Run = Callable[..., Verdict]
C, R, D, U = Outcome.CONFIRMED, Outcome.REFUTED, Outcome.DEFERRED, Outcome.UNDECIDED

PART = {"used": ["config"], "branches": [], "flag": False, "numbers": False, "tensors": False}


def seen_with(prediction: Any, *variables: dict[str, Any], probes: Any = None, **part: Any) -> Verdict:
    made = observation(*variables, rung="stand-ins", probes=probes or {}, stand_ins={**PART, **part})
    return verdict(prediction, made)


@pytest.mark.parametrize("laws", [{"call": law("unchanged", None, None)}, {"call": law()}])
def test_a_stand_in_that_had_no_say_changes_nothing(laws: dict[str, Any]) -> None:
    expected = verdict(Unchanged(), observation(variable(laws=laws))).outcome
    assert expected in (C, R)
    assert seen_with(Unchanged(), variable(laws=laws), tensors=True, numbers=True).outcome is expected


@pytest.mark.parametrize("part", [{"branches": [3]}, {"flag": True}])
@pytest.mark.parametrize("laws", [{"call": law("unchanged", None, None)}, {"call": law()}])
def test_nothing_is_decided_where_a_stand_in_chose_the_way(part: dict[str, Any], laws: dict[str, Any]) -> None:
    seen = seen_with(Unchanged(), variable(laws=laws), **part)
    assert (seen.outcome, seen.reason) == (U, "stand-in-decided")


def test_nothing_is_decided_about_a_variable_that_a_stand_in_was_given() -> None:
    assert seen_with(Unchanged(), variable(given=True)).reason == "stand-in-decided"


def test_a_stand_in_on_the_way_hides_what_the_output_depends_on() -> None:
    same = {"phases": {"difference": 0.0, "noise": 0.0, "flag": True}}
    assert seen_with(OnePhase(), probes=same).outcome is C
    assert seen_with(OnePhase(), probes=same, tensors=True).reason == "stand-in-decided"


def test_a_made_up_number_proves_no_law() -> None:
    swapped = variable(laws={"call": law(old=0.1, new=0.9)})
    assert seen_with(WrongLaw("swapped"), swapped).outcome is C
    assert seen_with(WrongLaw("swapped"), swapped, numbers=True).reason == "stand-in-decided"


def test_an_exception_among_stand_ins_proves_nothing() -> None:
    assert seen_with(Raises(("RuntimeError",)), variable()).outcome is U


# Programs

LAYER = """
    import tensorflow as tf
    import shrinking_things
    class Norm:
        def __init__(self, hparams):
            self.mean = tf.Variable(tf.zeros([hparams.channels]), trainable=False)
        def __call__(self, x):
            self.mean{} 0.9 * self.mean + 0.1 * tf.reduce_mean(x, [0, 1, 2])
            return shrinking_things.shrink(x - self.mean)
    """


@pytest.mark.tensorflow
def test_stand_ins_take_the_place_of_modules_and_configurations(run: Run) -> None:
    seen = run(LAYER.format(" ="), Unchanged(), "Norm", (5,), 7)
    assert (seen.outcome, seen.evidence["rung"]) == (C, "stand-ins")
    assert "shrinking_things.shrink" in seen.evidence["stand_ins"]
    fixed = LAYER.format(".assign(").replace("[0, 1, 2])", "[0, 1, 2]))")
    assert run(fixed, Unchanged(), "Norm", (5,), 7).outcome is R


GRAPH = """
    import tensorflow as tf
    import helpers
    def norm(x):
        mean = tf.get_variable("mean", [3], initializer=tf.zeros_initializer(), trainable=False)
        value = 0.9 * mean + 0.1 * tf.reduce_mean(x, [0])
        {}
        return x - mean
    """


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("helpers.shown(value)", C),
        ("update = helpers.later([tf.assign(mean, value)])", D),
        ("helpers.keep(tf.assign(mean, value))", D),
        ("helpers.update(mean, value)", U),
        ("helpers.collected.append(mean)", U),
        ("helpers.mean = mean", U),
        ("x = x if helpers.frozen else x + tf.assign(mean, value)", U),
        ("if helpers.config.is_training: x = x + tf.assign(mean, value)", U),
        ("x = helpers.shown(x) + tf.assign(mean, value)", R),
    ],
)
def test_an_update_that_a_stand_in_may_run_is_no_mistake(run: Run, line: str, outcome: Outcome) -> None:
    seen = run(GRAPH.format(line), Unchanged(), "norm", (4,), 5, tensorflow="1")
    assert (seen.outcome, seen.evidence["rung"]) == (outcome, "stand-ins")


@pytest.mark.tensorflow
def test_a_test_that_leads_to_the_line_may_be_made_up(run: Run) -> None:
    source = """
    import tensorflow as tf
    import helpers
    def norm(x, options):
        mean = tf.get_variable("mean", [3], initializer=tf.zeros_initializer(), trainable=False)
        if options.enabled:
            mean = 0.9 * mean + 0.1 * tf.reduce_mean(x, [0])
        {}
        return helpers.shown(x - mean)
    """
    assert run(source.format("pass"), Unchanged(), "norm", (4,), 6, tensorflow="1").outcome is C
    elsewhere = source.format("if options.quiet: x = x * 2.0")
    assert run(elsewhere, Unchanged(), "norm", (4,), 6, tensorflow="1").reason == "stand-in-decided"


@pytest.mark.tensorflow
def test_phases_that_a_stand_in_told_apart_are_not_compared(run: Run) -> None:
    source = """
    import tensorflow as tf
    import helpers
    def norm(x):
        return tf.layers.batch_normalization(x, training=helpers.FLAGS.is_training, name="bn")
    """
    for prediction in (Changed("inference"), OnePhase()):
        assert run(source, prediction, "norm", (), 4, tensorflow="1", keras="2").outcome is U
