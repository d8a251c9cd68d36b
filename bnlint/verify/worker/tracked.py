"""A variable that is watched, and a step that may move it."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional

import numpy as np

from . import inputs, laws, reading

LARGEST = 1 << 16
"""Variables with more elements than this are listed without their values."""


class Tracked:
    """One variable: the object, the rows of the user's file that created it, and its values.

    rows: innermost first; for a variable of a library layer the row where the layer was constructed comes first.
    layer: that layer, or the optimizer that made it. born: the number of steps that were over when it was created.
    imported: the file's own top level created it, before anything was driven.
    first: the initial value. values: by step number; a step is missing where the variable could not be read.
    assigned: how often it was assigned to, by the number of the step, where that is counted.
    update: the law of the ops that update it, where no batch could be seen. alone: that of its layer by itself.
    facts: what else was found out about it, see :mod:`report`.
    """

    def __init__(self, variable: Any, rows: List[int], layer: Any, born: int) -> None:
        self.variable = variable
        self.rows = rows
        self.layer = layer
        self.born = born
        self.imported = False
        self.first: Optional[Any] = None
        self.values: Dict[int, Any] = {}
        self.assigned: Dict[int, int] = {}
        self.update: Optional[laws.Law] = None
        self.alone: Optional[laws.Law] = None
        self.facts: Dict[str, Any] = {}

    def now(self) -> Optional[Any]:
        """The value at this moment, outside of graphs."""
        return reading.value(self.variable)

    @property
    def name(self) -> str:
        """As TensorFlow has it, without the output number."""
        return str(getattr(self.variable, "name", "") or "").split(":")[0]

    @property
    def frozen(self) -> bool:
        """The layer was told not to update its statistics."""
        momentum = getattr(self.layer, "momentum", None)
        return getattr(self.layer, "trainable", True) is False or (isinstance(momentum, (int, float)) and momentum == 1)

    @property
    def trainable(self) -> bool:
        """Whether an optimizer may move it."""
        return bool(getattr(self.variable, "trainable", True))

    @property
    def shape(self) -> Optional[List[Optional[int]]]:
        """None for an unknown rank."""
        dims = self.variable.shape.dims
        return None if dims is None else [getattr(d, "value", d) for d in dims]

    @property
    def readable(self) -> bool:
        """Small, and of floating point: what a statistic is."""
        size = 1
        for dimension in self.shape or [None]:
            size *= dimension or 1
        return size <= LARGEST and bool(self.variable.dtype.base_dtype.is_floating)


class Seen(NamedTuple):
    """What a session was asked for besides, before it ran and after; see :class:`Step`."""

    layers: Dict[int, Any]
    sources: Dict[int, Dict[str, List[Any]]]


class Step:
    """One step of a run: a label ("call 2"), the phase it belongs to ("call"), and the arrays that went in.

    layer_inputs: what went into each normalisation layer, by its ``id``, where that could be seen. sources: in a graph,
    the statistics of batches that variables were updated with, by the variable's ``id`` and by name. fetched: tells
    steps apart in which a session ran other ops.
    """

    def __init__(self, phase: str, label: str, batches: Dict[str, Any], seen: "Seen", fetched: Any) -> None:
        self.phase = phase
        self.label = label
        self.inputs = batches
        self.layer_inputs = seen.layers
        self.sources = seen.sources
        self.fetched = fetched

    def inputs_of(self, tracked: Tracked) -> Dict[str, Any]:
        """The batches that the variable may be made from: its own layer's, if they were seen."""
        array = self.layer_inputs.get(id(tracked.layer))
        return self.inputs if array is None else {"inputs": array}

    def statistics_for(self, tracked: Tracked, length: int) -> Dict[str, List[float]]:
        """Of these batches, by name, see :func:`inputs.batch_statistics`; the mean of those of several assignments."""
        found = inputs.batch_statistics(self.inputs_of(tracked), length)
        for name, parts in self.sources.get(id(tracked.variable), {}).items():
            mean = np.mean([np.ravel(part) for part in parts], axis=0)
            if mean.size == length:
                found[name] = [float(number) for number in mean]
        return found
