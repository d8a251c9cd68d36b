"""``with tf.control_dependencies(...)``: what must run first, and whether anything is built that would wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bnlint.analysis.dataflow import Dataflow
from bnlint.analysis.scopes import Block, Statement
from bnlint.analysis.updates import Update
from bnlint.analysis.values import Attribute, Call, Const, Global, Read, Sequence, Subscript, Value, walk

_PASSIVE = (Read, Attribute, Subscript, Const, Global, Sequence)


@dataclass(frozen=True, slots=True)
class ControlBlock:
    """One block. ``updates`` are the updates among its dependencies.

    waits_for_collection: the dependencies come from UPDATE_OPS.
    empty: nothing inside makes an op, so nothing waits; ``leaving`` are the statements that only hand on values.
    """

    block: Block
    dependencies: tuple[Value, ...]
    updates: tuple[Update, ...]
    waits_for_collection: bool
    empty: bool
    leaving: tuple[Statement, ...]


def control_blocks(flow: Dataflow, updates: list[Update]) -> Iterator[ControlBlock]:
    """All control dependency blocks of a module that wait for something."""
    by_call = {update.call.id: update for update in updates}
    for block in flow.tree.blocks:
        context = block.context
        if not isinstance(context, Call) or not _is_control(flow, context):
            continue
        argument = context.argument(0, "control_inputs")
        if argument is None or (isinstance(argument, Const) and argument.value is None):
            continue
        dependencies = tuple(_flattened(flow, argument))
        if not dependencies:
            continue
        inside = [flow.tree.statements[index] for index in block.statements]
        own = tuple(statement for statement in inside if statement.scope == block.scope)
        yield ControlBlock(
            block,
            dependencies,
            tuple(by_call[value.id] for value in dependencies if isinstance(value, Call) and value.id in by_call),
            any(is_update_ops(flow, value) for value in dependencies),
            not any(_builds(statement) for statement in own),
            own,
        )


def is_update_ops(flow: Dataflow, value: Value) -> bool:
    """Whether a value is what ``tf.get_collection(tf.GraphKeys.UPDATE_OPS)`` returns."""
    return isinstance(value, Call) and _collection_of(flow, value) == "UPDATE_OPS"


def _collection_of(flow: Dataflow, call: Call) -> str | None:
    name, method = flow.name_of(call), flow.method_of(call)
    if name not in ("tf.get_collection", "tf.get_collection_ref") and (method is None or method[1] != "get_collection"):
        return None
    key = call.argument(0, "key", "name")
    for origin in flow.origins(key) if key is not None else ():
        if isinstance(origin, Global) and origin.name.endswith("GraphKeys.UPDATE_OPS"):
            return "UPDATE_OPS"
        if isinstance(origin, Const) and origin.value == "update_ops":
            return "UPDATE_OPS"
    return None


def _is_control(flow: Dataflow, call: Call) -> bool:
    method = flow.method_of(call)
    return flow.name_of(call) == "tf.control_dependencies" or (
        method is not None and method[1] == "control_dependencies"
    )


def _flattened(flow: Dataflow, value: Value) -> Iterator[Value]:
    for origin in flow.origins(value):
        if isinstance(origin, Sequence):
            for item in origin.items:
                yield from _flattened(flow, item)
        elif isinstance(origin, Call) and flow.name_of(origin) in ("tf.group", "tf.tuple"):
            for argument in origin.args:
                yield from _flattened(flow, argument)
        else:
            yield origin


def _builds(statement: Statement) -> bool:
    """Whether a statement may make an op: it calls or computes something."""
    return statement.kind == "augmented" or any(not isinstance(value, _PASSIVE) for value in walk(statement.value))
