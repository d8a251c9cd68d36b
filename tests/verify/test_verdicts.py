"""Predictions held against observations made by hand. No TensorFlow."""

from __future__ import annotations

from typing import Any

import pytest
from observations import MOVED, ROW, STATISTIC, UNCHANGED, error, law, observation, variable, verdict

from bnlint.findings import Outcome, Verdict
from bnlint.verify.predictions import (
    AnyOf,
    DependsOnBatch,
    Experiment,
    NewPerCall,
    Prediction,
    Raises,
    Unchanged,
    WrongLaw,
)
from bnlint.verify.seen import Place
from bnlint.verify.verdicts import failed_before, prove, unable


def test_a_statistic_that_kept_its_value_while_the_line_ran_is_confirmed() -> None:
    seen = verdict(Unchanged(), observation(variable()))
    assert seen.outcome is Outcome.CONFIRMED
    assert seen.evidence["statistics"][0]["row"] == STATISTIC
    assert seen.evidence["statistics"][0]["batch"] == [[3.0, 4.0, 5.0]]
    assert seen.evidence["notes"] == ["a note"]


def test_a_statistic_that_moved_is_refuted() -> None:
    assert verdict(Unchanged(), observation(variable(laws=MOVED))).outcome is Outcome.REFUTED


def test_one_mode_in_which_it_moved_is_enough_to_refute() -> None:
    seen = verdict(Unchanged(), observation(variable()), observation(variable(laws=MOVED), mode="function"))
    assert seen.outcome is Outcome.REFUTED
    assert seen.evidence["mode"] == "function"


def test_unchanged_proves_nothing_if_the_line_did_not_run() -> None:
    assert verdict(Unchanged(), observation(variable(), hits=[1, 5])).reason == "line-not-reached"


def test_a_traced_run_agrees_but_cannot_stand_alone() -> None:
    traced = observation(variable(), hits=[1, 5], mode="function")
    assert verdict(Unchanged(), traced).outcome is Outcome.UNDECIDED
    assert verdict(Unchanged(), traced, observation(variable())).outcome is Outcome.CONFIRMED


def test_a_mode_that_raised_counts_as_not_run() -> None:
    broken = observation(variable(laws={}), error=error("ValueError", (2,)), mode="function")
    assert verdict(Unchanged(), broken, observation(variable())).outcome is Outcome.CONFIRMED
    assert verdict(Unchanged(), broken).reason == "raised"


@pytest.mark.parametrize(
    ("stage", "reason"),
    [("syntax", "syntax-error"), ("import", "import-failed"), ("find", "symbol-not-found"), ("fit", "raised")],
)
def test_the_reason_says_how_far_it_got(stage: str, reason: str) -> None:
    seen = verdict(Unchanged(), observation(error=error("KeyError", (), stage, "the words")))
    assert seen.reason == reason
    assert "KeyError: the words" in seen.detail


def test_an_update_left_to_the_caller_is_deferred() -> None:
    laws = {"call": UNCHANGED, "train-op": UNCHANGED, "collection update_ops": law()}
    graph = observation(variable(laws=laws, updates=1, reached_by=["collection update_ops"]), mode="graph")
    seen = verdict(Unchanged("train-op"), graph)
    assert (seen.outcome, seen.reason) == (Outcome.DEFERRED, "caller-runs-updates")


def test_an_update_that_nothing_reaches_is_confirmed() -> None:
    laws = {"call": UNCHANGED, "train-op": UNCHANGED}
    graph = observation(variable(laws=laws, updates=1), mode="graph")
    assert verdict(Unchanged("train-op"), graph).outcome is Outcome.CONFIRMED


def test_an_update_that_ran_without_effect_is_no_proof() -> None:
    graph = observation(variable(updates=1, reached_by=["returned"]), mode="graph")
    assert verdict(Unchanged("train-op"), graph).reason == "update-without-effect"


def test_a_program_that_never_trained_says_nothing_about_training() -> None:
    watched = variable(laws={"call": UNCHANGED})
    assert verdict(Unchanged("train-op"), observation(watched, mode="program")).reason == "no-steps"
    trained = observation(variable(laws={"train-op": UNCHANGED}), mode="program", steps={"train-op": 3})
    assert verdict(Unchanged("train-op"), trained).outcome is Outcome.CONFIRMED


