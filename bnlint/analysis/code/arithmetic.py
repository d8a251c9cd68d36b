"""The numbers that expressions are, where the code decides them."""

from __future__ import annotations

from bnlint.analysis.code.dataflow import PASS_THROUGH, Dataflow
from bnlint.analysis.code.values import Call, Const, Item, Op, Parameter, Read, Subscript, Value

# How many names and calls a number is followed through before giving up.
_DEPTH = 12

_CONSTANTS = frozenset({"tf.constant", "keras.backend.constant", "float", "numpy.float32"})


def number(flow: Dataflow, value: Value, known: dict[str, float] | None = None, depth: int = _DEPTH) -> float | None:
    """The number a value is, if all ways to it agree. ``known`` gives numbers for places by path."""
    if depth <= 0:
        return None
    match value:
        case Const(value=bool()):
            return None
        case Const(value=int() | float() as literal):
            return float(literal)
        case Read(path=path):
            if known is not None and path in known:
                return known[path]
            numbers = {number(flow, item.value, known, depth - 1) for item in flow.definitions(value)}
            return numbers.pop() if len(numbers) == 1 else None
        case Parameter(name=name, default=default):
            if known is not None and name in known:
                return known[name]
            return _of_parameter(flow, value, default, known, depth)
        case Op(op=op, operands=operands):
            return _apply(op, [number(flow, operand, known, depth - 1) for operand in operands])
        case Call(args=args) if args and flow.name_of(value) in (PASS_THROUGH | _CONSTANTS):
            return number(flow, args[0], known, depth - 1)
        case Subscript() | Item():
            numbers = {number(flow, o, known, depth - 1) for o in flow.origins(value, depth - 1) if o is not value}
            return numbers.pop() if len(numbers) == 1 else None
        case _:
            return None


def _of_parameter(
    flow: Dataflow, value: Parameter, default: Value | None, known: dict[str, float] | None, depth: int
) -> float | None:
    scope = flow.scope_of_parameter(value)
    passed = [flow.passed(call, scope, value.name) for call in flow.callers.get(scope.id, ())] if scope else []
    candidates = [item for item in passed if item is not None]
    if default is not None and (not passed or None in passed):
        candidates.append(default)
    numbers = {number(flow, item, known, depth - 2) for item in candidates}
    return numbers.pop() if len(numbers) == 1 else None


def _apply(op: str, numbers: list[float | None]) -> float | None:
    if any(number is None for number in numbers):
        return None
    known = [number for number in numbers if number is not None]
    match op, known:
        case "-", [only]:
            return -only
        case "+", [left, right]:
            return left + right
        case "-", [left, right]:
            return left - right
        case "*", [left, right]:
            return left * right
        case "/", [left, right] if right:
            return left / right
        case _:
            return None
