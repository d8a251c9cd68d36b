"""A prediction held against observations gives a verdict. Pure functions over JSON data; nothing here knows TensorFlow.

The evidence of a verdict is described in :mod:`bnlint.verify.evidence`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bnlint.findings import Outcome, Verdict
from bnlint.verify import measures, movement, objects, outputs
from bnlint.verify.evidence import MOST, Observation, evidence, law_of
from bnlint.verify.predictions import (
    AnyOf,
    Changed,
    DependsOnBatch,
    EmptyCollection,
    Experiment,
    FirstReplica,
    InitialShare,
    InitialValue,
    IsNone,
    Leaks,
    LostOnReload,
    MixedLaw,
    NewPerCall,
    NormalisesOnly,
    NoStatistics,
    NotInModel,
    NotReached,
    NoVariable,
    OnePhase,
    OneSided,
    Prediction,
    Raises,
    SameInAllChannels,
    SeparateSets,
    SeveralUpdates,
    SkippedStep,
    StaleFlag,
    Stalls,
    Trainable,
    Unchanged,
    WrongLaw,
    predicted_errors,
    simple,
)
from bnlint.verify.reasons import REASONS
from bnlint.verify.seen import Place, Seen, undecided, watched
from bnlint.verify.trust import trusted

FATAL = {"no-tensorflow", "no-keras-2", "broken-tensorflow", "no-interpreter", "no-isolation", "timeout", "lost"}
SOMEWHERE = (Changed, DependsOnBatch, OnePhase, SeveralUpdates)
"""What is a mistake if it happens in one of the modes, whatever happens in the others."""


def judge(place: Place, observations: Sequence[Observation], ending: str, facts: Mapping[str, Any]) -> Verdict:
    """The verdict on one run of the worker.

    ending: "done", or how it ended otherwise. facts: versions, isolation and notes, for the evidence.
    """
    prediction = place.experiment.prediction
    seen = [trusted(place, prediction, _weigh(place, prediction, each), each) for each in observations]
    outcome, reason, index = _combine(seen, any(isinstance(one, SOMEWHERE) for one in simple(prediction)))
    if outcome is Outcome.UNDECIDED and ending != "done":
        reason = reason_of(ending)
    detail = REASONS.get(reason or "", "")
    chosen = observations[index] if index is not None else None
    if outcome is Outcome.UNDECIDED and chosen is not None and chosen["error"] and reason not in FATAL:
        detail = f"{detail}: {chosen['error']['type']}: {chosen['error']['message']}"
    modes = [_mode(place, observation, one) for observation, one in zip(observations, seen, strict=True)]
    variables = watched(place, chosen) if chosen is not None else []
    return Verdict(outcome, reason, detail, evidence(chosen, variables, modes, facts))


def _mode(place: Place, observation: Observation, seen: Seen) -> dict[str, Any]:
    return {
        **{key: observation[key] for key in ("mode", "rung", "outputs")},
        "outcome": seen.outcome.value,
        "reason": seen.reason,
        "laws": [law_of(variable) for variable in watched(place, observation)][:MOST],
    }


def failed_before(place: Place, verdict: Verdict) -> int | None:
    """The row of an exception of the predicted kind that kept the finding's own line from running, if there was one."""
    error = verdict.evidence.get("error")
    if verdict.outcome is not Outcome.UNDECIDED or not error or not error["row"] or not place.known:
        return None
    predicted = error["type"] in predicted_errors(place.experiment.prediction)
    return int(error["row"]) if predicted and not place.is_from(error["row"]) else None


def unable(reason: str, message: str = "") -> Verdict:
    """Undecided, because nothing could run at all."""
    detail = REASONS.get(reason, reason)
    return Verdict(Outcome.UNDECIDED, reason, f"{detail} ({message})" if message else detail)