def test_what_an_optimizer_does_to_a_trainable_statistic_is_no_update() -> None:
    laws = {"call": UNCHANGED, "train-op": law("unexplained", None, None)}
    assert verdict(Unchanged("train-op"), observation(variable(laws=laws, trainable=True))).outcome is Outcome.CONFIRMED
    assert verdict(Unchanged("train-op"), observation(variable(laws=laws))).outcome is Outcome.REFUTED
    fitted = variable(laws={"fit": law("unexplained", None, None)}, trainable=True)
    assert verdict(Unchanged("fit"), observation(fitted, mode="fit")).reason == "no-steps"


def test_only_the_watched_rows_count() -> None:
    other = variable(rows=[7], laws=MOVED)
    assert verdict(Unchanged(), observation(other, variable())).outcome is Outcome.CONFIRMED
    assert verdict(Unchanged(), observation(other)).reason == "statistic-not-seen"


def test_the_trainable_weights_of_a_watched_layer_do_not_count() -> None:
    gamma = variable(owner="BatchNormalization", trainable=True, laws=MOVED)
    assert verdict(Unchanged(), observation(gamma, variable(owner="BatchNormalization"))).outcome is Outcome.CONFIRMED


def test_variables_of_the_files_own_example_call_do_not_count_beside_driven_ones() -> None:
    assert verdict(Unchanged(), observation(variable(imported=True), variable(laws=MOVED))).outcome is Outcome.REFUTED


def test_a_layer_that_was_told_to_keep_its_statistics_is_no_bug() -> None:
    seen = verdict(Unchanged(), observation(variable(owner="BatchNormalization", frozen=True)))
    assert (seen.outcome, seen.reason) == (Outcome.REFUTED, "intended")


def test_with_nothing_watched_every_statistic_must_move_to_refute() -> None:
    moved, kept = variable(laws=MOVED), variable(rows=[6])
    counter = variable(rows=[7], owner="Mean")
    assert verdict(Unchanged(), observation(moved, counter), statistics=()).outcome is Outcome.REFUTED
    assert verdict(Unchanged(), observation(moved, kept), statistics=()).reason == "some-moved"


def test_variables_born_in_several_calls_are_new_per_call() -> None:
    born = [variable(born=call) for call in range(4)]
    seen = verdict(NewPerCall(), observation(*born))
    assert seen.outcome is Outcome.CONFIRMED
    assert [statistic["made"] for statistic in seen.evidence["statistics"]] == [4]
    assert verdict(NewPerCall(), observation(*born, error=error())).outcome is Outcome.CONFIRMED


def test_variables_born_once_refute_new_per_call() -> None:
    assert verdict(NewPerCall(), observation(variable())).outcome is Outcome.REFUTED


def test_tf_function_refusing_to_create_variables_confirms_new_per_call() -> None:
    refused = error("ValueError", (5,), message="tf.function only supports singleton tf.Variables created on …")
    assert verdict(NewPerCall(), observation(error=refused, mode="function")).outcome is Outcome.CONFIRMED


def test_a_tf_function_that_ran_does_not_refute_new_per_call_alone() -> None:
    assert verdict(NewPerCall(), observation(variable(), mode="function")).outcome is Outcome.UNDECIDED


def test_a_predicted_exception_must_come_from_the_line() -> None:
    predicted = Raises(("AttributeError",))
    assert verdict(predicted, observation(error=error("AttributeError"))).outcome is Outcome.CONFIRMED
    assert verdict(predicted, observation(error=error("AttributeError", of="bool"))).reason == "made-up"
    assert verdict(predicted, observation(error=error("TypeError"))).reason == "raised"
    assert verdict(predicted, observation()).outcome is Outcome.REFUTED
    assert verdict(predicted, observation(hits=[1])).reason == "line-not-reached"


def test_an_exception_of_an_earlier_line_is_passed_over() -> None:
    earlier = verdict(Raises(("AttributeError",)), observation(error=error("AttributeError", (8, 30))))
    assert earlier.reason == "raised"
    place = Place(Experiment(Raises(("AttributeError",)), "f", (), ROW), (ROW, ROW), ())
    assert failed_before(place, earlier) == 8
    assert failed_before(place, verdict(Raises(("KeyError",)), observation(error=error("TypeError", (8,))))) is None


