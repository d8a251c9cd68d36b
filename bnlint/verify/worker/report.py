"""What was seen, as JSON data: for each variable its values, whether it moved in each phase, and the law it follows."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from . import laws, ops, updates
from .tracked import Step, Tracked
from .watch import Watch

FEW = 4
"""How many channels of a value are shown."""

MOST = 64
"""How many variables one observation lists."""

MOST_OUTPUTS = 8
"""How many of the values that a call returned are shown."""

WEIGHTS = 0.005
"""How far from 1 the sum of measured weights may be."""

FACTS = {"updates": None, "reached_by": [], "stalled": None, "reloaded": {}, "given": False,
         "waited": False, "missed": False, "built": False, "trained_through": None}  # fmt: skip


def variables(watch: Watch, wanted: List[int], most: int = MOST) -> List[Dict[str, Any]]:
    """The variables of this run, those created in the wanted rows first.

    updates, reached_by: how many graph ops assign to it and what reaches them. starts_at: the number that all of it
    is at first, if it is one. uniform: whether all channels are the same in the end. assigned: how often each step
    assigned to it, by phase, as far as that is not in a traced function. together: how many assignments to it the
    largest of these has. stalled: where a repeated batch left it. reloaded: by means, "kept" or "lost".
    given: a stand-in was given it, or stands in for what would have been done to it. waited: the finding's own
    ``control_dependencies`` block waits for its updates. missed: its updates came into the collection after
    the finding's own line had read that. built: the finding's line builds an op that updates it.
    trained_through: whether that line builds an op that reads it and that the code's own train op computes through,
    or, eagerly, whether a gradient comes back through its layer as that line calls it; None where nothing is trained.
    """
    ordered = sorted(watch.listed(), key=lambda tracked: (not set(tracked.rows) & set(wanted), tracked.trainable))
    found = []
    for tracked in ordered[:most]:
        counts = _assigned(tracked, watch.steps) if watch.counting else None
        together = max(map(len, watch.updates_of(tracked)), default=0) if watch.counting else 0
        facts = dict(FACTS, assigned=counts, together=together, **tracked.facts)
        found.append(dict(_variable(tracked, watch.steps), **facts))
    return found


def note_updates(watch: Watch, rows: Sequence[int], fetched: Sequence[Any]) -> None:
    """Which graph variables are updated by ops that these rows build, or have others wait for.

    fetched: what the code itself runs, its train ops among it.
    """
    waited = ops.waited_for(watch.blocks, rows)
    missed = ops.missed(watch.collections, rows)
    computed = ops.computed_for_steps(fetched)
    for tracked in watch.tracked:
        if in_graph(tracked):
            assigning = ops.assign_ops(tracked.variable)
            tracked.facts["waited"] = bool(assigning & waited)
            tracked.facts["missed"] = bool(assigning & missed)
            tracked.facts["built"] = any(ops.is_built_on(op, watch.path, rows) for op in assigning)
            reading = ops.readers(tracked.variable) & computed
            if computed:
                tracked.facts["trained_through"] = any(ops.is_built_on(op, watch.path, rows) for op in reading)


def in_graph(tracked: Tracked) -> bool:
    """Whether it is a variable of a TensorFlow 1 graph."""
    return hasattr(getattr(tracked.variable, "initializer", None), "control_inputs")


def unexplained(watch: Watch, phase: str) -> bool:
    """Whether a statistic moved in a way that the batches do not explain."""
    return any(
        found["laws"].get(phase, {}).get("kind") == "unexplained" and not found["trainable"]
        for found in variables(watch, [])
    )


def note_laws(watch: Watch) -> None:
    """For each statistic that moved in a way that the batches do not explain, the law of the ops that update it."""
    for tracked in watch.readable():
        if tracked.trainable or tracked.first is None:
            continue
        found = {step.phase: _law(tracked, watch.steps, step.phase) for step in watch.steps}
        phases = [phase for phase, law in found.items() if law is not None and law.kind == "unexplained"]
        groups = watch.updates_of(tracked) if phases else []
        pairs = [(before(tracked, n), v) for n, v in tracked.values.items() if watch.steps[n].phase in phases]
        tracked.update = updates.law(tracked.variable, groups, tracked.first, pairs)


def _variable(tracked: Tracked, steps: List[Step]) -> Dict[str, Any]:
    found = {phase: _law(tracked, steps, phase) for phase in dict.fromkeys(step.phase for step in steps)}
    fitted = {phase: law for phase, law in found.items() if law is not None}
    alone = {} if tracked.alone is None else {"alone": tracked.alone}
    return {
        "name": tracked.name,
        "rows": tracked.rows,
        "owner": None if tracked.layer is None else type(tracked.layer).__name__,
        "frozen": tracked.frozen,
        "shape": tracked.shape,
        "trainable": tracked.trainable,
        "born": tracked.born,
        "imported": tracked.imported,
        "initial": few(tracked.first),
        "starts_at": _only(tracked.first),
        "uniform": _uniform(tracked),
        "values": {steps[index].label: few(value) for index, value in sorted(tracked.values.items())},
        "batch": _batches(tracked, steps),
        "moved": {phase: law.kind != "unchanged" for phase, law in fitted.items()},
        "laws": {phase: law.as_json() for phase, law in dict(fitted, **alone).items()},
    }


def _only(value: Optional[Any]) -> Optional[float]:
    """The number that all elements are."""
    if value is None or value.size == 0 or not np.all(value == value.flat[0]):
        return None
    return float(value.flat[0])


def _uniform(tracked: Tracked) -> Optional[bool]:
    if not tracked.values:
        return None
    last = tracked.values[max(tracked.values)]
    return bool(np.all(last == last.flat[0])) if last.size > 1 else None


def _assigned(tracked: Tracked, steps: List[Step]) -> Dict[str, List[int]]:
    found: Dict[str, List[int]] = {}
    for number, step in enumerate(steps):
        if number >= tracked.born:
            found.setdefault(step.phase, []).append(tracked.assigned.get(number, 0))
    return found


def _law(tracked: Tracked, steps: List[Step], phase: str) -> Optional[laws.Law]:
    """The law within one phase; None if the variable was not seen in it."""
    indices = [index for index in sorted(tracked.values) if steps[index].phase == phase]
    if not indices or tracked.first is None:
        return None
    # Train ops may take turns: a law is about the steps of those that move the variable at all.
    moving = {steps[index].fetched for index in indices if _moved(tracked, index)}
    indices = [index for index in indices if not moving or steps[index].fetched in moving]
    befores = [before(tracked, index) for index in indices]
    start = befores[0]
    arrays = [start] + [tracked.values[index] for index in indices]
    moves = [_moved(tracked, index) for index in indices]
    if not any(moves):
        return laws.Law("unchanged")
    if len(moves) > 1 and not any(moves[1:]):
        # Nothing touched it after the first call; one step does not show a law.
        return laws.Law("once")
    values = [laws.vector(array) for array in arrays]
    if phase == "repeat":
        return laws.fit_constant(values)
    fitted = laws.fit(values, laws.series(steps[index].statistics_for(tracked, start.size) for index in indices))
    if fitted.kind == "average" and not _sums_to_one(fitted) and _is_mean(tracked, steps, indices):
        # Updates that follow each other are only about one by the mean of what they take.
        fitted = laws.Law("unexplained")
    # Where the batch was not seen, the ops that are run tell what they make of one.
    return tracked.update if fitted.kind == "unexplained" and tracked.update is not None else fitted


def _sums_to_one(law: laws.Law) -> bool:
    return abs((law.old or 0.0) + (law.new or 0.0) - 1.0) <= WEIGHTS


def _is_mean(tracked: Tracked, steps: List[Step], indices: List[int]) -> bool:
    """Whether the batches of several assignments were taken together."""
    parts = [steps[index].sources.get(id(tracked.variable), {}).values() for index in indices]
    return any(len(part) > 1 for each in parts for part in each)


def _moved(tracked: Tracked, index: int) -> bool:
    return bool(before(tracked, index).tobytes() != tracked.values[index].tobytes())


def before(tracked: Tracked, index: int) -> Any:
    """The value when this step began: other phases may have moved it since the last one of its own."""
    earlier = [each for each in tracked.values if each < index]
    return tracked.values[max(earlier)] if earlier else tracked.first


def _batches(tracked: Tracked, steps: List[Step]) -> Dict[str, Any]:
    """The mean of each step's batch, next to the values, so that a reader sees what should have gone in."""
    if tracked.first is None:
        return {}
    shown = {}
    for index in sorted(tracked.values):
        numbers = steps[index].statistics_for(tracked, tracked.first.size)
        shown[steps[index].label] = {
            kind: few(numbers[kind]) for kind in ("batch mean", "batch variance") if kind in numbers
        }
    return {label: numbers for label, numbers in shown.items() if numbers}


