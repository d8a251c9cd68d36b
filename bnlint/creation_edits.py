"""Edits that move the creation of a layer to where it is done once."""

from __future__ import annotations

from bnlint.analysis.facts import ModuleFacts
from bnlint.analysis.layers import Layer
from bnlint.analysis.scopes import Scope
from bnlint.analysis.values import Call, Global, Read, walk
from bnlint.edits import replaced, safe
from bnlint.findings import Edit, Fix, Span
from bnlint.graph_edits import stands_alone


def made_once(module: ModuleFacts, layer: Layer) -> Fix | None:
    """Make a layer in ``__init__`` of the class whose method makes it and calls it right there.

    None where its options depend on what the method is given, or the class has no ``__init__`` of its own to add to.
    """
    owner = module.flow.class_of(layer.scope)
    called = module.flow.parent(layer.creation)
    if owner is None or not isinstance(called, Call) or called.callee is not layer.creation:
        return None
    made = next((s for s in module.scopes if s.parent == owner.id and s.name == "__init__"), None)
    this = module.scopes[layer.scope].self_name
    if made is None or this is None or made.self_name != this or not _is_fixed(layer.creation, this):
        return None
    text, name = module.text(layer.creation.span), _free_name(module, owner, this)
    line = _line_at_end(module, made, f"{this}.{name} = {text}")
    if line is None or "\n" in text:
        return None
    return safe("make the layer once", line, replaced(layer.creation.span, f"{this}.{name}"))


def _is_fixed(creation: Call, this: str) -> bool:
    """Whether the options mean the same in every method: literals, names of the module's, attributes."""
    given = (*creation.args, *(value for _, value in creation.keywords))
    return all(
        isinstance(part, Global) or part.path.startswith(f"{this}.")
        for value in given
        for part in walk(value)
        if isinstance(part, (Read, Global))
    )


def _free_name(module: ModuleFacts, owner: Scope, this: str) -> str:
    text = module.text(owner.span)
    wanted = ("batch_norm", *(f"batch_norm_{i}" for i in range(2, 99)))
    return next(name for name in wanted if f"{this}.{name}" not in text)


def _line_at_end(module: ModuleFacts, function: Scope, code: str) -> Edit | None:
    last, first = module.last_statement(function.id), function.first_statement
    if last is None or first is None or last.span.column != first.column or not stands_alone(module, last):
        return None
    if last.kind == "return":
        return None
    row = last.span.end_row + 1
    return Edit(Span(row, 1, row, 1), f"{' ' * (first.column - 1)}{code}\n")
