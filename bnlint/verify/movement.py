"""Predictions about what moves, when, and how often."""

from __future__ import annotations

from collections.abc import Sequence

from bnlint.findings import Outcome
from bnlint.verify.evidence import Observation, Variable
from bnlint.verify.outputs import depends_on_batch
from bnlint.verify.seen import (
    CONFIRMED,
    REFUTED,
    Place,
    Seen,
    by_optimizer,
    failed,
    moved,
    probe,
    undecided,
    watched,
)

AGAIN = 3
"""More runs than this are no mere look at what was built."""
TRAINING = ("call", "train-op", "fit")


def unchanged(place: Place, after: str, though_frozen: bool, observation: Observation) -> Seen:
    """The statistics keep their value in training; an update that somebody else may run is no proof of a mistake."""
    phases = {"call": ("call", "repeat", "fit"), "train-op": ("call", "train-op"), "fit": ("fit",)}[after]
    if observation["mode"] == "program":
        phases = ("call", "train-op", "fit", "end")
    variables = watched(place, observation)
    # Where the finding's own line builds the updates of some, it is about these.
    variables = [v for v in variables if v["built"] and place.known] or variables
    moving = [any(moved(v, phase) for phase in phases) for v in variables]
    if moving and all(moving):
        return REFUTED if place.reached(observation) else undecided("line-not-reached")
    if observation["error"] is not None or not variables:
        return place.missing(observation)
    seen = {phase for v in variables for phase in v["moved"] if phase in phases and not by_optimizer(v, phase)}
    if (not seen or _untrained(after, observation)) and not _stands_still(variables, observation):
        return undecided("no-steps")
    if any(moving):
        return undecided("some-moved")
    if all(v["frozen"] for v in variables) and not though_frozen:
        return Seen(Outcome.REFUTED, "intended")
    left = {phase for v in variables for phase in v["moved"] if phase not in phases and moved(v, phase)}
    collected = {phase.removeprefix("repeat of ") for phase in left} == {"collection update_ops"}
    if left and not (collected and _by_estimator(observation)):
        return Seen(Outcome.DEFERRED, "caller-runs-updates")
    if any("returned" in v["reached_by"] for v in variables):
        return undecided("update-without-effect")
    return place.if_reached(observation)


def _by_estimator(observation: Observation) -> bool:
    """Whether the caller is known: an estimator, which runs the train op that it is given, and no collection."""
    found = probe(observation, "estimator")
    return found is not None and not found["hooks"]


def _untrained(after: str, observation: Observation) -> bool:
    """A whole program that was to train and did not."""
    trained = observation["steps"].keys() & {"train-op", "fit"}
    return observation["mode"] == "program" and after != "call" and not trained


def _stands_still(variables: Sequence[Variable], observation: Observation) -> bool:
    """A program that runs its graph again and again, in which nothing assigns to statistics that are 0 and 1.

    It takes no optimizer step, and is no program either that uses what another one trained: to load that is to assign.
    """
    again = observation["mode"] == "program" and observation["steps"].get("call", 0) > AGAIN
    return again and all(v["updates"] == 0 and v["starts_at"] in (0.0, 1.0) for v in variables)


def changed(place: Place, after: str, observation: Observation) -> Seen:
    """The statistics move in a phase in which they must not."""
    variables = watched(place, observation)
    if any(moved(v, after) for v in variables):
        return place.if_reached(observation)
    if observation["error"] is not None or not variables:
        return place.missing(observation)
    if not any(after in v["moved"] for v in variables):
        return undecided("no-steps")
    return REFUTED if place.reached(observation) else undecided("line-not-reached")


def one_sided(place: Place, resting: Sequence[int], observation: Observation) -> Seen:
    """One of the pair moves; the other does not, whoever runs whatever there is to run."""
    variables = watched(place, observation)
    kept = [v for v in variables if set(v["rows"]) & set(resting)]
    others = [v for v in variables if all(v is not other for other in kept)]
    if kept and all(any(moved(v, phase) for phase in v["moved"]) for v in kept):
        return REFUTED
    if observation["error"] is not None or not kept or not others:
        return place.missing(observation)
    if not all(any(moved(v, phase) for phase in v["moved"]) for v in others):
        return undecided("never-updated")
    return undecided("some-moved") if any(any(v["moved"].values()) for v in kept) else place.if_reached(observation)


