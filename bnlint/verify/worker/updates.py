"""What the ops that update a statistic make of a batch, where no batch can be seen: inside ``fit`` and ``tf.function``.

The ops between the batch and the assignment are copied into a graph of their own and run there on batches that are
made up, so that nothing in the program or its graphs is touched. The batch is a tensor that everything in the new value
comes from, but for the old value and constants; where there is none, nothing is said.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

import numpy as np

from . import framework, inputs, laws, ops, reading

STEPS = 6
MOST_TENSORS = 60
"""How far back a batch is looked for."""

SQUARES = {"SquaredDifference", "Square", "Pow", "Abs"}
MOST_OPS = 4000
LARGEST = 1 << 20

SIGNS = {"Assign": None, "AssignVariableOp": None, "AssignAdd": 1.0, "AssignAddVariableOp": 1.0, "AssignSub": -1.0,
         "AssignSubVariableOp": -1.0}  # fmt: skip
NEVER_BELOW_ZERO = ("variance", "deviation", "squares")


class _ForeignError(Exception):
    """The new value depends on something that cannot be made up."""


class Assignment(NamedTuple):
    """op: assigns to the variable. old: what its handle, or the variable itself, is outside of all functions."""

    op: Any
    old: Any


def law(
    variable: Any, groups: Sequence[Sequence[Any]], start: Any, pairs: Sequence[Tuple[Any, Any]]
) -> Optional[laws.Law]:
    """The law of the ops that assign to the variable, if all agree.

    groups: the ops that run in one step. Of several in a step it is the law of each, in whatever order they run.
    pairs: values before and after a step, which must be able to come of it.
    """
    found = [_law(Assignment(op, _handle(variable)), start) for group in groups for op in group]
    first = found[0] if found else None
    if first is None or any(each is None or _numbers(each) != _numbers(first) for each in found):
        return None
    most = max(len(group) for group in groups)
    if not _fits(first, pairs, most):
        return None
    return first if most == 1 else first._replace(source="each of %d batches: %s" % (most, first.source))


def _fits(found: laws.Law, pairs: Sequence[Tuple[Any, Any]], most: int) -> bool:
    """Whether these values before and after a step can have come of it: no batch has a variance below zero."""
    if not found.new or not any(word in str(found.source) for word in NEVER_BELOW_ZERO):
        return True
    # Of several updates each may have read the value before the others wrote theirs.
    old = found.old if most == 1 else max(0.0, 1.0 - most * found.new)
    batches = [(after - old * before) / found.new for before, after in pairs]
    return all(np.all(batch >= -1e-3 * (1.0 + np.abs(batch).max())) for batch in batches)


def _numbers(found: laws.Law) -> Any:
    return found.source, round(found.old or 0.0, 3), round(found.new or 0.0, 3)


def _handle(variable: Any) -> Any:
    handle = getattr(variable, "handle", None)
    return variable._variable if handle is None else handle


def assignments(variable: Any, graph: Any) -> List[Any]:
    """The ops of a function's graph that assign to the variable."""
    own = [op for op in graph.get_operations() if op.type in ops.ASSIGNS]
    return [op for op in own if _outside(op.inputs[0]) is _handle(variable)]


def _outside(tensor: Any) -> Any:
    """What a tensor is that functions were handed from outside."""
    captured = _captured(tensor)
    return tensor if captured is None else _outside(captured)


def _captured(tensor: Any) -> Optional[Any]:
    """What stands outside of a function for a tensor that it took along."""
    if not hasattr(tensor, "op") or not hasattr(tensor, "graph") or tensor.op.type != "Placeholder":
        return None
    captures = getattr(tensor.graph, "captures", None) or ()
    return next((outer for outer, inner in captures if inner is tensor), None)


def _is_eager(tensor: Any) -> bool:
    return hasattr(tensor, "numpy") and not hasattr(tensor, "graph")


