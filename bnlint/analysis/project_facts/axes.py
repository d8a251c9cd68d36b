"""Over which axes the statistics of a batch are taken, and whether one for each channel is left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from bnlint.analysis.code.values import Call, Const, Item, Parameter, Sequence, Subscript, Value, walk
from bnlint.analysis.module_facts.statistics import Statistic
from bnlint.frozen import dataclass

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts

_MOMENTS = frozenset({"tf.nn.moments", "keras.ops.moments"})
_REDUCTIONS = frozenset(
    {
        "tf.reduce_mean", "tf.math.reduce_mean", "keras.ops.mean", "keras.backend.mean", "tf.math.reduce_variance",
        "tf.reduce_variance", "keras.ops.var", "keras.backend.var",
    }
)  # fmt: skip
# Position of the shape in calls that make arrays.
_SHAPED = {
    "tf.random.normal": 0, "tf.random_normal": 0, "tf.random.uniform": 0, "tf.random_uniform": 0, "tf.zeros": 0,
    "tf.ones": 0, "tf.truncated_normal": 0, "keras.random.normal": 0, "keras.random.uniform": 0, "keras.ops.zeros": 0,
    "keras.ops.ones": 0, "numpy.zeros": 0, "numpy.ones": 0, "tf.placeholder": 1, "tf.reshape": 1,
    "keras.ops.reshape": 1, "numpy.random.normal": 2, "numpy.random.uniform": 2,
}  # fmt: skip
_RANKS = {"tf.nn.conv1d": 3, "tf.nn.conv2d": 4, "tf.nn.conv3d": 5, "tf.nn.max_pool": 4, "tf.nn.conv2d_transpose": 4}
_DEPTH = 4

# "none": everything is reduced to one number; "channels": the channel axis is reduced too; "batch": the batch is not.
Fault = Literal["none", "channels", "batch"]


@dataclass(frozen=True, slots=True)
class WrongReduction:
    """A reduction that feeds a statistic and leaves no value for each channel.

    axes: the argument, None if it is left out; rank: that of the data, None if it is not in sight.
    certain: the code shows that the axes are wrong, not only that they are unusual.
    """

    call: Call
    scope: int
    fault: Fault
    axes: Value | None
    rank: int | None
    certain: bool
    statistics: tuple[Statistic, ...]


def wrong_reductions(project: ProjectFacts, module: ModuleFacts) -> Iterator[WrongReduction]:
    """The reductions of a module over wrong axes, one for each statement."""
    feeding: dict[int, tuple[Call, list[Statistic]]] = {}
    for update in module.updates:
        if update.average is None or not any(statistic.is_batch_norm for statistic in update.statistics):
            continue
        if not all(_has_channels(module, statistic) for statistic in update.statistics):
            continue
        for source in update.average.sources:
            for call in _reductions(module, source):
                feeding.setdefault(call.id, (call, []))[1].extend(update.statistics)
    seen: set[tuple[int, int]] = set()
    for call, statistics in feeding.values():
        wrong = _judged(project, module, call, tuple(dict.fromkeys(s.call.id for s in statistics)))
        statement = module.flow.statement(call)
        key = (
            (statement.span.row, statement.span.column) if statement is not None else (call.span.row, call.span.column)
        )
        if wrong is not None and key not in seen:
            seen.add(key)
            yield wrong


def _has_channels(module: ModuleFacts, statistic: Statistic) -> bool:
    """Whether a statistic is known to hold one value for each channel, and channels there are."""
    creation = module.creation(statistic)
    if creation.rank is None or creation.rank == 0 or creation.shape_value is None:
        return False
    items = [item for o in module.flow.origins(creation.shape_value) if isinstance(o, Sequence) for item in o.items]
    return not all(isinstance(item, Const) and item.value == 1 for item in items)


def _reductions(module: ModuleFacts, source: Value) -> Iterator[Call]:
    for origin in module.flow.origins(source):
        base = origin.base if isinstance(origin, Item) else origin
        for call in module.flow.origins(base):
            if isinstance(call, Call) and module.flow.name_of(call) in _MOMENTS | _REDUCTIONS:
                yield call


def _judged(project: ProjectFacts, module: ModuleFacts, call: Call, made: tuple[int, ...]) -> WrongReduction | None:
    kept = call.argument(2, "keepdims", "keep_dims")
    if kept is not None and not (isinstance(kept, Const) and kept.value is False):
        return None
    axes = call.argument(1, "axis", "axes", "reduction_indices")
    data = call.argument(0, "x", "input_tensor", "a")
    numbers = _numbers(module, axes)
    rank = _rank(project, module, data, _DEPTH) if data is not None else None
    fault, certain = _fault(axes, numbers, rank)
    if fault is None or data is None or (fault == "channels" and not certain and _makes_volumes(module)):
        return None
    statistics = tuple(statistic for statistic in module.statistics if statistic.call.id in made)
    certain = certain or (fault == "batch" and all(_made_by_last_axis(module, each) for each in statistics))
    return WrongReduction(call, module.flow.site(call).scope, fault, axes, rank, certain, statistics)


def _makes_volumes(module: ModuleFacts) -> bool:
    """Whether a module convolves in three dimensions: its data may have five axes."""
    return any("conv3d" in (module.flow.name_of(call) or "").lower() for call in module.flow.tree.calls)


def _fault(axes: Value | None, numbers: tuple[int, ...] | None, rank: int | None) -> tuple[Fault | None, bool]:
    if axes is None or (isinstance(axes, Const) and axes.value is None):
        return (None, False) if rank == 1 else ("none", True)
    if not numbers:
        return None, False
    if rank is not None:
        reduced = {number % rank for number in numbers}
        if 0 not in reduced:
            return "batch", True
        return ("channels", True) if len(reduced) >= rank > 1 else (None, False)
    if min(numbers) > 0:
        return "batch", False
    # Right for data of five axes only.
    return ("channels", False) if sorted(numbers) == [0, 1, 2, 3] else (None, False)


def _numbers(module: ModuleFacts, axes: Value | None) -> tuple[int, ...] | None:
    """The axes, if they are written out."""
    found: list[tuple[int, ...]] = []
    for origin in module.flow.origins(axes) if axes is not None else ():
        items = origin.items if isinstance(origin, Sequence) else (origin,)
        numbers = tuple(item.value for item in items if isinstance(item, Const) and isinstance(item.value, int))
        if len(numbers) != len(items):
            return None
        found.append(numbers)
    return found[0] if len(found) == 1 else None


def _rank(project: ProjectFacts, module: ModuleFacts, value: Value, depth: int) -> int | None:
    """The number of axes of a tensor, if all that is in sight agrees."""
    agreed: int | None = None
    for rank in _ranks(project, module, value, depth):
        # A layer of a library may be fed by hundreds of programs, too many to hear them all out.
        if rank is None or agreed not in (None, rank):
            return None
        agreed = rank
    return agreed


def _ranks(project: ProjectFacts, module: ModuleFacts, value: Value, depth: int) -> Iterator[int | None]:
    for home, origin in project.links.origins(module, value):
        if isinstance(origin, Call):
            yield _rank_of_call(home, origin)
        elif isinstance(origin, Parameter) and depth > 0:
            function = project.links.function_of(home, origin)
            for caller, call in project.links.calls_of(home, function) if function is not None else ():
                passed = home.flow.passed(call, function, origin.name) if function is not None else None
                if passed is not None:
                    yield _rank(project, caller, passed, depth - 1)
        else:
            yield None


def _rank_of_call(module: ModuleFacts, call: Call) -> int | None:
    name = module.flow.name_of(call) or ""
    if name in _RANKS:
        return _RANKS[name]
    shape = call.keyword("shape", "size") or (call.argument(_SHAPED[name]) if name in _SHAPED else None)
    if name not in _SHAPED or shape is None:
        return None
    for origin in module.flow.origins(shape):
        if isinstance(origin, Sequence):
            return len(origin.items)
    return None


def _made_by_last_axis(module: ModuleFacts, statistic: Statistic) -> bool:
    """``shape=(input_shape[-1],)``: channels come last, so an axis other than the first is none of the batch."""
    shape = module.creation(statistic).shape_value
    for origin in module.flow.origins(shape) if shape is not None else ():
        for part in walk(origin):
            if isinstance(part, Subscript) and isinstance(part.index, Const) and part.index.value == -1:
                return True
    return False
