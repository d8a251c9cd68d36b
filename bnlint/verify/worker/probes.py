"""What is tried once the code has taken its training steps, eagerly or traced: the other phase, other batches."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, Optional

import numpy as np

from . import framework, inputs, reload
from .calls import Driven, Run
from .tracked import Tracked

AGAIN = 2
MOST_STEPS = 6000
MOST_SECONDS = 8.0
TOGETHER = 25
"""Steps on a repeated batch between two looks at the statistics."""


def run_all(run: Run, driven: Driven) -> None:
    """Every probe that was asked for and that fits; one that raises is noted and found nothing."""
    for name in run.wanted:
        probe = PROBES.get(name)
        if probe is None:
            continue
        try:
            found = probe(run, driven)
        except Exception as error:
            run.notes.append("%s: %s: %s" % (name, type(error).__name__, str(error).split("\n")[0][:200]))
            continue
        if found is not None:
            run.probes[name] = found


def _inference(run: Run, driven: Driven) -> None:
    """With the flag off; as it stands if there is none."""
    for step in range(AGAIN):
        arrays = driven.target.arrays(run.steps + step)
        driven(arrays, on=False)
        run.watch.step("inference", arrays)


def _predict(run: Run, driven: Driven) -> None:
    for step in range(AGAIN):
        arrays = driven.target.arrays(run.steps + step)
        data = list(arrays.values())
        driven.target.layer.predict(data[0] if len(data) == 1 else data, batch_size=len(data[0]), verbose=0)
        run.watch.step("predict", arrays)


def _dependence(run: Run, driven: Driven) -> Optional[Dict[str, float]]:
    return compare_batches(lambda arrays: driven.leaves(arrays, on=False), driven.target.arrays)


def _dependence_in_training(run: Run, driven: Driven) -> Optional[Dict[str, float]]:
    return compare_batches(driven.leaves, driven.target.arrays)


def compare_batches(
    outputs: Callable[[Dict[str, Any]], List[Any]], arrays: Callable[[int], Dict[str, Any]]
) -> Optional[Dict[str, float]]:
    """How far the output for the first sample moves when the others are replaced; None if nothing can be compared.

    difference: relative to the size of the output. noise: the same for the same batch given twice.
    """
    batch, others = arrays(0), arrays(1)
    mixed = {}
    for name, array in others.items():
        mixed[name] = array.copy()
        if array.ndim > 1:
            mixed[name][:1] = batch[name][:1]
            mixed[name][1:] = 3.0 * array[1:] + 5.0
        else:
            mixed[name] = batch[name]
    first, again, other = outputs(batch), outputs(batch), outputs(mixed)
    difference = _far(_samples(first), _samples(other))
    noise = _far(_samples(first), _samples(again))
    return None if difference is None or noise is None else {"difference": difference, "noise": noise}


def _samples(leaves: List[Any]) -> List[Any]:
    """The part of each output that belongs to the first sample."""
    return [leaf[:1] for leaf in leaves if leaf.ndim > 0 and leaf.shape[0] == inputs.BATCH]


def _far(ones: List[Any], others: List[Any]) -> Optional[float]:
    """The largest difference relative to the largest value; None without two outputs of the same shape."""
    pairs = [(one, other) for one, other in zip(ones, others) if one.shape == other.shape and one.size]
    if not pairs:
        return None
    far = [float(np.max(np.abs(one - other)) / max(float(np.max(np.abs(one))), 1e-6)) for one, other in pairs]
    return min(max(far), 1e9) if all(np.isfinite(far)) else 1e9


def compare_phases(outputs: Callable[[bool], List[Any]], has_flag: bool) -> Optional[Dict[str, Any]]:
    """How far the output moves when the flag is switched, for the same batch. outputs: what comes out, by the flag."""
    first, again, off = outputs(True), outputs(True), outputs(False)
    difference, noise = _far(first, off), _far(first, again)
    if difference is None or noise is None:
        return None
    return {"difference": difference, "noise": noise, "flag": has_flag}


def _phases(run: Run, driven: Driven) -> Optional[Dict[str, Any]]:
    arrays = driven.target.arrays(run.steps)
    return compare_phases(lambda on: driven.leaves(arrays, on), driven.has_flag)


def _stale(run: Run, driven: Driven) -> Dict[str, bool]:
    """First with the attribute off, then on; the function keeps what it traced first."""
    attribute = run.wanted["stale"]
    exists = hasattr(driven.owner, attribute)
    for state, phase in ((False, "flag off"), (True, "flag on")):
        setattr(driven.owner, attribute, state)
        for step in range(AGAIN):
            arrays = driven.target.arrays(step)
            driven(arrays)
            run.watch.step(phase, arrays)
    return {attribute: exists}


def _attributes(run: Run, driven: Driven) -> Dict[str, str]:
    return kinds_held(driven.owner, run.wanted["attributes"])


def kinds_held(owner: Any, names: List[str]) -> Dict[str, str]:
    """What kind of thing each attribute holds; those that are missing are left out."""
    return {name: _kind(getattr(owner, name)) for name in names if hasattr(owner, name)}


def _kind(value: Any) -> str:
    tf = framework.tf
    if isinstance(value, (tf.Variable, framework.BaseResourceVariable, *framework.keras_variable_classes())):
        return "variable"
    return "tensor" if tf.is_tensor(value) else type(value).__name__


def _stall(run: Run, driven: Driven) -> None:
    """The same batch again and again, until nothing moves any more."""
    arrays = driven.target.arrays(run.steps)
    driven(arrays)
    run.watch.step("repeat", arrays)
    last = run.watch.steps[-1]
    step = framework.tf.function(lambda: driven(arrays))
    watched = [tracked for tracked in run.watch.tracked if tracked.readable and not tracked.trainable]
    until, taken = time.time() + MOST_SECONDS, 0
    before: List[Any] = []
    still = False
    while taken < MOST_STEPS and time.time() < until and not still:
        for _ in range(TOGETHER):
            step()
        before, taken = [tracked.now() for tracked in watched], taken + TOGETHER + 1
        step()
        still = all(one is None or one.tobytes() == _bytes(tracked) for one, tracked in zip(before, watched))
    for tracked, value in zip(watched, before):
        if value is not None:
            same = value.tobytes() == _bytes(tracked)
            tracked.facts["stalled"] = {
                "steps": taken,
                "still": same,
                "off": _off(tracked, value, last.inputs_of(tracked)),
            }


def _bytes(tracked: Tracked) -> Any:
    value = tracked.now()
    return None if value is None else value.tobytes()


def _off(tracked: Tracked, value: Any, arrays: Dict[str, Any]) -> float:
    """The distance to the nearest statistic of the batch, relative to that."""
    found = inputs.batch_statistics(arrays, value.size)
    distances = [
        float(np.max(np.abs(np.ravel(value).astype(np.float64) - goal) / np.maximum(np.abs(goal), 1e-3)))
        for goal in found.values()
    ]
    return min(distances) if distances else 0.0


def _layers(run: Run, driven: Driven) -> Optional[Dict[str, Any]]:
    return membership(run, [driven.target.layer] if driven.target.layer is not None else [])


def membership(run: Run, models: List[Any]) -> Optional[Dict[str, Any]]:
    """Of the layers that the user's lines made, which belong to one of these models; None without a model."""
    models = [model for model in models if isinstance(model, framework.model_classes())]
    if not models:
        return None
    owned = {id(layer) for model in models for layer in framework.layers_of(model)}
    return {
        "made": [
            {"rows": rows, "owner": type(layer).__name__, "in_model": id(layer) in owned}
            for layer, rows in run.watch.layers_made()
            if rows
        ]
    }


def _reload(run: Run, driven: Driven) -> None:
    {"keras": reload.by_keras, "checkpoint": reload.by_checkpoint}[run.wanted["reload"]](run, driven)


PROBES: Dict[str, Callable[[Run, Driven], Any]] = {
    "inference": _inference,
    "predict": _predict,
    "dependence": _dependence,
    "dependence in training": _dependence_in_training,
    "phases": _phases,
    "stale": _stale,
    "attributes": _attributes,
    "stall": _stall,
    "layers": _layers,
    "reload": _reload,
}