def _law(assignment: Assignment, start: Any) -> Optional[laws.Law]:
    """By the farthest batch that still explains it: of a mean of squared differences that is what differed."""
    best: Optional[Tuple[Any, laws.Law]] = None
    if assignment.op.type not in SIGNS:
        return None
    for batch in _batches(assignment):
        try:
            found = _measured(assignment, batch, start)
        except Exception:
            found = None
        if best is not None and found is None:
            break
        best = best if found is None else (batch, found)
    return None if best is None or _is_squared(best[0]) else best[1]


def _is_squared(tensor: Any) -> bool:
    """Whether its mean is rather a variance of something else."""
    op = tensor.op
    return op.type in SQUARES or (op.type == "Mul" and op.inputs[0] is op.inputs[1])


def _batches(assignment: Assignment) -> Iterator[Any]:
    """The tensors of several dimensions through which all data goes that the new value is made from, nearest first."""
    waiting, seen = [assignment.op.inputs[1]], set()  # type: ignore[var-annotated]
    while waiting and len(seen) < MOST_TENSORS:
        tensor = waiting.pop(0)
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        rank = None if _is_eager(tensor) else tensor.shape.ndims
        if (
            rank is not None
            and rank > 1
            and _samples(tensor) != 1
            and tensor.dtype.is_floating
            and not _leads_to_data(assignment, tensor)
        ):
            yield tensor
        waiting += _sources(tensor, assignment.old)


def _samples(tensor: Any) -> Optional[int]:
    """How many there are for each channel; None if that is open."""
    sizes = [framework.size_of(dimension) for dimension in tensor.shape.dims]
    known = [size for size in sizes if size is not None]
    return None if len(known) < len(sizes) else int(np.prod(known)) // max(known)


def _leads_to_data(assignment: Assignment, batch: Any) -> bool:
    """Whether data comes into the new value by another way than through this tensor."""
    waiting, seen = [assignment.op.inputs[1]], set()  # type: ignore[var-annotated]
    through = False
    while waiting:
        tensor = waiting.pop()
        if tensor is batch:
            through = True
        elif id(tensor) not in seen:
            seen.add(id(tensor))
            if len(seen) > MOST_OPS or _is_data(tensor, assignment.old):
                return True
            waiting += _sources(tensor, assignment.old)
    return not through


def _is_data(tensor: Any, old: Any) -> bool:
    """Whether it is given from outside: an argument, another variable, random numbers."""
    if _is_eager(tensor) or _captured(tensor) is not None or _reads(tensor, old) or tensor.dtype.base_dtype.is_bool:
        return False
    op = tensor.op
    return op.type.startswith(("Placeholder", "Variable")) or bool(op.op_def.is_stateful) or op.type in ops.CALLS


def _reads(tensor: Any, old: Any) -> bool:
    """Whether it is the variable's old value."""
    if tensor is old:
        return True
    return tensor.op.type == "ReadVariableOp" and _outside(tensor.op.inputs[0]) is old


def _sources(tensor: Any, old: Any) -> List[Any]:
    """The tensors that it is made from."""
    if _is_eager(tensor):
        return []
    captured = _captured(tensor)
    if captured is not None:
        return [captured]
    if _reads(tensor, old) or _is_data(tensor, old):
        return []
    needed = _needed(tensor)
    return [each for index, each in enumerate(tensor.op.inputs) if needed is None or index in needed]


def _needed(tensor: Any) -> Optional[Set[int]]:
    """Of a fused batch norm, whose moments do not depend on scale and offset, the inputs that matter."""
    fused = tensor.op.type.startswith("FusedBatchNorm") and tensor.value_index in (1, 2)
    return {0, tensor.value_index + 2} if fused else None


