"""Predictions about what the code returns."""

from __future__ import annotations

from bnlint.verify.evidence import Observation
from bnlint.verify.seen import CONFIRMED, REFUTED, Seen, failed, probe, undecided

ROUNDING = 1e-4
"""Relative to the size of the output: what float32 may lose on the way through a network."""

FAR = 1e-2
"""Relative to the size of the output: no rounding."""


def depends_on_batch(observation: Observation, name: str = "dependence") -> Seen:
    """The output for a sample differs if the rest of its batch does."""
    found = probe(observation, name)
    if found is None:
        return failed(observation) if observation["error"] is not None else undecided("not-compared")
    if found["noise"] > ROUNDING:
        return undecided("random-output")
    if found["difference"] > FAR:
        return CONFIRMED
    return REFUTED if found["difference"] <= ROUNDING else undecided("not-compared")


def one_phase(observation: Observation) -> Seen:
    """The flag makes no difference to the output."""
    found = probe(observation, "phases")
    if observation["error"] is not None:
        return failed(observation)
    if found is None:
        return undecided("not-compared")
    if not found["flag"]:
        return undecided("no-flag")
    if found["noise"] > ROUNDING:
        return undecided("random-output")
    return CONFIRMED if found["difference"] <= ROUNDING else REFUTED
