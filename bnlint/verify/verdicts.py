"""A prediction held against observations gives a verdict. Pure functions over JSON data; nothing here knows TensorFlow.

The evidence of a verdict is described in :mod:`bnlint.verify.evidence`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bnlint.findings import Outcome, Verdict
from bnlint.verify.evidence import Observation, evidence, law_of
from bnlint.verify.predictions import (
    AnyOf,
    Experiment,
    NewPerCall,
    Prediction,
    Raises,
    Unchanged,
    WrongLaw,
    predicted_errors,
    simple,
)

Rows = tuple[int, int]

REASONS = {
    "no-experiment": "there is no experiment yet for what this finding predicts",
    "no-tensorflow": "TensorFlow is not installed for the interpreter that runs the code: pip install 'bnlint[verify]'",
    "no-keras-2": "the code needs Keras 2, which the tf-keras package provides: pip install tf-keras",
    "broken-tensorflow": "TensorFlow could not be imported",
    "no-interpreter": "the interpreter could not be started",
    "no-isolation": "strict isolation was asked for and this system does not offer it",
    "timeout": "the code did not finish in time",
    "crashed": "the code crashed the process it ran in",
    "exited": "the code ended the process it ran in",
    "lost": "the worker process was lost",
    "syntax-error": "the file is not valid for this Python",
    "import-failed": "the top level of the file raised an exception",
    "symbol-not-found": "the function or class was not found after the file had run",
    "raised": "the code raised an exception of another kind than predicted",
    "line-not-reached": "the line of the finding did not run",
    "statistic-not-seen": "no variable was created where the statistic was expected",
    "garbled": "what the run sent back makes no sense",
    "law-not-explained": "the statistic moved, but not by a law that the batches explain",
    "never-updated": "the statistic did not move, so there is no law to measure",
    "no-steps": "the code ran, but took no step in which the statistic could have moved",
    "some-moved": "some of the statistics moved and some did not",
    "intended": "the layer was told to keep its statistics: momentum 1 or trainable=False",
    "update-without-effect": "an update ran and left the value as it was",
    "output-changed": "the fix changes what the code returns in training mode",
    "still-true": "after the fix the code still does what was predicted",
    "caller-runs-updates": "an update exists; running it is left to the caller",
}

SINGLETON = ("singleton tf.Variables", "create variables on non-first call", "cannot add new elements of state")
FATAL = {"no-tensorflow", "no-keras-2", "broken-tensorflow", "no-interpreter", "no-isolation", "timeout", "lost"}


@dataclass(frozen=True)
class Seen:
    """What one prediction makes of one observation; ``reason`` is a key of REASONS if it is undecided or deferred.

    weak: agrees, but cannot stand alone, since it is not known whether the finding's line ran.
    """

    outcome: Outcome
    reason: str | None = None
    weak: bool = False


@dataclass(frozen=True)
class Place:
    """Where the finding is: the rows of its statement, and for each watched row the rows of that statement.

    A row of 0 stands for another text than the one the finding was made for: nothing is known about its lines.
    """

    experiment: Experiment
    row: Rows
    statistics: tuple[Rows, ...]


def judge(place: Place, observations: Sequence[Observation], ending: str, facts: Mapping[str, Any]) -> Verdict:
    """The verdict on one run of the worker.

    ending: "done", or how it ended otherwise. facts: versions, isolation and notes, for the evidence.
    """
    seen = [_weigh(place, place.experiment.prediction, observation) for observation in observations]
    outcome, reason, index = _combine(seen)
    if outcome is Outcome.UNDECIDED and ending != "done":
        reason = _ended(ending)
    detail = REASONS.get(reason or "", "")
    chosen = observations[index] if index is not None else None
    if outcome is Outcome.UNDECIDED and chosen is not None and chosen["error"] and reason not in FATAL:
        detail = f"{detail}: {chosen['error']['type']}: {chosen['error']['message']}"
    modes = [
        {"mode": observation["mode"], "rung": observation["rung"], "outcome": one.outcome.value, "reason": one.reason}
        for observation, one in zip(observations, seen, strict=True)
    ]
    variables = watched(place, chosen) if chosen is not None else []
    return Verdict(outcome, reason, detail, evidence(chosen, variables, modes, facts))


def failed_before(place: Place, verdict: Verdict) -> int | None:
    """The row of an exception of the predicted kind that kept the finding's own line from running, if there was one."""
    error = verdict.evidence.get("error")
    if verdict.outcome is not Outcome.UNDECIDED or not error or not error["row"] or not place.row[1]:
        return None
    return int(error["row"]) if error["type"] in predicted_errors(place.experiment.prediction) else None


def unable(reason: str, message: str = "") -> Verdict:
    """Undecided, because nothing could run at all."""
    detail = REASONS.get(reason, reason)
    return Verdict(Outcome.UNDECIDED, reason, f"{detail} ({message})" if message else detail)


