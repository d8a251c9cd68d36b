"""What is in a graph: which ops run for a fetch, which assign to a variable, which train."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional, Sequence, Set, Tuple

import numpy as np

from . import framework

ASSIGNS = {
    "Assign", "AssignAdd", "AssignSub", "AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp",
    "ScatterUpdate", "ScatterAdd", "ScatterSub", "ResourceScatterUpdate", "ResourceScatterAdd", "ResourceScatterSub",
}  # fmt: skip
PASSED_ON = {"Switch", "RefSwitch", "Enter", "RefEnter", "Identity", "RefIdentity", "Merge", "RefMerge"}
READS = {"ReadVariableOp", "VariableV2", "VarHandleOp"}
CALLS = {"If", "While", "PartitionedCall", "StatefulPartitionedCall"}
ARITHMETIC = {"Add", "AddV2", "AddN", "Sub", "Mul", "RealDiv", "Neg", "Cast"}
RESHAPED = {"Reshape", "Squeeze", "ExpandDims", "StopGradient", "Pack", "Cast"}
Blocks = List[Tuple[List[int], List[Any]]]
"""The rows of each ``control_dependencies`` block, and what it waits for."""

Readings = List[Tuple[List[int], Any, str, Optional[str], List[Any]]]
"""The rows of each reading of a collection, its graph, key and scope, and what was in it."""

LEARNING_PHASE = "keras_learning_phase"
TRAINING = ("Apply", "ResourceApply", "SparseApply", "ResourceSparseApply")


def fetchable(leaves: Iterable[Any]) -> List[Any]:
    """Tensors and ops of this graph that a session may be asked for; an assign to a resource comes as a variable."""
    graph = framework.v1.get_default_graph()
    return [
        leaf
        for leaf in leaves
        if getattr(leaf, "graph", None) is graph
        and (hasattr(leaf, "op") or hasattr(leaf, "control_inputs"))
        and graph.is_fetchable(op_of(leaf))
    ]


def op_of(fetch: Any) -> Any:
    """The op behind a tensor, or the op itself."""
    return fetch if hasattr(fetch, "control_inputs") else fetch.op


def ancestors(fetches: Iterable[Any]) -> Set[Any]:
    """Every op that runs when these are fetched."""
    seen: Set[Any] = set()
    waiting = [op_of(fetch) for fetch in fetches]
    while waiting:
        op = waiting.pop()
        if op not in seen:
            seen.add(op)
            waiting += [tensor.op for tensor in op.inputs] + list(op.control_inputs)
    return seen


def computed_for_steps(fetches: Iterable[Any]) -> Set[Any]:
    """Every op that the optimizer steps among what is fetched take their numbers from."""
    seen: Set[Any] = set()
    waiting = [op for op in ancestors(fetches) if is_training(op)]
    while waiting:
        op = waiting.pop()
        if op not in seen:
            seen.add(op)
            waiting += [tensor.op for tensor in op.inputs]
    return seen


def is_training(op: Any) -> bool:
    """Whether it is an optimizer's step on one variable."""
    return "Apply" in op.type and op.type.startswith(TRAINING)


def trains(fetches: Iterable[Any]) -> bool:
    """Whether fetching these steps an optimizer."""
    return any(is_training(op) for op in ancestors(fetches))


def assigning(fetches: Iterable[Any]) -> bool:
    """Whether fetching these may assign to a variable."""
    return any(op.type in ASSIGNS or op.type in CALLS for op in ancestors(fetches))


def is_output(fetch: Any) -> bool:
    """Whether it is a tensor that the code puts out, and no op that is run for what it does."""
    return hasattr(fetch, "dtype") and not is_statistic(fetch)


def is_statistic(fetch: Any) -> bool:
    """Whether it is a variable, or what an assignment to one returns, and no output of the code."""
    if hasattr(fetch, "handle") or isinstance(fetch, framework.v1.Variable):
        return True
    op = op_of(fetch)
    while op.type in PASSED_ON and len(op.inputs) == 1:
        op = op.inputs[0].op
    return op.type in ASSIGNS or op.type in READS


def assign_ops(variable: Any) -> Set[Any]:
    """The ops that assign to a graph variable, its initializer aside; through branches and loops too."""
    assigning = {op for op in _users(variable, PASSED_ON) if op.type in ASSIGNS or op.type in CALLS}
    return assigning - {variable.initializer}


def readers(variable: Any) -> Set[Any]:
    """The ops that compute something from the value of a graph variable."""
    return {op for op in _users(variable, PASSED_ON | READS) if op.type not in ASSIGNS}


def _users(variable: Any, passing: Set[str]) -> Set[Any]:
    """The ops that are handed a graph variable, straight or through ops of these types."""
    handle = getattr(variable, "handle", None)
    waiting = [variable._variable if handle is None else handle]
    found: Set[Any] = set()
    while waiting:
        for op in waiting.pop().consumers():
            if op not in found:
                found.add(op)
                waiting += list(op.outputs) if op.type in passing else []
    return {op for op in found if op.type not in passing}


def inputs_of_layers(tensors: Dict[int, Any], running: Set[Any]) -> Dict[int, Any]:
    """What goes into normalisation layers, where fetching it runs nothing that would not run anyway."""
    return {key: tensor for key, tensor in tensors.items() if fetchable([tensor]) and tensor.op in running}


