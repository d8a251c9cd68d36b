"""What each prediction makes of observations made by hand. No TensorFlow."""

from __future__ import annotations

from typing import Any

import pytest
from observations import MOVED, ROW, STATISTIC, UNCHANGED, error, law, observation, variable, verdict

from bnlint.findings import Outcome
from bnlint.verify.predictions import (
    Changed,
    DependsOnBatch,
    EmptyCollection,
    FirstReplica,
    InitialShare,
    InitialValue,
    IsNone,
    LostOnReload,
    MixedLaw,
    NormalisesOnly,
    NoStatistics,
    NotInModel,
    NotReached,
    NoVariable,
    OnePhase,
    OneSided,
    Prediction,
    SameInAllChannels,
    SeparateSets,
    SeveralUpdates,
    SkippedStep,
    StaleFlag,
    Stalls,
    Trainable,
    Unchanged,
)

C, R, D, U = Outcome.CONFIRMED, Outcome.REFUTED, Outcome.DEFERRED, Outcome.UNDECIDED
AGAIN = 6


def outcome(prediction: Prediction, *variables: dict[str, Any], **changes: Any) -> Outcome:
    return verdict(prediction, observation(*variables, **changes)).outcome


def phases(**moved: bool) -> dict[str, Any]:
    return variable(laws={phase.replace("_", " "): law() if each else UNCHANGED for phase, each in moved.items()})


# Movement


def test_a_statistic_that_moves_at_inference_is_confirmed() -> None:
    assert outcome(Changed("inference"), phases(call=True, inference=True)) is C
    assert outcome(Changed("inference"), phases(call=True, inference=False)) is R
    assert outcome(Changed("inference"), phases(call=True)) is U


def test_moving_at_inference_in_one_mode_is_enough() -> None:
    eager = observation(phases(inference=False))
    traced = observation(phases(inference=True), mode="function")
    assert verdict(Changed("inference"), eager, traced).outcome is C


def test_what_moved_before_the_line_ran_does_not_count() -> None:
    assert outcome(Changed("fit"), variable(laws={"before fit": law(), "fit": UNCHANGED}), mode="program") is R
    assert outcome(Changed("fit"), variable(laws={"before fit": law()}), mode="program") is U


def test_a_frozen_layer_is_an_excuse_unless_it_is_the_mistake() -> None:
    frozen = variable(laws={"fit": UNCHANGED}, frozen=True)
    assert outcome(Unchanged("fit"), frozen) is R
    assert outcome(Unchanged("fit", though_frozen=True), frozen) is C


@pytest.mark.parametrize(("moving", "resting", "expected"), [(1, 0, C), (1, 1, R), (0, 0, U), (0, 1, R)])
def test_one_of_a_pair_moves(moving: bool, resting: bool, expected: Outcome) -> None:
    pair = phases(call=moving), {**phases(call=resting), "rows": [AGAIN]}
    seen = verdict(OneSided((AGAIN,)), observation(*pair), statistics=(STATISTIC, AGAIN))
    assert seen.outcome is expected


def test_a_pair_of_which_the_caller_may_run_both_is_not_one_sided() -> None:
    resting = {**phases(call=False, held=True), "rows": [AGAIN]}
    pair = observation(phases(call=True, held=True), resting)
    assert verdict(OneSided((AGAIN,)), pair, statistics=(STATISTIC, AGAIN)).outcome is R


def test_two_sets_of_which_one_moves() -> None:
    trained = {"mode": "program", "steps": {"train-op": 3}}
    one, other = variable(laws={"train-op": law()}), variable(laws={"train-op": UNCHANGED}, rows=[STATISTIC, 21])
    assert outcome(SeparateSets(), one, other, **trained) is C
    assert outcome(SeparateSets(), one, one, **trained) is R
    assert outcome(SeparateSets(), one, **trained) is R
    assert outcome(SeparateSets(), one, {**other, "shape": [4]}, **trained) is U
    assert outcome(SeparateSets(), one, other, mode="program") is U


@pytest.mark.parametrize(("off", "on", "expected"), [(0, 0, C), (1, 1, C), (0, 1, R)])
def test_a_flag_that_is_not_followed(off: bool, on: bool, expected: Outcome) -> None:
    seen = phases(flag_off=off, flag_on=on)
    assert outcome(StaleFlag("training"), seen, probes={"stale": {"training": True}}) is expected
    assert outcome(StaleFlag("training"), seen, probes={"stale": {"training": False}}) is R
    assert outcome(StaleFlag("training"), seen) is U


def test_no_variable_keeps_anything_of_the_batch() -> None:
    depends = {"dependence in training": {"difference": 0.5, "noise": 0.0}}
    assert outcome(NoStatistics(), phases(call=False), probes=depends) is C
    assert outcome(NoStatistics(), phases(call=True), probes=depends) is R
    assert outcome(NoStatistics(), variable(laws={"call": UNCHANGED, "train-op": law()}), probes=depends) is C
    assert outcome(NoStatistics(), phases(call=False)) is U


