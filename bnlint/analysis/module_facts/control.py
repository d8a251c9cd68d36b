"""``with tf.control_dependencies(...)``: what must run first, and whether anything is built that would wait."""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.scopes import Block, Statement
from bnlint.analysis.code.values import Call, Const, Global, Read, Sequence, Value, path_of
from bnlint.analysis.module_facts.updates import Update
from bnlint.analysis.module_facts.uses import builds
from bnlint.frozen import dataclass


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
        dependencies = (*_flattened(flow, argument), *_appended(flow, argument))
        if not dependencies:
            continue
        inside = [flow.tree.statements[index] for index in block.statements]
        own = tuple(statement for statement in inside if statement.scope == block.scope)
        yield ControlBlock(
            block,
            dependencies,
            tuple(by_call[value.id] for value in dependencies if isinstance(value, Call) and value.id in by_call),
            any(is_update_ops(flow, value) for value in dependencies),
            not any(builds(statement) for statement in own) and not _defines(flow, block),
            own,
        )


def _defines(flow: Dataflow, block: Block) -> bool:
    """Whether a function is defined in a block, which may make its ops wait when it is called there."""
    return any(
        binding.kind == "definition" and block.span.row <= binding.span.row <= block.span.end_row
        for binding in flow.tree.bindings
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


def _appended(flow: Dataflow, value: Value) -> Iterator[Value]:
    """What is put into a list by its methods."""
    if not isinstance(value, Read):
        return
    for call, receiver in flow.index.of_methods("append", "extend"):
        if path_of(receiver) == value.path and call.args and flow.site(call).scope == value.scope:
            yield from _flattened(flow, call.args[0])


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