def sources_of(assigning: Dict[int, Set[Any]], running: Set[Any]) -> Dict[int, Dict[str, List[Any]]]:
    """The statistics of batches that graph variables are updated with, by the variable's ``id`` and by name.

    assigning: of the ops that run, those that assign to each variable. Seen in the graph itself, where it leads from an
    assignment over plain arithmetic to a reduction; several for a variable with several assignments. Fetching them runs
    nothing that would not run anyway.
    """
    found: Dict[int, Dict[str, List[Any]]] = {}
    for key, assigns in assigning.items():
        each = [_reductions(op, running) for op in assigns]
        names = set(each[0]).intersection(*each[1:]) if each else set()
        if names:
            found[key] = {name: [part[name] for part in each] for name in sorted(names)}
    return found


def _reductions(assign: Any, running: Set[Any]) -> Dict[str, Any]:
    """By name, the only reduction of that name that an assignment is computed from."""
    found: Dict[str, Dict[int, Any]] = {}
    seen: Set[int] = set()
    waiting = list(assign.inputs)
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        name = _reduction(tensor)
        if name is not None and fetchable([tensor]) and tensor.op in running:
            found.setdefault(name, {})[id(tensor)] = tensor
        elif tensor.op.type in ARITHMETIC or tensor.op.type in PASSED_ON:
            waiting += list(tensor.op.inputs)
    return {name: next(iter(tensors.values())) for name, tensors in found.items() if len(tensors) == 1}


def _reduction(tensor: Any, depth: int = 8) -> Optional[str]:
    """What statistic of a batch a tensor is, in the words of :func:`inputs.batch_statistics`."""
    op = tensor.op
    if op.type == "Mean":
        inner = op.inputs[0].op.type
        return None if inner == "Square" else "batch variance" if inner == "SquaredDifference" else "batch mean"
    if op.type.startswith("FusedBatchNorm") and not op.type.endswith(("Grad", "GradV2", "GradV3")):
        return {1: "batch mean", 2: "batch variance (unbiased)"}.get(tensor.value_index)
    if depth > 0 and (op.type in PASSED_ON or op.type in RESHAPED):
        names = {_reduction(each, depth - 1) for each in op.inputs} - {None}
        return names.pop() if len(names) == 1 else None
    return None


def floats(fetches: Iterable[Any]) -> List[Any]:
    """The tensors of floating point."""
    return [fetch for fetch in fetches if hasattr(fetch, "dtype") and fetch.dtype.base_dtype.is_floating]


def placeholders(fetches: Iterable[Any]) -> List[Any]:
    """The tensors that must be fed for these fetches, and the flags that may be."""
    found = [op.outputs[0] for op in ancestors(fetches) if op.type.startswith("Placeholder")]
    return [tensor for tensor in found if tensor.op.type != "PlaceholderWithDefault" or _is_flag(tensor)]


def _is_flag(tensor: Any) -> bool:
    """Whether it is a training flag of the code's own; that of Keras is for Keras to switch."""
    return bool(tensor.dtype.is_bool) and LEARNING_PHASE not in tensor.op.name


def fed_arrays(feed_dict: Any) -> Dict[str, Any]:
    """What was fed, as candidates for the source of an update."""
    fed = {}
    for key, value in (feed_dict or {}).items():
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            continue
        if array.ndim and array.size <= 1 << 22:
            fed[str(getattr(key, "name", key)).split(":")[0]] = array
    return fed


def waiting(blocks: Blocks, rows: Sequence[int], returned: Iterable[Any]) -> Dict[str, int]:
    """Of the ops that the blocks on these rows wait for: how many there are, and how many ``returned`` reaches."""
    known = [each for at, waited in blocks for each in waited if _on(at, rows)]
    ops = {op_of(each) for each in known if hasattr(each, "op") or hasattr(each, "control_inputs")}
    return {"ops": len(ops), "reached": len(ops & ancestors(returned))}


def waited_for(blocks: Blocks, rows: Sequence[int]) -> Set[Any]:
    """Every op that the blocks on these rows make others wait for."""
    known = [each for at, waited in blocks if rows[1] and _on(at, rows) for each in waited]
    return ancestors(each for each in known if hasattr(each, "op") or hasattr(each, "control_inputs"))


def missed(readings: Readings, rows: Sequence[int]) -> Set[Any]:
    """Every op that a collection got after it was read on these rows, and all that runs with it."""
    later: List[Any] = []
    for at, graph, name, scope, found in readings:
        known = {id(each) for each in found}
        if rows[1] and _on(at, rows):
            later += [each for each in graph.get_collection(name, scope) if id(each) not in known]
    return ancestors(each for each in later if hasattr(each, "op") or hasattr(each, "control_inputs"))


def is_built_on(op: Any, path: str, rows: Sequence[int]) -> bool:
    """Whether one of these rows of the file led to the op."""
    frames = [(frame[0], frame[1]) for frame in op.traceback or ()]
    return any(filename == path and rows[0] <= line <= rows[1] for filename, line in frames)


def update_ops(graph: Any, blocks: Blocks, rows: Sequence[int]) -> Dict[str, int]:
    """How many ops UPDATE_OPS holds, and how many blocks on these rows wait for nothing."""
    empty = sum(1 for at, waited in blocks if _on(at, rows) and not waited)
    return {"count": len(graph.get_collection(framework.v1.GraphKeys.UPDATE_OPS)), "empty blocks": empty}


def _on(at: Sequence[int], rows: Sequence[int]) -> bool:
    """Whether the innermost of the rows ``at`` is from the first to the last of ``rows``, if these are known."""
    return not rows[1] or (bool(at) and rows[0] <= at[0] <= rows[1])


def reaching(variable: Any, reached: Dict[str, Set[Any]]) -> Dict[str, Any]:
    """How many ops assign to a variable, and the names of those of these sets of ops that one of them is in."""
    assigns = assign_ops(variable)
    return {"updates": len(assigns), "reached_by": [name for name, found in reached.items() if assigns & found]}