class _Copy:
    """The ops from a batch to the new value, in a graph of their own."""

    def __init__(self, assignment: Assignment, batch: Any, size: int) -> None:
        v1 = framework.v1
        self.old = assignment.old
        self.size = size
        self.made: Dict[int, Any] = {}
        self.flags: List[Any] = []
        self.graph = framework.Graph()
        with self.graph.as_default():
            self.batch = v1.placeholder(batch.dtype.base_dtype, batch.shape)
            self.made[id(batch)] = self.batch
            self.value = v1.placeholder(framework.tf.float32)
            new = framework.tf.cast(self._copied(assignment.op.inputs[1]), framework.tf.float32)
            sign = SIGNS[assignment.op.type]
            self.new = new if sign is None else self.value + sign * new

    def _copied(self, tensor: Any) -> Any:
        if id(tensor) not in self.made:
            self.made[id(tensor)] = self._copy(tensor)
        return self.made[id(tensor)]

    def _copy(self, tensor: Any) -> Any:
        tf = framework.tf
        if _is_eager(tensor):
            return tf.constant(tensor.numpy())
        captured = _captured(tensor)
        if captured is not None:
            return self._copied(captured)
        if _reads(tensor, self.old):
            shape = tensor.shape if tensor.shape.ndims is not None else self.old.shape
            return tf.cast(tf.reshape(self.value, shape), tensor.dtype.base_dtype)
        op = tensor.op
        if op.type.startswith("Placeholder") and tensor.dtype.base_dtype.is_bool:
            self.flags.append(framework.v1.placeholder(tensor.dtype.base_dtype, tensor.shape))
            return self.flags[-1]
        if _is_data(tensor, self.old):
            raise _ForeignError(op.type)
        needed = _needed(tensor)
        given = [
            self._copied(each) if needed is None or index in needed else self._filler(each)
            for index, each in enumerate(op.inputs)
        ]
        attributes = {key: value for key, value in op.node_def.attr.items() if not key.startswith("_")}
        types = [output.dtype for output in op.outputs]
        copied = self.graph.create_op(op.type, given, types, attrs=attributes)
        for mine, theirs in zip(copied.outputs, op.outputs):
            if needed is None or theirs is tensor:
                self.made[id(theirs)] = mine
        return copied.outputs[tensor.value_index]

    def _filler(self, tensor: Any) -> Any:
        """For an input that has no part in what is asked for."""
        empty = tensor.shape.ndims == 1 and framework.size_of(tensor.shape.dims[0]) == 0
        return framework.tf.ones([0 if empty else self.size], tensor.dtype.base_dtype)


def _measured(assignment: Assignment, batch: Any, start: Any) -> Optional[laws.Law]:
    """The law from this tensor to the new value, on batches of its shape that are made up."""
    shape = _shape(batch, start.size)
    if int(np.prod(shape)) > LARGEST:
        return None
    copy = _Copy(assignment, batch, start.size)
    config = framework.v1.ConfigProto(device_count={"GPU": 0})
    with framework.v1.Session(graph=copy.graph, config=config) as session:
        for flag in (True, False) if copy.flags else (True,):
            try:
                return _series(session, copy, shape, start, flag)
            except framework.tf.errors.InvalidArgumentError:
                # The branch for the other phase; its ops give nothing.
                continue
    return None


def _series(session: Any, copy: _Copy, shape: Tuple[int, ...], start: Any, flag: bool) -> Optional[laws.Law]:
    values = [np.asarray(start, np.float32)]
    batches: List[Dict[str, List[float]]] = []
    for step in range(STEPS):
        batch = inputs.batch(shape, step).astype(copy.batch.dtype.as_numpy_dtype)
        fed = {copy.batch: batch, copy.value: values[-1]}
        fed.update({each: np.full([s or 1 for s in each.shape.as_list()], flag) for each in copy.flags})
        values.append(np.asarray(reading.run(session, copy.new, fed)))
        batches.append(inputs.batch_statistics({"inputs": batch}, start.size))
    found = laws.fit([laws.vector(value) for value in values], laws.series(batches))
    return found if found.kind == "average" else None


def _shape(batch: Any, channels: int) -> Tuple[int, ...]:
    """Of a batch: what is left open is made up."""
    sizes = [framework.size_of(dimension) for dimension in batch.shape.dims]
    if sizes[-1] is None and channels not in sizes:
        sizes[-1] = channels
    return tuple((inputs.BATCH if axis == 0 else inputs.SIDE) if s is None else s for axis, s in enumerate(sizes))
