"""What a call of a function without side effects computes, written in terms of what its caller passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.names import BRANCHING, branches_of
from bnlint.analysis.code.scopes import Scope
from bnlint.analysis.code.values import (
    Attribute,
    Call,
    Choice,
    Item,
    Op,
    Opaque,
    Parameter,
    Read,
    Sequence,
    Subscript,
    Value,
)

# How many local names, and calls inside calls, are written out.
_DEPTH = 6

_CHANGES = ("assign", "update", "apply", "append", "setattr", "scatter")


class Inlining:
    """Writes out calls of one module's own functions."""

    def __init__(self, flow: Dataflow) -> None:
        self._flow = flow

    def outcomes(self, value: Value, depth: int = _DEPTH) -> Iterator[Value]:
        """What a value may be computed as: branches taken apart, calls of pure functions written out."""
        if depth <= 0:
            return
        match value:
            case Choice(body=body, orelse=orelse):
                yield from self.outcomes(body, depth - 1)
                yield from self.outcomes(orelse, depth - 1)
            case Call() if self._flow.name_of(value) in BRANCHING:
                for branch in branches_of(value):
                    scope = self._flow.definition(branch) if branch is not None else None
                    for returned in scope.returns if scope is not None and self._is_pure(scope) else ():
                        yield from self.outcomes(returned, depth - 1)
            case Item(base=Call() as call, index=int() as index):
                for whole in self.outcomes(call, depth - 1):
                    if isinstance(whole, Sequence) and index < len(whole.items):
                        yield whole.items[index]
            case Call():
                scope = self._flow.called_scope(value)
                if scope is None:
                    yield value
                    return
                for returned in self.results(value, scope):
                    yield from self.outcomes(returned, depth - 1)
            case _:
                yield value

    def results(self, call: Call, scope: Scope) -> Iterator[Value]:
        """What the calls of a function return, as the caller would have written it; nothing if it does more."""
        if scope.kind not in ("function", "lambda") or scope.name == "__init__" or not self._is_pure(scope):
            return
        for returned in scope.returns:
            written = self._written_out(returned, call, scope, _DEPTH)
            if written is not None:
                yield written

    def _is_pure(self, scope: Scope, depth: int = _DEPTH) -> bool:
        """Whether a function only computes: nothing it calls is known to change anything."""
        if depth <= 0 or any(not (path.isidentifier() and path not in scope.outer_names) for path in scope.bindings):
            return False
        return all(self._only_computes(call, depth) for call in scope.calls)

    def _only_computes(self, call: Call, depth: int) -> bool:
        inner = self._flow.called_scope(call)
        if inner is not None:
            return self._is_pure(inner, depth - 1)
        method = self._flow.method_of(call)
        name = method[1] if method is not None else self._flow.name_of(call)
        return name is not None and not any(mark in name.rpartition(".")[2] for mark in _CHANGES)

    def _written_out(self, value: Value, call: Call, scope: Scope, depth: int) -> Value | None:
        """A value inside a function with its parameters and local names replaced; None if a name has no one value."""
        if depth <= 0:
            return None
        if isinstance(value, Parameter):
            return self._flow.passed(call, scope, value.name) or value.default
        if isinstance(value, Read) and value.path in scope.bindings and value.path not in scope.outer_names:
            bound = self._flow.definitions(value)
            return self._written_out(bound[0].value, call, scope, depth - 1) if len(bound) == 1 else None

        def part(inner: Value) -> Value | None:
            return self._written_out(inner, call, scope, depth)

        return _rebuilt(value, part)


def _rebuilt(value: Value, part: Callable[[Value], Value | None]) -> Value | None:
    """A value with the values directly inside it replaced; None if one of them has no replacement."""
    match value:
        case Attribute(base=base) | Item(base=base):
            inner = part(base)
            return None if inner is None else replace(value, base=inner)
        case Subscript(base=base, index=index):
            inner, at = part(base), part(index)
            return None if inner is None or at is None else replace(value, base=inner, index=at)
        case Op(operands=parts):
            made = _all(parts, part)
            return None if made is None else replace(value, operands=made)
        case Sequence(items=parts):
            made = _all(parts, part)
            return None if made is None else replace(value, items=made)
        case Choice(test=test, body=body, orelse=orelse):
            made = _all((test, body, orelse), part)
            return None if made is None else Choice(value.span, *made)
        case Call(callee=callee, args=args, keywords=keywords):
            called, made = part(callee), _all(args, part)
            given = _all(tuple(each for _, each in keywords), part)
            if called is None or made is None or given is None:
                return None
            named = tuple((name, each) for (name, _), each in zip(keywords, given, strict=True))
            return replace(value, callee=called, args=made, keywords=named)
        case Opaque(parts=parts) if parts:
            return None
        case _:
            return value


def _all(values: tuple[Value, ...], part: Callable[[Value], Value | None]) -> tuple[Value, ...] | None:
    made = tuple(part(each) for each in values)
    found = tuple(each for each in made if each is not None)
    return found if len(found) == len(made) else None