def prove(experiment: Experiment, before: Verdict, after: Verdict) -> Verdict:
    """Whether a fix does what it should: CONFIRMED if proven, REFUTED if it does not, else UNDECIDED.

    before, after: verdicts of the same experiment on the two texts, which saw the same inputs. The prediction must
    no longer come true, the statistics must follow an average of the batches, and what the code returns in training
    mode must be the same, as far as the code ran before.
    """
    if after.outcome is Outcome.CONFIRMED:
        return _proof(Outcome.REFUTED, "still-true", after)
    if after.outcome is not Outcome.REFUTED:
        return after
    seen = [
        {"outputs": verdict.evidence.get("outputs", []), "mode": verdict.evidence["mode"]}
        for verdict in (before, after)
    ]
    if seen[0]["mode"] == seen[1]["mode"] and not _same(seen[0]["outputs"], seen[1]["outputs"]):
        return _proof(Outcome.REFUTED, "output-changed", after)
    measured = any(
        isinstance(one, WrongLaw) or (isinstance(one, Unchanged) and one.after != "fit")
        for one in simple(experiment.prediction)
    )
    if measured and not all(_averages(statistic["law"]) for statistic in after.evidence["statistics"]):
        return _proof(Outcome.UNDECIDED, "law-not-explained", after)
    return _proof(Outcome.CONFIRMED, None, after)


def _proof(outcome: Outcome, reason: str | None, after: Verdict) -> Verdict:
    return Verdict(outcome, reason, REASONS.get(reason or "", ""), after.evidence)


def _same(before: Sequence[Sequence[float]], after: Sequence[Sequence[float]]) -> bool:
    """Equal but for rounding, in the calls that both made; a call that raised returned nothing."""
    return all(
        len(one) == len(other) and all(abs(a - b) <= 1e-3 + 1e-3 * abs(a) for a, b in zip(one, other, strict=True))
        for one, other in zip(before, after, strict=False)
    )


def _averages(law: Mapping[str, Any] | None) -> bool:
    """The old value keeps the larger part, and the weights sum to 1 where both are known."""
    if law is None or law["old"] is None or not 0.5 <= law["old"] < 1:
        return False
    return law["new"] is None or abs(law["old"] + law["new"] - 1) < 0.005


def _ended(ending: str) -> str:
    if ending.startswith("signal"):
        return "crashed"
    return "exited" if ending.startswith("exit") else ending if ending in REASONS else "lost"


def _combine(seen: Sequence[Seen]) -> tuple[Outcome, str | None, int | None]:
    """One answer for all modes: a refutation anywhere wins, then a confirmation that can stand alone."""
    for outcome in (Outcome.REFUTED, Outcome.CONFIRMED, Outcome.DEFERRED):
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
        case Unchanged(after):
            return _unchanged(place, after, observation)
        case NewPerCall():
            return _new_per_call(place, observation)
        case Raises(errors):
            return _raises(place, errors, observation)
        case WrongLaw(fault):
            return _wrong_law(place, fault, observation)
        case _:
            return _undecided("no-experiment")


def _any(seen: Sequence[Seen]) -> Seen:
    """One that came true is enough; all must fail to refute."""
    for outcome in (Outcome.CONFIRMED, Outcome.DEFERRED):
        found = [one for one in seen if one.outcome is outcome]
        if found:
            return min(found, key=lambda one: one.weak)
    if all(one.outcome is Outcome.REFUTED for one in seen):
        return seen[0]
    return next(one for one in seen if one.outcome is Outcome.UNDECIDED)


def _undecided(reason: str) -> Seen:
    return Seen(Outcome.UNDECIDED, reason)


def _failed(observation: Observation) -> Seen:
    """Why a run that raised says nothing."""
    stages = {"syntax": "syntax-error", "import": "import-failed", "find": "symbol-not-found"}
    return _undecided(stages.get(observation["error"]["stage"], "raised"))


def watched(place: Place, observation: Observation) -> list[Mapping[str, Any]]:
    """The variables that the experiment is about.

    Those whose innermost row is watched; else those that a watched row led to; else those of the watched statement.
    Nothing watched means every statistic: not trainable, and either made by the user's own lines or by a
    normalisation layer.
    """
    rows = set(place.experiment.statistics)
    # A layer's row makes its trainable weights too.
    variables = [
        v for v in observation["variables"] if v["initial"] is not None and not (v["owner"] and v["trainable"])
    ]
    if not rows:
        every = [v for v in variables if v["rows"] and not v["trainable"]]
        return _driven([v for v in every if "Normalization" in (v["owner"] or "Normalization")])
    return _driven(
        [v for v in variables if rows & set(v["rows"][:1])]
        or [v for v in variables if rows & set(v["rows"])]
        or [v for v in variables if any(_within(row, statement) for row in v["rows"] for statement in place.statistics)]
    )