@pytest.mark.parametrize(
    ("fault", "measured", "outcome"),
    [
        ("swapped", law(old=0.01, new=0.99), Outcome.CONFIRMED),
        ("swapped", law(old=0.99, new=0.01), Outcome.REFUTED),
        ("swapped", law("constant-batch", 0.1, None), Outcome.CONFIRMED),
        ("sum", law(old=0.9, new=1.0), Outcome.CONFIRMED),
        ("sum", law(old=0.9, new=0.1), Outcome.REFUTED),
        ("sum", law("constant-batch", 0.9, None), Outcome.UNDECIDED),
        ("swapped", law("unexplained", None, None), Outcome.UNDECIDED),
        ("swapped", UNCHANGED, Outcome.UNDECIDED),
    ],
)
def test_the_law_decides_about_the_weights(fault: Any, measured: dict[str, Any], outcome: Outcome) -> None:
    assert verdict(WrongLaw(fault), observation(variable(laws={"call": measured}))).outcome is outcome


def test_a_repeated_batch_explains_what_the_batches_did_not() -> None:
    laws = {"call": law("unexplained", None, None), "repeat": law("constant-batch", 0.05, None)}
    assert verdict(WrongLaw(), observation(variable(laws=laws))).outcome is Outcome.CONFIRMED


def test_any_of_needs_one_to_come_true_and_all_to_fail() -> None:
    either = AnyOf((Unchanged(), Raises(("RuntimeError",))))
    assert verdict(either, observation(variable())).outcome is Outcome.CONFIRMED
    assert verdict(either, observation(variable(laws=MOVED))).outcome is Outcome.REFUTED
    raised = observation(variable(laws={}), error=error())
    assert verdict(either, raised).outcome is Outcome.CONFIRMED


@pytest.mark.parametrize(
    ("ending", "reason"),
    [("timeout", "timeout"), ("signal 11", "crashed"), ("exit 3", "exited"), ("lost", "lost"), ("babble", "lost")],
)
def test_a_run_that_ended_early_is_undecided(ending: str, reason: str) -> None:
    assert verdict(Unchanged(), ending=ending).reason == reason


def test_unable_says_what_to_install() -> None:
    seen = unable("no-tensorflow", "No module named 'tensorflow'")
    assert (seen.outcome, seen.reason) == (Outcome.UNDECIDED, "no-tensorflow")
    assert "bnlint[verify]" in seen.detail


def proof(after: Verdict, prediction: Prediction = Unchanged()) -> Verdict:  # noqa: B008
    before = verdict(prediction, observation(variable()))
    return prove(Experiment(prediction, "f", (STATISTIC,), ROW), before, after)


def test_a_fix_is_proven_by_an_average_and_the_same_output() -> None:
    assert proof(verdict(Unchanged(), observation(variable(laws=MOVED)))).outcome is Outcome.CONFIRMED


def test_nothing_is_proven_if_nothing_ran_before_the_fix() -> None:
    before, after = unable("broken-tensorflow"), verdict(Unchanged(), observation(variable(laws=MOVED)))
    assert after.outcome is Outcome.REFUTED
    assert prove(Experiment(Unchanged(), "f", (STATISTIC,), ROW), before, after) == before


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (observation(variable()), "still-true"),
        (observation(variable(laws=MOVED), outputs=[[[1.0, 2.1]]]), "output-changed"),
        (observation(variable(laws={"call": law(old=0.1, new=0.9)})), "law-not-explained"),
        (observation(variable(laws={"call": law(old=0.9, new=0.9)})), "law-not-explained"),
    ],
)
def test_a_fix_that_does_not_do_it_is_not_proven(after: dict[str, Any], reason: str) -> None:
    seen = proof(verdict(Unchanged(), after))
    assert (seen.outcome is Outcome.CONFIRMED, seen.reason) == (False, reason)


RIGHT = observation(variable(laws=MOVED))
FAILED = {"type": "ValueError", "types": ["ValueError"], "message": "", "rows": [9], "stage": "call", "of": None}