@pytest.mark.parametrize(
    ("counts", "expected"), [({"call": [2, 2]}, C), ({"call": [1, 1]}, R), ({"call": [0, 0]}, U), (None, U)]
)
def test_updates_are_counted_by_the_step(counts: dict[str, list[int]] | None, expected: Outcome) -> None:
    assert outcome(SeveralUpdates(), variable(assigned=counts)) is expected


def test_what_a_traced_function_assigns_is_several_updates_if_it_has_several() -> None:
    unseen = {"assigned": {"call": [0, 0]}}
    assert outcome(SeveralUpdates(), variable(laws=MOVED, together=2, **unseen)) is C
    assert outcome(SeveralUpdates(), variable(laws=MOVED, together=1, **unseen)) is U
    assert outcome(SeveralUpdates(), variable(together=2, **unseen)) is U


def test_a_step_that_is_skipped_with_the_flag_off() -> None:
    assert outcome(SkippedStep(), probes={"guarded step": {"on": True, "off": False}}) is C
    assert outcome(SkippedStep(), probes={"guarded step": {"on": True, "off": True}}) is R
    assert outcome(SkippedStep(), probes={"guarded step": {"on": False, "off": False}}) is U
    assert outcome(SkippedStep()) is U


def test_ops_that_are_waited_for_and_not_reached() -> None:
    assert outcome(NotReached(), probes={"waiting": {"ops": 2, "reached": 0}}) is C
    assert outcome(NotReached(), probes={"waiting": {"ops": 2, "reached": 1}}) is R
    assert outcome(NotReached(), probes={"waiting": {"ops": 0, "reached": 0}}) is U


def test_a_block_that_waits_for_nothing() -> None:
    moved = variable(laws={"train-op": law()})
    assert outcome(EmptyCollection(), moved, probes={"update ops": {"count": 0, "empty blocks": 1}}) is C
    assert outcome(EmptyCollection(), moved, probes={"update ops": {"count": 2, "empty blocks": 1}}) is R
    assert outcome(EmptyCollection(), moved, probes={"update ops": {"count": 0, "empty blocks": 0}}) is R
    kept = variable(laws={"train-op": UNCHANGED})
    assert outcome(EmptyCollection(), kept, probes={"update ops": {"count": 0, "empty blocks": 1}}) is U


def test_a_line_that_trains_and_updates_nothing() -> None:
    moved = {"train-op": law()}
    assert outcome(NormalisesOnly(), variable(laws=moved, trained_through=True)) is C
    assert outcome(NormalisesOnly(), variable(laws=moved, trained_through=True, built=True)) is R
    assert outcome(NormalisesOnly(), variable(laws=moved, trained_through=False)) is R
    assert outcome(NormalisesOnly(), variable(laws=moved)) is U


# Outputs


@pytest.mark.parametrize(
    ("difference", "noise", "expected"), [(0.3, 0.0, C), (1e-6, 0.0, R), (0.3, 0.2, U), (1e-3, 0.0, U)]
)
def test_an_output_that_depends_on_the_batch(difference: float, noise: float, expected: Outcome) -> None:
    probes = {"dependence": {"difference": difference, "noise": noise}}
    assert outcome(DependsOnBatch(), probes=probes) is expected


@pytest.mark.parametrize(
    ("difference", "noise", "flag", "expected"),
    [(0.0, 0.0, True, C), (0.3, 0.0, True, R), (0.0, 0.0, False, U), (0.0, 0.1, True, U)],
)
def test_a_flag_that_changes_nothing(difference: float, noise: float, flag: bool, expected: Outcome) -> None:
    probes = {"phases": {"difference": difference, "noise": noise, "flag": flag}}
    assert outcome(OnePhase(), probes=probes) is expected


# Laws and values


@pytest.mark.parametrize(
    ("source", "expected"),
    [("batch mean", C), ("x: batch mean", C), ("batch variance", R), ("batch variance (unbiased)", R), (None, U)],
)
def test_a_statistic_that_is_fed_another(source: str | None, expected: Outcome) -> None:
    assert outcome(MixedLaw("mean"), variable(laws={"call": {**law(), "source": source}})) is expected


def test_where_no_line_is_known_a_statistic_may_follow_its_own_kind() -> None:
    mean = variable(laws={"call": law()})
    variance = variable(initial=[1.0, 1.0], starts_at=1.0, laws={"call": {**law(), "source": "batch variance"}})
    fixed = verdict(MixedLaw("mean"), observation(mean, variance), statistics=(), row=0)
    assert fixed.outcome is R
    mixed = {**variance, "laws": {"call": law()}}
    assert verdict(MixedLaw("mean"), observation(mean, mixed), statistics=(), row=0).outcome is C


