"""Batch-norm layers that no model holds: built, or called, and then dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.scopes import Statement
from bnlint.analysis.code.values import Call, path_of
from bnlint.analysis.module_facts.layers import Layer, LayerFunctionCall
from bnlint.analysis.module_facts.uses import Uses
from bnlint.frozen import dataclass

_GONE = frozenset({"dropped", "unread"})
# Blocks that expect what they hold to fail.
_EXPECTS = ("raises", "assertRaises", "assertRaisesRegex", "assertWarns", "warns")


@dataclass(frozen=True, slots=True)
class DiscardedLayer:
    """A layer whose output is dropped, or that is built and never called.

    call: what is dropped; created: the layer's own call; scope: where. is_called: an output was made.
    data: the name that goes in, where the output could take it over; model: the Sequential that lacks the layer.
    """

    call: Call
    created: Call
    scope: int
    is_called: bool
    statement: Statement
    data: str | None
    model: str | None


def discarded_layers(
    flow: Dataflow, uses: Uses, layers: Sequence[Layer], functions: Sequence[LayerFunctionCall], is_notebook: bool
) -> Iterator[DiscardedLayer]:
    """The discarded layers of a module.

    is_notebook: a bare expression at its top level is shown, and so not dropped.
    """
    for layer in layers:
        outer = flow.parent(layer.creation)
        called = isinstance(outer, Call) and outer.callee is layer.creation
        if isinstance(outer, Call) and called:
            yield from _discarded(flow, uses, outer, layer.creation, True, is_notebook)
        elif outer is None:
            yield from _discarded(flow, uses, layer.creation, layer.creation, False, is_notebook)
    for function in functions:
        yield from _discarded(flow, uses, function.call, function.call, True, is_notebook)


def _discarded(
    flow: Dataflow, uses: Uses, call: Call, created: Call, is_called: bool, is_notebook: bool
) -> Iterator[DiscardedLayer]:
    statement = flow.statement(call)
    if statement is None or {end.kind for end in uses.ends(call)} - _GONE or _is_on_purpose(flow, call, statement):
        return
    scope = flow.tree.scopes[statement.scope]
    if scope.kind == "class" or (scope.kind == "module" and (is_notebook or statement.kind != "expression")):
        return
    data = path_of(call.args[0]) if is_called and call.args else None
    bare = statement.kind == "expression" and flow.parent(call) is None
    model = _filled_before(flow, statement) if bare and not is_called else None
    yield DiscardedLayer(call, created, scope.id, is_called, statement, data if bare else None, model)


def _is_on_purpose(flow: Dataflow, call: Call, statement: Statement) -> bool:
    """Tests that expect an error or only look, and names that say that nobody will read them."""
    for block_id in flow.site(call).blocks:
        context = flow.tree.blocks[block_id].context
        if isinstance(context, Call) and (path_of(context.callee) or "").rpartition(".")[2] in _EXPECTS:
            return True
    if any(around.name.startswith(("test", "Test")) for around in flow.enclosing(statement.scope)):
        return True
    return any(flow.tree.bindings[index].path.startswith("_") for index in statement.bindings)


def _filled_before(flow: Dataflow, statement: Statement) -> str | None:
    """The model that the statement before this one adds a layer to."""
    before = [
        other
        for other in flow.tree.statements
        if other.scope == statement.scope and other.span < statement.span and other.guards == statement.guards
    ]
    last = max(before, key=lambda other: other.span, default=None)
    value = last.value if last is not None and last.kind == "expression" else None
    method = flow.method_of(value) if isinstance(value, Call) else None
    return path_of(method[0]) if method is not None and method[1] == "add" else None