def prove(
    experiment: Experiment, before: Verdict, after: Verdict, same_output: bool = True, alone: Verdict | None = None
) -> Verdict:
    """Whether a fix does what it should: CONFIRMED if proven, REFUTED if it does not, else UNDECIDED.

    before, after: verdicts of the same experiment on the two texts, which saw the same inputs. In every mode in which
    the text before ran, the prediction must no longer come true, the statistics must follow an average of the batches
    and, if ``same_output`` asks for it, what the code returns in training mode must be the same.
    alone: a verdict on the text after with laws that can be measured, where in ``after`` they cannot.
    Updates that are there for a caller in another file, and were not before, are proven if they do right when run.
    """
    if before.outcome is Outcome.REFUTED:
        return _proof(Outcome.REFUTED, "nothing-to-mend", after)
    if after.outcome is Outcome.CONFIRMED:
        return _proof(Outcome.REFUTED, "still-true", after)
    handed_over = after.reason == "caller-runs-updates" and (before.outcome is Outcome.CONFIRMED or _rests(before))
    if after.outcome is not Outcome.REFUTED and not handed_over:
        return after
    if "mode" not in before.evidence:
        return before  # nothing ran, so there is nothing to compare with
    pairs = [pair for verdict in (after, alone) if verdict is not None for pair in _pairs(before, verdict)]
    if any(not _did_run(mode) for _, mode in pairs):
        return _proof(Outcome.UNDECIDED, "raised", after)
    if any(mode["outcome"] == Outcome.CONFIRMED.value for _, mode in pairs):
        return _proof(Outcome.REFUTED, "still-true", after)
    if same_output and not all(_same(one["outputs"], other["outputs"]) for one, other in pairs):
        return _proof(Outcome.REFUTED, "output-changed", after)
    if _is_measured(experiment):
        laws = [statistic["law"] for statistic in (alone or after).evidence.get("statistics", [])]
        others = [law for _, mode in pairs for law in mode["laws"] if law is None or law["kind"] != "unexplained"]
        if not laws or not all(map(_averages, [*laws, *others])):
            return _proof(Outcome.UNDECIDED, "law-not-explained", after)
    return _proof(Outcome.CONFIRMED, None, after)


def _rests(verdict: Verdict) -> bool:
    """Whether one of the statistics kept its value whoever ran whatever there was to run."""
    laws = [statistic["law"] for statistic in verdict.evidence.get("statistics", [])]
    return any(law is not None and law["kind"] == "unchanged" for law in laws)


def _pairs(before: Verdict, after: Verdict) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """What the modes in which the text before ran had to say about it, and about the text after."""
    ran = {mode["mode"]: mode for mode in before.evidence["modes"] if _did_run(mode)}
    return [(ran[mode["mode"]], mode) for mode in after.evidence["modes"] if mode["mode"] in ran]


def _did_run(mode: Mapping[str, Any]) -> bool:
    return mode["reason"] not in ("raised", "import-failed", "syntax-error", "symbol-not-found", "made-up")


def _is_measured(experiment: Experiment) -> bool:
    """Whether what is predicted is about statistics that a fix makes move, where the law can be measured."""
    return any(
        isinstance(one, WrongLaw | MixedLaw | OneSided) or (isinstance(one, Unchanged) and one.after != "fit")
        for one in simple(experiment.prediction)
    )


def _proof(outcome: Outcome, reason: str | None, after: Verdict) -> Verdict:
    return Verdict(outcome, reason, REASONS.get(reason or "", ""), after.evidence)


Numbers = Sequence[float]


def _same(before: Sequence[Sequence[Numbers | None]], after: Sequence[Sequence[Numbers | None]]) -> bool:
    """Equal but for rounding, in the calls that both made; a call that raised returned nothing.

    None stands for a statistic that is returned, which a fix may add, and is meant to change.
    """
    return all(
        all(value is None for value in other[len(one) :])
        and len(one) <= len(other)
        and all(a is None or b is None or _close(a, b) for a, b in zip(one, other, strict=False))
        for one, other in zip(before, after, strict=False)
    )


def _close(one: Numbers, other: Numbers) -> bool:
    pairs = zip(one, other, strict=False)
    return len(one) == len(other) and all(abs(a - b) <= 1e-3 + 1e-3 * abs(a) for a, b in pairs)


def _averages(law: Mapping[str, Any] | None) -> bool:
    """The old value keeps the larger part or nothing at all, and the weights sum to 1 where both are known."""
    if law is None or law["old"] is None or not (0.5 <= law["old"] < 1 or abs(law["old"]) < 0.005):
        return False
    return law["new"] is None or abs(law["old"] + law["new"] - 1) < 0.005


def reason_of(ending: str) -> str:
    """The key of REASONS for a run that did not end as it should."""
    if ending.startswith("signal"):
        return "crashed"
    return "exited" if ending.startswith("exit") else ending if ending in REASONS else "lost"


