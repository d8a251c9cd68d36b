"""Watches a program that runs for its own sake: many files, many steps, and nothing of it to be disturbed.

Each kind of step is looked at closely a few times; later ones are counted, and looked at ever more rarely.
"""

from __future__ import annotations

import threading
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

import numpy as np

from . import framework, inputs, report, updates
from .places import Places
from .tracked import Seen, Step, Tracked
from .watch import Watch

CLOSELY = 8
"""How many steps of each kind are read one by one, and give the law."""

MOST = 256
"""How many statistics are read."""

HELD = 3000
"""How many variables are held; one that is held stays in memory."""

LEAST = 3
"""Training steps after which it is known that a statistic moves in each."""

LARGEST_BATCH = 1 << 22
TRAINING = ("train-op", "fit")
LATER = "end"
"""The phase of looks that tell only whether something moved since the last one."""


class Look(Step):
    """A step that keeps the statistics of its batches, and not the batches."""

    known: Dict[int, Dict[str, List[float]]] = {}

    def statistics_for(self, tracked: Tracked, length: int) -> Dict[str, List[float]]:
        """By name, as far as the batches were seen."""
        return self.known.get(id(tracked), {})


class Witness(Watch):
    """What was seen of the variables of a program.

    taken: how many steps of each kind the program took: "train-op", "fit", "call" (of a session), "inference",
    "evaluate", "predict"; "restore" sets values anew.
    """

    def __init__(self, places: Places, hits: Set[int], wanted: Set[int]) -> None:
        """wanted: rows whose variables are looked at even if an optimizer moves them."""
        super().__init__("", hits)
        self.places = places
        self.wanted = wanted
        self.counting = True
        self.taken: Dict[str, int] = {}
        self.lock = threading.RLock()
        self.in_trace: Callable[[Tracked], None] = lambda _: None
        self._measured: Set[int] = set()
        self._stale = False
        self._sizes: Dict[int, Set[int]] = {}
        self._seen_inputs: Dict[Tuple[int, int], Dict[str, List[float]]] = {}

    def row_of(self, filename: str, line: int) -> Optional[int]:
        """As one number for all files."""
        return self.places.row(filename, line)

    def is_own(self, module: str) -> bool:
        """Whether the module is one of the user's files."""
        return self.places.is_own(module)

    def readable(self) -> List[Tracked]:
        """The statistics: what no optimizer moves, of some length, and made by the user's code."""
        return [tracked for tracked in self.tracked if self._is_statistic(tracked)][:MOST]

    listed = readable

    def _is_statistic(self, tracked: Tracked) -> bool:
        if not tracked.readable or not tracked.rows:
            return False
        if self.wanted & set(tracked.rows) and tracked.layer is None:
            return True
        by_optimizer = isinstance(tracked.layer, tuple(framework.optimizer_classes()))
        adapted = type(tracked.layer).__name__ == "Normalization"  # has its values before training
        return not (tracked.trainable or by_optimizer or adapted or tracked.shape == [])

    def _record(self, variable: Any) -> None:
        if len(self.tracked) < HELD:
            super()._record(variable)

    def saw_input(self, layer: Any, batch: Any) -> None:
        """Its statistics, while steps are looked at closely."""
        if self.closely("train-op") and batch.shape.num_elements() <= LARGEST_BATCH:
            sizes = {t.first.size for t in self.readable() if t.layer is layer and t.first is not None}
            for size in sizes:
                self._seen_inputs[id(layer), size] = inputs.batch_statistics({"inputs": batch.numpy()}, size)

    def saw_assignment(self, tracked: Tracked) -> None:
        """Made now, or built into what is being traced."""
        if framework.eagerly():
            super().saw_assignment(tracked)
        else:
            self.in_trace(tracked)
            self.saw_in_trace(tracked)

    def measure_updates(self) -> None:
        """Once for each statistic that moves in training and whose batch is out of sight, ask the ops for the law."""
        for tracked in self.readable():
            steps = [number for number in sorted(tracked.values) if self.steps[number].phase in TRAINING]
            known = self.updates_of(tracked)
            if id(tracked) in self._measured or len(steps) < LEAST or not known or tracked.first is None:
                continue
            self._measured.add(id(tracked))
            pairs = [(report.before(tracked, number), tracked.values[number]) for number in steps]
            once = all(tracked.assigned.get(number) == 1 for number in steps)
            if not once or any(np.array_equal(one, other) for one, other in pairs):
                continue
            tracked.update = updates.law(tracked.variable, known, tracked.first, pairs)

    def saw_assignments(self, tracked: Tracked, count: int) -> None:
        """In the step that is going on."""
        number = len(self.steps)
        tracked.assigned[number] = tracked.assigned.get(number, 0) + count

    def closely(self, phase: str) -> bool:
        """Whether the next step of this kind is read by itself."""
        return self.taken.get(phase, 0) < CLOSELY

    def before(self, phase: str, session: Any = None, always: bool = False) -> None:
        """Such a step is about to begin: what moved so far is not its doing."""
        if self.closely(phase) and (self._stale or always):
            self._forget_assignments()
            self.step(LATER, {}, session)
            self._stale = False

    def after(self, phase: str, batches: Dict[str, Any], session: Any = None) -> bool:
        """Such a step is over. Whether it was looked at."""
        number = self.taken[phase] = self.taken.get(phase, 0) + 1
        if number <= CLOSELY or phase == "restore":
            self.step(phase, batches, session)
            return True
        self._stale = True
        self._forget_assignments()
        self._seen_inputs = {}
        rarely = phase in TRAINING and number & (number - 1) == 0
        if rarely:
            self.step(LATER, {}, session)
        return rarely

    def _forget_assignments(self) -> None:
        for tracked in self.tracked:
            tracked.assigned.pop(len(self.steps), None)

    def step(
        self, phase: str, batches: Optional[Dict[str, Any]] = None, session: Any = None, fetched: Any = None
    ) -> None:
        """A look at every statistic."""
        super().step(phase, {}, session, fetched)
        last = self.steps[-1]
        look = self.steps[-1] = Look(last.phase, last.label, {}, Seen({}, {}), fetched)
        seen, self._seen_inputs = self._seen_inputs, {}
        fed: Dict[int, Dict[str, List[float]]] = {}
        look.known = {}
        for tracked in self.readable() if seen or batches else []:
            if tracked.first is None:
                continue
            size = tracked.first.size
            if batches and size not in fed:
                fed[size] = inputs.batch_statistics(batches, size)
            look.known[id(tracked)] = seen.get((id(tracked.layer), size)) or fed.get(size, {})

    def data(self) -> Dict[str, Any]:
        """All of it as JSON data; rows are those of :class:`Places`."""
        self.measure_updates()
        return {
            "files": list(self.places.paths),
            "steps": dict(self.taken),
            "hits": sorted(self.hits),
            "variables": report.variables(self, sorted(self.wanted), MOST),
        }
