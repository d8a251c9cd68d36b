"""Statistics that an object keeps as plain values, arrays or tensors, and never as variables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from bnlint.analysis.code.arithmetic import number
from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.scopes import Binding, Scope
from bnlint.analysis.code.values import Call, Const, Op, Value, path_of, walk
from bnlint.analysis.module_facts.creation import Filling, filling
from bnlint.analysis.module_facts.ema import Averages
from bnlint.analysis.module_facts.statistics import BatchStatistics, Statistic, is_moving_name
from bnlint.frozen import dataclass

# What Keras 1 and 2 make with these is a variable.
_VARIABLES = frozenset(
    {"keras.backend.zeros", "keras.backend.ones", "keras.backend.zeros_like", "keras.backend.ones_like"}
)


@dataclass(frozen=True, slots=True)
class PlainState:
    """An attribute of a class that averages batch statistics and holds no variable.

    starts: where it gets its first value; updates: where it is rebound to the average.
    filling: what it starts with, if that is an array filled with one number, in one place.
    """

    owner: Scope
    path: str
    starts: tuple[Binding, ...]
    updates: tuple[Binding, ...]
    filling: Filling | None


def plain_states(flow: Dataflow, statistics: list[Statistic]) -> Iterator[PlainState]:
    """The statistics of a module that are plain state.

    The batch's statistic must be computed by TensorFlow or Keras: NumPy and PyTorch keep their state in this way.
    """
    batch, averages = BatchStatistics(flow), Averages(flow)
    variables = {path for statistic in statistics for path in statistic.paths}
    for owner in flow.tree.scopes:
        if owner.kind != "class":
            continue
        by_path: dict[str, list[Binding]] = defaultdict(list)
        for path, indices in owner.bindings.items():
            if path.startswith("self.") and path.count(".") == 1 and "[" not in path and path not in variables:
                by_path[path] = [flow.tree.bindings[index] for index in indices]
        for path, bindings in by_path.items():
            updates = [each for each in bindings if _averages(flow, batch, averages, each)]
            if not any(_mentions_batch(batch, each.value) for each in updates) or not _is_statistic(
                batch, path, updates
            ):
                continue
            starts = [each for each in bindings if each not in updates and _is_start(flow, batch, each)]
            if updates and starts and len(updates) + len(starts) == len(bindings):
                fill = filling(flow, starts[0].value) if len(starts) == 1 else None
                yield PlainState(owner, path, tuple(starts), tuple(updates), fill)


def _averages(flow: Dataflow, batch: BatchStatistics, averages: Averages, binding: Binding) -> bool:
    """Whether a binding computes the new content from the old one and from a statistic of the batch."""
    path = binding.path
    if binding.kind == "augmented":
        operand = binding.value.operands[1] if isinstance(binding.value, Op) else None
        if operand is None or not is_moving_name(path):
            return False
        # ``*=`` by a momentum, then ``+=`` the batch's part.
        return number(flow, operand) is not None or _mentions_batch(batch, operand) or path_of(operand) is not None
    if binding.kind != "assign":
        return False
    average = averages.read(binding.value, lambda value: path_of(value) == path)
    return average is not None and any(batch.kind(source) is not None for source in average.sources)


def _mentions_batch(batch: BatchStatistics, value: Value) -> bool:
    return any(batch.kind(part) is not None for part in walk(value))


def _is_statistic(batch: BatchStatistics, path: str, updates: list[Binding]) -> bool:
    """Whether an average is one of a normalisation, and not that of a loss, which is a mean over a batch too."""
    return is_moving_name(path) or any(batch.is_moment(part) for each in updates for part in walk(each.value))


def _is_start(flow: Dataflow, batch: BatchStatistics, binding: Binding) -> bool:
    """A first value: zeros, a number, None, or the statistic of the first batch."""
    if (isinstance(binding.value, Const) and binding.value.value is None) or batch.kind(binding.value) is not None:
        return True
    value = binding.value
    name = flow.name_of(value) if isinstance(value, Call) else None
    return name not in _VARIABLES and filling(flow, value) is not None