def _driven(variables: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without those that the file's own example call made, which nobody drove on; unless there are no others."""
    return [v for v in variables if not v["imported"]] or variables


def _within(row: int, rows: Rows) -> bool:
    return rows[0] <= row <= rows[1]


def _reached(place: Place, observation: Observation) -> bool:
    return not place.row[1] or any(_within(row, place.row) for row in observation["hits"])


def _unchanged(place: Place, after: str, observation: Observation) -> Seen:
    phases = {"call": ("call", "repeat", "fit"), "train-op": ("call", "train-op"), "fit": ("fit",)}[after]
    if observation["mode"] == "program":
        phases = ("call", "train-op", "fit", "end")
    variables = watched(place, observation)
    moved = [any(_moved(v, phase) for phase in phases) for v in variables]
    if moved and all(moved):
        return Seen(Outcome.REFUTED)
    if observation["error"] is not None:
        return _failed(observation)
    if not variables:
        return _undecided("statistic-not-seen" if _reached(place, observation) else "line-not-reached")
    seen = {phase for v in variables for phase in v["moved"] if phase in phases and not _by_optimizer(v, phase)}
    if not seen or _untrained(after, observation):
        return _undecided("no-steps")
    if any(moved):
        return _undecided("some-moved")
    if all(v["frozen"] for v in variables):
        return Seen(Outcome.REFUTED, "intended")
    others = [phase for v in variables for phase in v["moved"] if _moved(v, phase) and phase not in phases]
    if others:
        return Seen(Outcome.DEFERRED, "caller-runs-updates")
    if any("returned" in v["reached_by"] for v in variables):
        return _undecided("update-without-effect")
    if _reached(place, observation):
        return Seen(Outcome.CONFIRMED)
    # Code that autograph rewrote leaves no trace of its lines.
    traced = observation["mode"] in ("function", "fit")
    return Seen(Outcome.CONFIRMED, weak=True) if traced else _undecided("line-not-reached")


def _moved(variable: Mapping[str, Any], phase: str) -> bool:
    """By an update, that is."""
    return bool(variable["moved"].get(phase)) and not _by_optimizer(variable, phase)


def _by_optimizer(variable: Mapping[str, Any], phase: str) -> bool:
    """A statistic that was left trainable is moved by the optimizer too, which is no average of the batches."""
    trained = variable["trainable"] and phase in ("train-op", "fit")
    return trained and variable["laws"][phase]["kind"] in ("unexplained", "once")


def _untrained(after: str, observation: Observation) -> bool:
    """A whole program that was to train and did not."""
    trained = observation["steps"].keys() & {"train-op", "fit"}
    return observation["mode"] == "program" and after != "call" and not trained


def _new_per_call(place: Place, observation: Observation) -> Seen:
    error = observation["error"]
    if error is not None and any(text in error["message"] for text in SINGLETON):
        return Seen(Outcome.CONFIRMED)
    variables = watched(place, observation)
    if observation["mode"] == "program":
        return _per_call_in_program(variables, observation)
    calls = {v["born"] for v in variables}
    if len(calls) > 1:
        return Seen(Outcome.CONFIRMED)
    if error is not None:
        return _failed(observation)
    if not variables:
        return _undecided("statistic-not-seen")
    return Seen(Outcome.REFUTED, weak=observation["mode"] == "function")


def _per_call_in_program(variables: Sequence[Mapping[str, Any]], observation: Observation) -> Seen:
    """One variable for each line that makes one is the sound way; more may be layers or may be calls."""
    if observation["error"] is not None:
        return _failed(observation)
    made = Counter((tuple(v["rows"]), v["owner"], v["name"]) for v in variables)
    return Seen(Outcome.REFUTED) if made and max(made.values()) == 1 else _undecided("statistic-not-seen")


def _raises(place: Place, errors: Sequence[str], observation: Observation) -> Seen:
    error = observation["error"]
    if error is None:
        return Seen(Outcome.REFUTED) if _reached(place, observation) else _undecided("line-not-reached")
    if set(error["types"]) & set(errors) and (
        not place.row[1] or any(_within(row, place.row) for row in error["rows"])
    ):
        return Seen(Outcome.CONFIRMED)
    return _failed(observation)


def _wrong_law(place: Place, fault: str, observation: Observation) -> Seen:
    variables = watched(place, observation)
    if not variables:
        return _failed(observation) if observation["error"] else _undecided("statistic-not-seen")
    seen = [_law_fault(law_of(v), fault) for v in variables]
    for outcome in (Outcome.CONFIRMED, Outcome.UNDECIDED):
        found = next((one for one in seen if one.outcome is outcome), None)
        if found is not None:
            return _failed(observation) if found.reason == "never-updated" and observation["error"] else found
    return Seen(Outcome.REFUTED)


def _law_fault(law: Mapping[str, Any] | None, fault: str) -> Seen:
    if law is None or law["kind"] == "unchanged":
        return _undecided("never-updated")
    if law["kind"] in ("unexplained", "once") or (fault == "sum" and law["kind"] == "constant-batch"):
        return _undecided("law-not-explained")
    wrong = law["old"] < 0.5 if fault == "swapped" else abs(law["old"] + law["new"] - 1) > 0.005
    return Seen(Outcome.CONFIRMED if wrong else Outcome.REFUTED)