def separate_sets(place: Place, observation: Observation) -> Seen:
    """Variables that the same line made, of the same shape, of which training moves some and leaves others."""
    if observation["error"] is not None:
        return failed(observation)
    if not observation["steps"].keys() & {"train-op", "fit"}:
        return undecided("no-steps")
    variables = watched(place, observation)
    if not variables:
        return place.missing(observation)
    sets: dict[str, list[bool]] = {}
    for v in variables:
        key = repr((v["rows"][:1], v["owner"], v["shape"], v["initial"]))
        sets.setdefault(key, []).append(any(moved(v, phase) for phase in TRAINING))
    if any(len(set(moving)) == 2 for moving in sets.values()):
        return place.if_reached(observation)
    return REFUTED if all(all(moving) for moving in sets.values()) else undecided("never-updated")


def stale_flag(place: Place, attribute: str, observation: Observation) -> Seen:
    """Updates in both states of the attribute, or in neither."""
    found = probe(observation, "stale")
    if observation["error"] is not None:
        return failed(observation)
    if found is None:
        return undecided("no-steps")
    if not found[attribute]:
        return Seen(Outcome.REFUTED, "flag-gone")
    variables = watched(place, observation)
    if not variables:
        return place.missing(observation)
    states = {phase: any(moved(v, phase) for v in variables) for phase in ("flag off", "flag on")}
    return CONFIRMED if states["flag off"] == states["flag on"] else REFUTED


def no_statistics(observation: Observation) -> Seen:
    """Normalises by the batch, and keeps nothing of it in any variable."""
    kept: Sequence[Variable] = observation["variables"]
    if any(moved(v, phase) for v in kept for phase in v["moved"] if phase != "train-op"):
        return REFUTED
    if observation["error"] is not None:
        return failed(observation)
    return depends_on_batch(observation, "dependence in training")


def skipped_step(observation: Observation) -> Seen:
    """A training step under the updates that are left to the caller changes the weights only while the flag is on."""
    found = probe(observation, "guarded step")
    if observation["error"] is not None:
        return failed(observation)
    if found is None or not found["on"]:
        return undecided("no-steps")
    return REFUTED if found["off"] else CONFIRMED


def not_reached(observation: Observation) -> Seen:
    """What a block waits for hangs on nothing that the code returns."""
    found = probe(observation, "waiting")
    if observation["error"] is not None:
        return failed(observation)
    if found is None or not found["ops"]:
        return undecided("line-not-reached")
    return REFUTED if found["reached"] else CONFIRMED


def empty_collection(place: Place, observation: Observation) -> Seen:
    """The updates run by themselves, and the collection that is waited for holds none."""
    found = probe(observation, "update ops")
    variables = watched(place, observation)
    if observation["error"] is not None or not variables:
        return place.missing(observation)
    if found is None or not any("train-op" in v["moved"] for v in variables):
        return undecided("no-steps")
    if found["count"] or not found["empty blocks"]:
        return REFUTED
    return place.if_reached(observation) if all(moved(v, "train-op") for v in variables) else undecided("never-updated")


def normalises_only(place: Place, observation: Observation) -> Seen:
    """The network trains through the finding's line, which updates nothing; what moves is moved by other lines."""
    variables = watched(place, observation)
    if any(v["built"] for v in variables):
        return REFUTED
    if any(v["trained_through"] for v in variables):
        return Seen(Outcome.CONFIRMED, "updated-elsewhere")
    if observation["error"] is not None or not variables:
        return place.missing(observation)
    # A step that a harness makes trains on all that comes back, be it meant for training or not.
    return undecided("no-steps") if any(v["trained_through"] is None for v in variables) else REFUTED


def _assigned(variable: Variable) -> list[int]:
    """How often each step assigned to it that did; a traced function that has one assignment may run several times."""
    counts = [count for phase in TRAINING for count in variable["assigned"].get(phase, ()) if count]
    moving = any(moved(variable, phase) for phase in TRAINING)
    return counts or ([variable["together"]] if moving and variable["together"] > 1 else [])


def several_updates(place: Place, observation: Observation) -> Seen:
    """More than one assignment to each statistic in one training step."""
    variables = watched(place, observation)
    counts = [_assigned(v) for v in variables if v["assigned"] is not None]
    if observation["error"] is not None or not counts:
        return place.missing(observation)
    if not all(counts):
        return undecided("never-updated")
    if all(min(each) > 1 for each in counts):
        return place.if_reached(observation)
    return REFUTED