@pytest.mark.parametrize(
    ("traced", "reason"),
    [
        (observation(variable(laws=MOVED)), None),
        (observation(variable(laws={"call": law("unexplained", None, None)})), None),
        (observation(variable()), "still-true"),
        (observation(variable(laws=MOVED), outputs=[[[1.0, 2.1]]]), "output-changed"),
        (observation(variable(laws={"call": law(old=0.1, new=0.9)})), "law-not-explained"),
        (observation(variable(), error=FAILED), "raised"),
    ],
)
def test_a_fix_is_proven_in_every_mode_in_which_the_code_ran(traced: dict[str, Any], reason: str | None) -> None:
    before = verdict(Unchanged(), observation(variable()), observation(variable(), mode="function"))
    after = verdict(Unchanged(), RIGHT, {**traced, "mode": "function"})
    assert after.outcome is Outcome.REFUTED
    assert prove(Experiment(Unchanged(), "f", (STATISTIC,), ROW), before, after).reason == reason
    did_not_run = verdict(Unchanged(), observation(variable()), observation(mode="function", error=FAILED))
    assert prove(Experiment(Unchanged(), "f", (STATISTIC,), ROW), did_not_run, after).outcome is Outcome.CONFIRMED


def test_the_law_of_a_program_may_be_seen_by_itself() -> None:
    experiment = Experiment(Unchanged("train-op"), "f", (STATISTIC,), ROW)
    unexplained = {"train-op": law("unexplained", None, None)}
    steps = {"mode": "program", "steps": {"train-op": 3}}
    before = verdict(experiment.prediction, observation(variable(laws={"train-op": UNCHANGED}), **steps))
    after = verdict(experiment.prediction, observation(variable(laws=unexplained), **steps))
    left = variable(laws={"call": UNCHANGED, "collection update_ops": law()})
    wrong = variable(laws={"call": UNCHANGED, "collection update_ops": law(old=0.1, new=0.9)})
    alone, other = (verdict(experiment.prediction, observation(each)) for each in (left, wrong))
    assert prove(experiment, before, after).reason == "law-not-explained"
    assert prove(experiment, before, after, alone=other).reason == "law-not-explained"
    assert prove(experiment, before, after, alone=alone).outcome is Outcome.CONFIRMED


@pytest.mark.parametrize("difference", [0.0, 0.5])
def test_outputs_decide_nothing_about_a_line_that_did_not_run(difference: float) -> None:
    probes = {"dependence": {"difference": difference, "noise": 0.0}}
    assert verdict(DependsOnBatch(), observation(probes=probes)).outcome in (Outcome.CONFIRMED, Outcome.REFUTED)
    assert verdict(DependsOnBatch(), observation(probes=probes, hits=[1])).reason == "line-not-reached"


@pytest.mark.parametrize(
    ("outputs", "reason"),
    [
        ([[[1.0, 2.0], None]], None),
        ([[None, None]], None),
        ([[[1.0, 2.0], [3.0]]], "output-changed"),
        ([[]], "output-changed"),
    ],
)
def test_a_statistic_that_is_returned_is_no_output(outputs: list[list[list[float] | None]], reason: str | None) -> None:
    assert proof(verdict(Unchanged(), observation(variable(laws=MOVED), outputs=outputs))).reason == reason


def test_a_fix_may_hand_updates_to_a_caller() -> None:
    prediction = Unchanged("train-op")
    experiment = Experiment(prediction, "f", (STATISTIC,), ROW)
    resting, average = {"train-op": UNCHANGED}, {"collection update_ops": law()}
    wrong = {"collection update_ops": law(old=0.1, new=0.9)}
    kept, handed, broken = (
        verdict(prediction, observation(variable(laws=resting | other), mode="graph", steps={"train-op": 3}))
        for other in ({}, average, wrong)
    )
    assert (kept.outcome, handed.reason, broken.reason) == (Outcome.CONFIRMED, *["caller-runs-updates"] * 2)
    assert prove(experiment, kept, handed).outcome is Outcome.CONFIRMED
    assert prove(experiment, kept, broken).reason == "law-not-explained"
    assert prove(experiment, handed, handed).reason == "caller-runs-updates"


def test_a_fix_may_hand_the_second_of_two_updates_to_a_caller() -> None:
    prediction = Unchanged("train-op")
    rows = (STATISTIC, 21)
    experiment = Experiment(prediction, "f", rows, ROW)
    resting = {"train-op": UNCHANGED, "collection update_ops": UNCHANGED}
    average = resting | {"collection update_ops": law()}
    seen = []
    for second in (resting, average):
        pair = (variable(laws=average), variable(laws=second, rows=[21]))
        seen.append(verdict(prediction, observation(*pair, mode="graph", steps={"train-op": 3}), statistics=rows))
    assert [each.reason for each in seen] == ["caller-runs-updates"] * 2
    assert prove(experiment, *seen).outcome is Outcome.CONFIRMED
    assert prove(experiment, seen[0], seen[0]).reason == "law-not-explained"