def test_the_share_of_the_start_that_is_left_follows_from_the_law() -> None:
    slow, fast = law(old=0.999, new=0.001), law(old=0.9)
    assert outcome(InitialShare(100, 0.9), variable(laws={"call": slow})) is C
    assert outcome(InitialShare(100, 0.9), variable(laws={"call": fast})) is R
    assert outcome(InitialShare(100, 0.9), variable()) is U


@pytest.mark.parametrize(
    ("steps", "still", "off", "expected"),
    [(500, True, 0.2, C), (500, True, 0.001, R), (500, False, 0.2, R), (0, 0, 0, U)],
)
def test_a_value_that_stops_too_early(steps: int, still: bool, off: float, expected: Outcome) -> None:
    assert outcome(Stalls(), variable(stalled={"steps": steps, "still": still, "off": off})) is expected
    assert outcome(Stalls(), variable()) is U


def test_channels_that_do_not_differ() -> None:
    assert outcome(SameInAllChannels(), variable(laws=MOVED, uniform=True)) is C
    assert outcome(SameInAllChannels(), variable(laws=MOVED, uniform=False)) is R
    assert outcome(SameInAllChannels(), variable(laws=MOVED, uniform=None)) is U
    assert outcome(SameInAllChannels(), variable(uniform=True)) is U


def test_axes_of_one_length_hide_which_one_is_taken() -> None:
    differing = variable(laws=MOVED, uniform=False)
    assert outcome(SameInAllChannels(), differing, inputs=[[8, 8]]) is U
    assert outcome(SameInAllChannels(), differing, inputs=[[8, 6, 6, 3]]) is R


def test_whose_data_the_average_is_of() -> None:
    def replicated(source: str) -> Outcome:
        return outcome(FirstReplica(), variable(laws={"fit": {**law(), "source": source}}), mode="replicas")

    assert replicated("first replica: batch mean") is C
    assert replicated("batch mean") is R
    assert outcome(FirstReplica(), variable(laws=MOVED)) is U


# Variables and objects


def test_what_an_optimizer_may_move() -> None:
    assert outcome(Trainable(), variable(trainable=True)) is C
    assert outcome(Trainable(), variable()) is R
    assert outcome(Trainable()) is U


def test_what_a_statistic_starts_at() -> None:
    assert outcome(InitialValue(0.0), variable()) is C
    assert outcome(InitialValue(0.0), variable(starts_at=1.0)) is R
    assert outcome(InitialValue(0.0), variable(starts_at=None)) is R


@pytest.mark.parametrize(
    ("fates", "expected"), [(["lost", "lost"], C), (["kept"], R), (["lost", "kept"], U), ([None], U)]
)
def test_what_comes_back(fates: list[str | None], expected: Outcome) -> None:
    variables = [variable(reloaded={"keras": fate} if fate else {}) for fate in fates]
    assert outcome(LostOnReload("keras"), *variables) is expected
    assert outcome(LostOnReload("saver"), *variables) is U


def test_attributes_that_hold_no_variable() -> None:
    prediction = NoVariable(("mean", "variance"))
    assert outcome(prediction, probes={"attributes": {"mean": "tensor", "variance": "ndarray"}}) is C
    assert outcome(prediction, probes={"attributes": {"mean": "variable", "variance": "ndarray"}}) is R
    assert outcome(prediction, probes={"attributes": {"mean": "tensor"}}) is U
    assert outcome(prediction) is U


def test_layers_that_the_model_does_not_have() -> None:
    def member(*owned: bool) -> Outcome:
        made = [{"rows": [STATISTIC], "owner": "BatchNormalization", "in_model": each} for each in owned]
        return outcome(NotInModel(), probes={"layers": {"made": made}})

    assert (member(False), member(True), member(False, True), member()) == (C, R, R, U)
    assert outcome(NotInModel()) is U


def test_a_call_that_gives_none() -> None:
    assert outcome(IsNone(), probes={"results": {"seen": 2, "none": 1}}) is C
    assert outcome(IsNone(), probes={"results": {"seen": 2, "none": 0}}) is R
    assert outcome(IsNone(), probes={"results": {"seen": 0, "none": 0}}) is U


@pytest.mark.parametrize(
    "prediction",
    [
        Changed("inference"), OneSided((AGAIN,)), SeparateSets(), StaleFlag("x"), NoStatistics(), SeveralUpdates(),
        SkippedStep(), NotReached(), EmptyCollection(), DependsOnBatch(), OnePhase(), MixedLaw("mean"),
        InitialShare(9, 0.5), Stalls(), SameInAllChannels(), Trainable(), InitialValue(0.0), LostOnReload("keras"),
        NoVariable(("x",)), NotInModel(), IsNone(),
    ],
)  # fmt: skip
def test_a_run_that_raised_before_anything_was_seen_says_why(prediction: Prediction) -> None:
    seen = verdict(prediction, observation(error=error("ValueError", (ROW,))))
    assert (seen.outcome, seen.reason) == (U, "raised")