def few(value: Optional[Any]) -> Optional[List[float]]:
    """The first channels, with the digits that float32 has."""
    return None if value is None else [float("%.6g" % number) for number in np.ravel(value)[:FEW]]


def arrays_in(leaves: List[Any]) -> List[Any]:
    """Those that are numbers, as arrays."""
    arrays = []
    for leaf in leaves:
        try:
            arrays.append(np.asarray(leaf, dtype=np.float64))
        except (TypeError, ValueError):
            continue
    return [array for array in arrays if array.size]


def digest(leaves: List[Any], skipped: Sequence[bool] = ()) -> List[Optional[List[float]]]:
    """Of each value that a call returned: enough numbers to see whether another run returned the same.

    None for those that are skipped, such as what an assignment returns: that is a statistic and no output.
    """
    marked = list(skipped) + [False] * (len(leaves) - len(skipped))
    found = [None if skip else _numbers(leaf) for leaf, skip in zip(leaves, marked)]
    return found[:MOST_OUTPUTS]


def _numbers(leaf: Any) -> List[float]:
    numbers: List[float] = []
    for array in arrays_in([leaf]):
        numbers += [float("%.5g" % number) for number in (array.mean(), array.std(), *np.ravel(array)[:FEW])]
    return [number for number in numbers if np.isfinite(number)]