def _combine(seen: Sequence[Seen], somewhere: bool) -> tuple[Outcome, str | None, int | None]:
    """One answer for all modes: a refutation anywhere wins, then a confirmation that can stand alone.

    somewhere: a confirmation in one mode is enough, whatever the others show.
    """
    order = (Outcome.REFUTED, Outcome.CONFIRMED, Outcome.DEFERRED)
    for outcome in (order[1], order[0], order[2]) if somewhere else order:
        for index, one in enumerate(seen):
            if one.outcome is outcome and not one.weak:
                return outcome, one.reason, index
    for index, one in enumerate(seen):
        if one.outcome is Outcome.UNDECIDED:
            return Outcome.UNDECIDED, one.reason, index
    return Outcome.UNDECIDED, "line-not-reached" if seen else "lost", 0 if seen else None


def _weigh(place: Place, prediction: Prediction, observation: Observation) -> Seen:
    match prediction:
        case AnyOf(predictions):
            return _any([_weigh(place, one, observation) for one in predictions])
        case Unchanged() | Changed() | OneSided() | SeparateSets() | StaleFlag() | NoStatistics():
            return _movement(place, prediction, observation)
        case SkippedStep() | NotReached() | EmptyCollection() | SeveralUpdates() | NormalisesOnly():
            return _steps(place, prediction, observation)
        case WrongLaw() | MixedLaw() | InitialShare() | Stalls() | SameInAllChannels() | FirstReplica():
            return _measure(place, prediction, observation)
        case DependsOnBatch():
            return place.if_ran(outputs.depends_on_batch(observation), observation)
        case OnePhase():
            return place.if_ran(outputs.one_phase(observation), observation)
        case _:
            return _object(place, prediction, observation)


def _movement(place: Place, prediction: Prediction, observation: Observation) -> Seen:
    match prediction:
        case Unchanged(after, though_frozen):
            return movement.unchanged(place, after, though_frozen, observation)
        case Changed(after):
            return movement.changed(place, after, observation)
        case OneSided(resting):
            return movement.one_sided(place, resting, observation)
        case SeparateSets():
            return movement.separate_sets(place, observation)
        case StaleFlag(attribute):
            return movement.stale_flag(place, attribute, observation)
        case _:
            return place.if_ran(movement.no_statistics(observation), observation)


def _steps(place: Place, prediction: Prediction, observation: Observation) -> Seen:
    match prediction:
        case SkippedStep():
            return movement.skipped_step(observation)
        case NotReached():
            return movement.not_reached(observation)
        case EmptyCollection():
            return movement.empty_collection(place, observation)
        case NormalisesOnly():
            return movement.normalises_only(place, observation)
        case _:
            return movement.several_updates(place, observation)


def _measure(place: Place, prediction: Prediction, observation: Observation) -> Seen:
    match prediction:
        case WrongLaw(fault):
            return measures.wrong_law(place, fault, observation)
        case MixedLaw(source):
            return measures.mixed_law(place, source, observation)
        case InitialShare(steps, share):
            return measures.initial_share(place, steps, share, observation)
        case Stalls():
            return measures.stalls(place, observation)
        case SameInAllChannels():
            return measures.same_in_all_channels(place, observation)
        case _:
            return measures.first_replica(place, observation)


def _object(place: Place, prediction: Prediction, observation: Observation) -> Seen:
    match prediction:
        case NewPerCall():
            return objects.new_per_call(place, observation)
        case Raises(errors):
            return objects.raises(place, errors, observation)
        case Leaks():
            return objects.leaks(place, observation)
        case Trainable():
            return objects.trainable(place, observation)
        case InitialValue(value):
            return objects.initial_value(place, value, observation)
        case LostOnReload(by):
            return objects.lost_on_reload(place, by, observation)
        case NoVariable(attributes):
            return objects.no_variable(attributes, observation)
        case NotInModel():
            return objects.not_in_model(place, observation)
        case IsNone():
            return objects.is_none(observation)
        case _:
            return undecided("no-experiment")


def _any(seen: Sequence[Seen]) -> Seen:
    """One that came true is enough; all must fail to refute."""
    for outcome in (Outcome.CONFIRMED, Outcome.DEFERRED):
        found = [one for one in seen if one.outcome is outcome]
        if found:
            return min(found, key=lambda one: one.weak)
    if all(one.outcome is Outcome.REFUTED for one in seen):
        return seen[0]
    return next(one for one in seen if one.outcome is Outcome.UNDECIDED)
