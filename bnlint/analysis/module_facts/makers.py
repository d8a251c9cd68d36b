"""Functions that make a variable for their caller: each call of one makes a variable of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.scopes import Scope
from bnlint.analysis.code.values import Call, Parameter, Read, Value

# A maker may call another one; deeper chains are not followed.
_LEVELS = 3


def creations(flow: Dataflow, constructors: Iterable[tuple[Call, str]]) -> Iterator[tuple[Call, Call, str]]:
    """All calls that make a variable: the call, the constructor call as it then is, and the constructor's name.

    constructors: the calls of constructors, with their names.
    For a call of a maker the constructor's arguments are those that the maker passes on for this call.
    """
    found = [(call, call, name) for call, name in constructors]
    for _ in range(_LEVELS):
        outer: list[tuple[Call, Call, str]] = []
        for call, constructor, name in found:
            maker = _maker(flow, call)
            if maker is None:
                yield call, constructor, name
                continue
            outer += [(each, _passed_on(flow, constructor, each, maker), name) for each in flow.callers[maker.id]]
        found = outer
    yield from found


def _maker(flow: Dataflow, call: Call) -> Scope | None:
    """The function around a call, if all it returns is what this call makes, and somebody calls it."""
    scope = flow.tree.scopes[flow.site(call).scope]
    if scope.kind not in ("function", "lambda") or not scope.returns or scope.id not in flow.callers:
        return None
    return scope if all(_is(flow, returned, call) for returned in scope.returns) else None


def _is(flow: Dataflow, value: Value, call: Call) -> bool:
    if isinstance(value, Read):
        bound = flow.definitions(value)
        return "." not in value.path and len(bound) == 1 and bound[0].value is call
    return value is call


def _passed_on(flow: Dataflow, constructor: Call, outer: Call, maker: Scope) -> Call:
    args = tuple(_seen_by(flow, value, outer, maker) for value in constructor.args)
    keywords = tuple((name, _seen_by(flow, value, outer, maker)) for name, value in constructor.keywords)
    return replace(constructor, args=args, keywords=keywords)


def _seen_by(flow: Dataflow, value: Value, outer: Call, maker: Scope) -> Value:
    """An argument of the constructor with the maker's parameter replaced by what the outer call passes."""
    if not isinstance(value, Read):
        return value
    bound = flow.definitions(value)
    parameter = bound[0].value if len(bound) == 1 else None
    if not isinstance(parameter, Parameter):
        return value
    passed = flow.passed(outer, maker, parameter.name)
    return passed or parameter.default or value
