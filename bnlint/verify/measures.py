"""Predictions about the law that a statistic follows, and about the values it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bnlint.findings import Outcome
from bnlint.verify.evidence import Observation, law_of
from bnlint.verify.seen import CONFIRMED, REFUTED, Place, Seen, failed, own_kind, undecided, watched

SOURCES = {
    "mean": ("batch mean",),
    "variance": ("batch variance", "batch variance (unbiased)"),
    "deviation": ("batch standard deviation",),
}
OFF = 0.01
"""How far from the batch's statistic, relative to it, a value must be to count as having stopped too early."""


def wrong_law(place: Place, fault: str, observation: Observation) -> Seen:
    """The weights of the law are swapped, or do not sum to 1."""
    variables = watched(place, observation)
    if not variables:
        return place.missing(observation)
    return _worst([_law_fault(law_of(v), fault) for v in variables], observation)


def mixed_law(place: Place, source: str, observation: Observation) -> Seen:
    """The statistics follow an average of a batch statistic that is not their own."""
    variables = watched(place, observation)
    if not place.known:
        variables = [v for v in variables if own_kind(v) != source]
    if not variables:
        return place.missing(observation)
    return _worst([_source_fault(law_of(v), source) for v in variables], observation)


def _worst(seen: list[Seen], observation: Observation) -> Seen:
    for outcome in (Outcome.CONFIRMED, Outcome.UNDECIDED):
        found = next((one for one in seen if one.outcome is outcome), None)
        if found is not None:
            return failed(observation) if found.reason == "never-updated" and observation["error"] else found
    return REFUTED


def _law_fault(law: Mapping[str, Any] | None, fault: str) -> Seen:
    if law is None or law["kind"] == "unchanged":
        return undecided("never-updated")
    if law["kind"] in ("unexplained", "once") or (fault == "sum" and law["kind"] == "constant-batch"):
        return undecided("law-not-explained")
    wrong = law["old"] < 0.5 if fault == "swapped" else abs(law["old"] + law["new"] - 1) > 0.005
    return CONFIRMED if wrong else REFUTED


def _source_fault(law: Mapping[str, Any] | None, source: str) -> Seen:
    if law is None or law["kind"] == "unchanged":
        return undecided("never-updated")
    # Of an argument only the caller knows what it holds.
    if law["source"] is None or str(law["source"]).startswith("argument "):
        return undecided("law-not-explained")
    return CONFIRMED if str(law["source"]).rpartition(": ")[2] in SOURCES[source] else REFUTED


def initial_share(place: Place, steps: int, share: float, observation: Observation) -> Seen:
    """The old value's weight, to the power of the steps, is the share of the start that is left."""
    variables = watched(place, observation)
    if not variables:
        return place.missing(observation)
    laws = [law_of(v) for v in variables]
    if all(law is None or law["old"] is None for law in laws):
        return failed(observation) if observation["error"] else undecided("law-not-explained")
    left = [law["old"] ** steps for law in laws if law is not None and law["old"] is not None]
    return CONFIRMED if all(abs(each - share) <= 0.02 + 0.05 * share for each in left) else REFUTED


def stalls(place: Place, observation: Observation) -> Seen:
    """On a repeated batch the value stops for good, before it is the batch's."""
    variables = [v for v in watched(place, observation) if v["stalled"] is not None]
    if not variables:
        return place.missing(observation)
    if all(v["stalled"]["steps"] == 0 for v in variables):
        return undecided("never-updated")
    if all(v["stalled"]["still"] and v["stalled"]["off"] > OFF for v in variables):
        return CONFIRMED
    return (
        REFUTED
        if not any(v["stalled"]["still"] and v["stalled"]["off"] > OFF for v in variables)
        else undecided("some-moved")
    )


def same_in_all_channels(place: Place, observation: Observation) -> Seen:
    """Channels that differ in the data do not differ in the statistic, although it moved."""
    variables = [v for v in watched(place, observation) if any(v["moved"].values())]
    if not variables:
        return failed(observation) if observation["error"] else undecided("never-updated")
    if any(v["uniform"] is None for v in variables):
        return undecided("one-channel")
    if all(v["uniform"] for v in variables):
        return CONFIRMED
    alike = any(shape[-1] in shape[:-1] for shape in observation["inputs"] if shape)
    return undecided("alike-axes") if alike else REFUTED


def first_replica(place: Place, observation: Observation) -> Seen:
    """The average is that of the first replica's data, not that of all the data."""
    variables = watched(place, observation)
    if observation["mode"] != "replicas":
        return undecided("no-replicas")
    if observation["error"] is not None or not variables:
        return place.missing(observation)
    # Each replica has its copy, and not every copy is made to follow.
    sources = [str(law["source"]) for law in map(law_of, variables) if law is not None and law["source"]]
    if not sources:
        return undecided("law-not-explained")
    return CONFIRMED if all(source.startswith("first replica") for source in sources) else REFUTED
