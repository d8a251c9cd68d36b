"""The harness of TensorFlow 1: build once, run what came back, a training step, and the updates left to the caller.

That a statistic kept its value proves nothing by itself here: an assign op may stand in a collection, or in a list that
the caller runs.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional, Set

from . import framework, report, targets
from .calls import REPEATS, STEPS, Run, _unexplained
from .watch import Tracked

ASSIGNS = {
    "Assign", "AssignAdd", "AssignSub", "AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp",
    "ScatterUpdate", "ScatterAdd", "ScatterSub", "ResourceScatterUpdate", "ResourceScatterAdd", "ResourceScatterSub",
}  # fmt: skip
PASSED_ON = {"Switch", "RefSwitch", "Enter", "RefEnter", "Identity", "RefIdentity", "Merge", "RefMerge"}
CALLS = {"If", "While", "PartitionedCall", "StatefulPartitionedCall"}
NOT_UPDATES = {"variables", "trainable_variables", "local_variables", "model_variables", "moving_average_variables",
               "train_op", "losses", "regularization_losses", "summaries", "cond_context", "while_context"}  # fmt: skip


def drive(run: Run, namespace: Dict[str, Any]) -> Dict[int, Dict[str, Any]]:
    """Returns, for each variable by id, how many ops assign to it and what reaches them."""
    v1 = framework.v1
    run.mode = "graph"
    target = targets.find(namespace, run.hints, run.variant)
    values = _placeholders(target)
    variables = {
        a.name: v1.get_variable("bnlint_" + a.name, initializer=targets.statistic_value(a), trainable=False)
        for a in target.arguments
        if a.kind == "statistic"
    }
    targets.adopt(run.watch, run.hints, variables)
    positional, named = target.bind(dict(targets.constants(target.arguments), **dict(values, **variables)))
    result = target.function(*positional, **named)
    built = targets.of_result(result, run.variant, run.program.folder)
    if built is not None:
        target, values = built, _placeholders(built)
        positional, named = target.bind(dict(targets.constants(target.arguments), **values))
        result = target.function(*positional, **named)
    run.shapes = target.shapes
    owner = getattr(target.function, "__self__", target.layer)
    groups = _groups(result, owner, namespace)
    _run_groups(run, target, values, groups)
    return {id(tracked.variable): _updates(tracked, groups) for tracked in run.watch.tracked}


def _placeholders(target: targets.Target) -> Dict[str, Any]:
    """A placeholder for each batch, its size left open; a training flag that is a tensor."""
    v1 = framework.v1
    values = {}
    for argument in target.arguments:
        if argument.kind == "batch":
            open_shape = [None, *argument.shape[1:]] if len(argument.shape) > 1 else list(argument.shape)
            values[argument.name] = v1.placeholder(framework.tf.float32, open_shape, name="bnlint_" + argument.name)
        elif argument.kind == "flag":
            values[argument.name] = v1.placeholder_with_default(True, [], name="bnlint_" + argument.name)
    return values


def _groups(result: Any, owner: Any, namespace: Dict[str, Any]) -> Dict[str, List[Any]]:
    """What can be run, by who would run it: what was returned, the collections, what an object or the module holds."""
    graph = framework.v1.get_default_graph()
    groups = {"returned": _fetchable(framework.flatten(result))}
    update_ops = framework.v1.GraphKeys.UPDATE_OPS
    for key in [update_ops] + [key for key in graph.get_all_collection_keys() if key != update_ops]:
        if key not in NOT_UPDATES and isinstance(key, str):
            groups["collection " + key] = _fetchable(framework.flatten(graph.get_collection(key)))
    held = list(vars(owner).values()) if hasattr(owner, "__dict__") else []
    held += [value for name, value in namespace.items() if not name.startswith("__")]
    groups["held"] = _fetchable(framework.flatten(held))
    return {name: group for name, group in groups.items() if group or name == "returned"}


def _fetchable(leaves: Iterable[Any]) -> List[Any]:
    """Tensors and ops of this graph; an assign to a resource variable comes as a variable."""
    graph = framework.v1.get_default_graph()
    return [
        leaf
        for leaf in leaves
        if getattr(leaf, "graph", None) is graph and (hasattr(leaf, "op") or hasattr(leaf, "control_inputs"))
    ]


def _op(fetch: Any) -> Any:
    return fetch if hasattr(fetch, "control_inputs") else fetch.op


def _run_groups(run: Run, target: targets.Target, feeds: Dict[str, Any], groups: Dict[str, List[Any]]) -> None:
    v1, watch = framework.v1, run.watch
    train = _train_op(groups["returned"])
    with v1.Session(config=v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)) as session:

        def step(phase: str, fetches: List[Any], number: int) -> None:
            arrays = target.arrays(number)
            fed = session.run(fetches, {feeds[name]: array for name, array in arrays.items()})
            if phase == "call":
                run.outputs.append(report.digest(fed))
            watch.step(phase, arrays, session)

        first = {feeds[name]: array for name, array in target.arrays(0).items()}
        session.run([v1.global_variables_initializer(), v1.local_variables_initializer()], first)
        watch.start(session)
        number = 0
        for phase, fetches in _phases(groups, train):
            for _ in range(STEPS):
                step(phase, fetches, number)
                number += 1
            if _unexplained(watch, phase) and not any(s.phase == "repeat" for s in watch.steps) and phase != "train-op":
                for _ in range(REPEATS):
                    step("repeat", fetches, number)


def _phases(groups: Dict[str, List[Any]], train: Optional[Any]) -> "List[tuple[str, List[Any]]]":
    phases = [("call", groups["returned"])]
    if train is not None:
        phases.append(("train-op", groups["returned"] + [train]))
    phases += [(name, group) for name, group in groups.items() if name != "returned" and _assigning(group)]
    return phases


def _train_op(returned: List[Any]) -> Optional[Any]:
    """An optimizer step on a loss made of what was returned, without any dependency on update ops."""
    v1, tf = framework.v1, framework.tf
    floats = [fetch for fetch in returned if hasattr(fetch, "dtype") and fetch.dtype.base_dtype.is_floating]
    if not floats or not v1.trainable_variables():
        return None
    loss = tf.add_n([tf.reduce_mean(tf.square(tf.cast(fetch, tf.float32))) for fetch in floats])
    try:
        return v1.train.GradientDescentOptimizer(1e-3).minimize(loss)
    except ValueError:
        return None


def _ancestors(fetches: List[Any]) -> Set[Any]:
    """Every op that runs when these are fetched."""
    seen: Set[Any] = set()
    waiting = [_op(fetch) for fetch in fetches]
    while waiting:
        op = waiting.pop()
        if op not in seen:
            seen.add(op)
            waiting += [tensor.op for tensor in op.inputs] + list(op.control_inputs)
    return seen


def _assigning(group: List[Any]) -> bool:
    return any(op.type in ASSIGNS or op.type in CALLS for op in _ancestors(group))


def _updates(tracked: Tracked, groups: Dict[str, List[Any]]) -> Dict[str, Any]:
    assigns = assign_ops(tracked.variable)
    return {
        "updates": len(assigns),
        "reached_by": [name for name, group in groups.items() if assigns & _ancestors(group)],
    }


def assign_ops(variable: Any) -> Set[Any]:
    """The ops that assign to a graph variable, its initializer aside; through branches and loops too."""
    handle = getattr(variable, "handle", None)
    waiting = [variable._variable if handle is None else handle]
    found: Set[Any] = set()
    seen: Set[int] = set()
    while waiting:
        tensor = waiting.pop()
        for op in tensor.consumers():
            if id(op) in seen:
                continue
            seen.add(id(op))
            if op.type in ASSIGNS or op.type in CALLS:
                found.add(op)
            elif op.type in PASSED_ON:
                waiting += list(op.outputs)
    return found - {variable.initializer}
