"""What was tried besides training steps, and what came of it, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from bnlint.report.terminal import visible

_MEANS = {
    "keras": "save_weights and load_weights",
    "keras file": "saving and loading the model as one .keras file",
    "checkpoint": "tf.train.Checkpoint",
    "saver": "tf.train.Saver",
}
_FATES = {"lost": "what was trained is lost", "kept": "what was trained is there again"}
_COMPARED = {
    "dependence": "at inference, the answer for one sample when the rest of its batch is replaced",
    "dependence in training": "in training, the output for one sample when the rest of its batch is replaced",
    "phases": "the output when the training flag is switched",
}


def with_one(statistic: Mapping[str, Any]) -> Iterator[str]:
    """What else is known of one statistic: whether it is trainable; a repeated batch, saving and loading."""
    if statistic.get("trainable") is True:
        yield "it is among the trainable variables, which an optimizer moves"
    stalled = _mapping(statistic.get("stalled"))
    if stalled:
        end = "stands still" if stalled.get("still") else "still moves"
        off = _number(stalled.get("off"))
        away = f", {off:.1%} off the value of the batch" if off is not None else ""
        yield f"one batch again and again: after {visible(str(stalled.get('steps')))} steps it {end}{away}"
    for means, fate in _mapping(statistic.get("reloaded")).items():
        yield f"after {_MEANS.get(means, visible(means))}: {_FATES.get(str(fate), visible(str(fate)))}"


def with_all(evidence: Mapping[str, Any]) -> Iterator[str]:
    """What was tried with the code as a whole: other batches, the other phase."""
    probes = _mapping(evidence.get("probes"))
    for name, what in _COMPARED.items():
        difference = _number(_mapping(probes.get(name)).get("difference"))
        if difference is not None:
            yield f"{what}: it changes by {difference:.0%} of its size" if difference else f"{what}: no change"
    for attribute, kind in _mapping(probes.get("attributes")).items():
        yield f"the attribute {visible(attribute)} holds a {visible(str(kind))}"
    guarded = _mapping(probes.get("guarded step"))
    for flag in ("on", "off"):
        if flag in guarded:
            yield f"with the flag {flag}, the optimizer's step is {'made' if guarded[flag] else 'not made'}"
    collected = _mapping(probes.get("update ops"))
    if "count" in collected and "empty blocks" in collected:
        waiting = visible(str(collected["empty blocks"]))
        yield f"UPDATE_OPS holds {visible(str(collected['count']))} updates; blocks that wait for none of it: {waiting}"
    for layer in map(_mapping, _mapping(probes.get("layers")).get("made") or ()):
        if layer.get("rows") and not layer.get("in_model"):
            yield f"the {visible(str(layer.get('owner')))} of line {visible(str(layer['rows'][0]))} is not in the model"


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
