"""Predictions about the variables themselves: how many, of which kind, owned by what, kept by what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bnlint.findings import Outcome
from bnlint.verify.evidence import Observation, Variable
from bnlint.verify.seen import CONFIRMED, REFUTED, Place, Seen, failed, probe, undecided, watched

MADE_UP = {"NoneType", "bool", "bytes", "dict", "float", "function", "int", "list", "str", "tuple"}
"""Attributes that these lack say something about the arguments, which the harness made up, and not about the code."""

SINGLETON = ("singleton tf.Variables", "create variables on non-first call", "cannot add new elements of state")


OUTSIDE = (" is accessed from ", "cannot be accessed from", "is out of scope")
"""What TensorFlow says of a tensor that is used outside of the graph that it belongs to."""


def raises(place: Place, errors: Sequence[str], observation: Observation) -> Seen:
    """The finding's line raises one of these exceptions."""
    error = observation["error"]
    if error is None:
        return REFUTED if place.reached(observation) else undecided("line-not-reached")
    named = set(error["types"]) & set(errors)
    if error["of"] in MADE_UP and observation["mode"] != "program":
        return undecided("made-up")
    if named and any(place.is_from(row) for row in error["rows"] or [0]):
        return CONFIRMED
    return failed(observation)


def leaks(place: Place, observation: Observation) -> Seen:
    """What the finding's line keeps is a tensor of a graph that is closed where it is used."""
    error = observation["error"]
    if error is not None and not any(text in error["message"] for text in OUTSIDE):
        return failed(observation)
    if not place.reached(observation):
        return undecided("line-not-reached")
    return REFUTED if error is None else CONFIRMED


def new_per_call(place: Place, observation: Observation) -> Seen:
    """Each call makes its own variables, or is refused."""
    error = observation["error"]
    if error is not None and any(text in error["message"] for text in SINGLETON):
        return CONFIRMED
    variables = watched(place, observation)
    if observation["mode"] == "program":
        return _per_call_in_program(variables, observation)
    if len({v["born"] for v in variables}) > 1:
        return CONFIRMED
    if error is not None:
        return failed(observation)
    if not variables:
        return undecided("statistic-not-seen")
    return Seen(Outcome.REFUTED, weak=observation["mode"] == "function")


def _per_call_in_program(variables: Sequence[Variable], observation: Observation) -> Seen:
    """One variable for each line that makes one is the sound way; more may be layers or may be calls."""
    if observation["error"] is not None:
        return failed(observation)
    made = Counter((tuple(v["rows"]), v["owner"], v["name"]) for v in variables)
    return REFUTED if made and max(made.values()) == 1 else undecided("statistic-not-seen")


def trainable(place: Place, observation: Observation) -> Seen:
    """An optimizer may move them."""
    variables = watched(place, observation)
    if not variables:
        return place.missing(observation)
    return CONFIRMED if all(v["trainable"] for v in variables) else REFUTED


def initial_value(place: Place, value: float, observation: Observation) -> Seen:
    """Every element starts at this value."""
    variables = watched(place, observation)
    if not variables:
        return place.missing(observation)
    return CONFIRMED if all(v["starts_at"] == value for v in variables) else REFUTED


def lost_on_reload(place: Place, by: str, observation: Observation) -> Seen:
    """What was trained does not come back."""
    variables = watched(place, observation)
    if not variables:
        return place.missing(observation)
    fates = {v["reloaded"].get(by) for v in variables}
    if None in fates:
        return failed(observation) if observation["error"] is not None else undecided("not-reloaded")
    if len(fates) > 1:
        return undecided("some-lost")
    return CONFIRMED if fates == {"lost"} else REFUTED


def no_variable(attributes: Sequence[str], observation: Observation) -> Seen:
    """The attributes hold something else than variables."""
    found = probe(observation, "attributes")
    kinds = {(found or {}).get(name) for name in attributes}
    if "variable" in kinds:
        return REFUTED
    if observation["error"] is not None:
        return failed(observation)
    return undecided("attribute-missing") if found is None or None in kinds else CONFIRMED


def not_in_model(place: Place, observation: Observation) -> Seen:
    """Layers were made, and the model does not have them."""
    if observation["error"] is not None:
        return failed(observation)
    found = probe(observation, "layers")
    if found is None:
        return undecided("no-model")
    rows = set(place.experiment.statistics)
    made = [layer for layer in found["made"] if not rows or rows & set(layer["rows"])]
    if not made:
        return place.missing(observation)
    return REFUTED if any(layer["in_model"] for layer in made) else CONFIRMED


def is_none(observation: Observation) -> Seen:
    """The call gives nothing."""
    found = probe(observation, "results")
    if found is None or not found["seen"]:
        return failed(observation) if observation["error"] is not None else undecided("call-not-seen")
    return CONFIRMED if found["none"] else REFUTED
