"""Is an expression a moving average of a variable, and with which weights?

An update is linear in the variable: ``new = old_weight·variable + Σ weight·source``. The weights are
numbers where the code lets them be known; a momentum that stays unknown is still enough to
tell that the weights sum to one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from bnlint.analysis.code.arithmetic import number
from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.inlining import Inlining
from bnlint.analysis.code.values import Call, Op, Parameter, Read, Sequence, Value, walk
from bnlint.frozen import dataclass

_ADD = frozenset({"tf.add", "keras.ops.add"})
_SUBTRACT = frozenset({"tf.subtract", "tf.sub", "keras.ops.subtract"})
_MULTIPLY = frozenset({"tf.multiply", "tf.mul", "tf.scalar_mul", "keras.ops.multiply"})
_SAME = frozenset(
    {
        "tf.identity", "tf.cast", "tf.stop_gradient", "tf.convert_to_tensor", "tf.reshape", "tf.squeeze",
        "keras.ops.cast", "keras.ops.stop_gradient", "keras.ops.squeeze", "keras.ops.reshape", "keras.backend.cast",
    }
)  # fmt: skip
_SQUARES = frozenset({"tf.square", "tf.squared_difference", "keras.ops.square"})
# TensorFlow 2 has most of them under ``tf.math`` too.
_PLAIN = re.compile(r"^tf\.math\.")
_DEPTH = 10

# Two guesses for scalars whose value the code does not show: an identity holds for both.
_GUESSES = ((0.83, 0.37), (0.61, 0.19))


@dataclass(frozen=True, slots=True)
class Weighted:
    """One term ``weight·source`` of an update; source None is the variable itself."""

    weight: float
    source: Value | None
    factor: Value | None


@dataclass(frozen=True, slots=True)
class Average:
    """A moving average: the terms of the new value.

    old_weight, new_weight: numbers, or None where the code does not decide them.
    sums_to_one: None when a weight hides in something that cannot be evaluated.
    old_factor, new_factor: the expressions that multiply the old and the new value, if each is one.
    """

    old_weight: float | None
    new_weight: float | None
    sums_to_one: bool | None
    sources: tuple[Value, ...]
    old_factor: Value | None
    new_factor: Value | None


class Averages:
    """Reads moving averages out of expressions."""

    def __init__(self, flow: Dataflow) -> None:
        self._flow = flow
        self._inlining = Inlining(flow)

    def read(self, value: Value, is_variable: Callable[[Value], bool]) -> Average | None:
        """The moving average that an expression is, on one way at least; None if it is not linear in the variable."""
        return next(
            (found for each in self.outcomes(value) if (found := self._read(each, is_variable)) is not None), None
        )

    def outcomes(self, value: Value) -> Iterator[Value]:
        """What a value may be computed as: branches taken apart, calls of pure functions written out."""
        return self._inlining.outcomes(value)

    def _read(self, value: Value, is_variable: Callable[[Value], bool]) -> Average | None:
        terms = self._terms(value, is_variable, {})
        if terms is None or not any(term.source is None for term in terms):
            return None
        sources = tuple(term.source for term in terms if term.source is not None)
        own = [term for term in terms if term.source is None]
        # ``v + x`` counts or shifts; an average weighs the old value.
        if not sources or (len(own) == 1 and own[0].factor is None):
            return None
        exact = self._weights(value, is_variable, None)
        guesses = [self._weights(value, is_variable, guess) for guess in _GUESSES]
        sums = {abs(old + new - 1.0) < 1e-6 for pair in guesses if pair is not None for old, new in (pair,)}
        if all(pair is not None and _is_of_deviations(*pair) for pair in guesses) and self._is_squared(sources[0]):
            sums.clear()
        return Average(
            old_weight=exact[0] if exact else None,
            new_weight=exact[1] if exact else None,
            sums_to_one=sums.pop() if len(sums) == 1 and None not in guesses and len(sources) == 1 else None,
            sources=sources,
            old_factor=next((term.factor for term in terms if term.source is None), None),
            new_factor=next((term.factor for term in terms if term.source is not None), None),
        )

    def _is_squared(self, source: Value) -> bool:
        """Whether a source is computed from squares."""
        parts = [part for origin in self._flow.origins(source) for part in walk(origin)]
        named = (self._plain_name(part) for part in parts if isinstance(part, Call))
        return any(name in _SQUARES for name in named) or any(isinstance(p, Op) and p.op == "**" for p in parts)

    def mentions(self, value: Value, is_variable: Callable[[Value], bool]) -> bool:
        """Whether an expression is computed, by arithmetic alone, from the variable."""
        return self._contains(value, is_variable)

    def of_momentum(self, decay: Value, source: Value) -> Average:
        """The average that ``assign_moving_average(variable, source, decay)`` computes."""
        old = number(self._flow, decay)
        return Average(old, None if old is None else 1 - old, True, (source,), decay, None)

    def _weights(
        self, value: Value, is_variable: Callable[[Value], bool], guess: tuple[float, float] | None
    ) -> tuple[float, float] | None:
        known = self._scalars(value, is_variable)
        if guess is None:
            if any(number is None for number in known.values()):
                return None
            numbers = {path: number for path, number in known.items() if number is not None}
        else:
            unknown = sorted(path for path, number in known.items() if number is None)
            numbers = {path: number for path, number in known.items() if number is not None}
            numbers |= {path: guess[min(index, 1)] for index, path in enumerate(unknown)}
        terms = self._terms(value, is_variable, numbers)
        if terms is None or any(term.weight != term.weight for term in terms):
            return None
        old = sum(term.weight for term in terms if term.source is None)
        new = sum(term.weight for term in terms if term.source is not None)
        return old, new

    def _scalars(self, value: Value, is_variable: Callable[[Value], bool]) -> dict[str, float | None]:
        """The places that multiply the variable, with their numbers where known."""
        found: dict[str, float | None] = {}
        for factor in self._factors(value, is_variable, _DEPTH):
            for part in walk(self._expanded(factor)):
                if isinstance(part, (Read, Parameter)):
                    path = part.path if isinstance(part, Read) else part.name
                    found[path] = number(self._flow, part)
        return found

    def _expanded(self, value: Value) -> Value:
        """A name that stands for arithmetic of other names, seen through (``decay = 1 - momentum``)."""
        for _ in range(_DEPTH):
            if not isinstance(value, Read) or number(self._flow, value) is not None:
                break
            bound = self._flow.definitions(value)
            if len(bound) != 1 or not isinstance(bound[0].value, Op):
                break
            value = bound[0].value
        return value

    def _factors(self, value: Value, is_variable: Callable[[Value], bool], depth: int) -> list[Value]:
        """Everything that multiplies something with the variable in it."""
        if depth <= 0 or is_variable(value):
            return []
        match self._operation(value):
            case ("*", (left, right)):
                inside_left, inside_right = self._contains(left, is_variable), self._contains(right, is_variable)
                if inside_left == inside_right:
                    return []
                inner, factor = (left, right) if inside_left else (right, left)
                return [factor, *self._factors(inner, is_variable, depth - 1)]
            case (_, operands):
                return [factor for operand in operands for factor in self._factors(operand, is_variable, depth - 1)]
            case _:
                return []

    def _contains(self, value: Value, is_variable: Callable[[Value], bool], depth: int = _DEPTH) -> bool:
        if is_variable(value):
            return True
        if depth <= 0:
            return False
        operation = self._operation(value)
        return operation is not None and any(self._contains(part, is_variable, depth - 1) for part in operation[1])

    def _operation(self, value: Value) -> tuple[str, tuple[Value, ...]] | None:
        """Arithmetic, in operators or in calls, seen through single definitions."""
        match value:
            case Op(op="+" | "-" | "*" | "/" as op, operands=operands):
                return op, operands
            case Call(args=args):
                return self._called(value, args)
            case Read():
                bound = self._flow.definitions(value)
                if len(bound) == 1 and isinstance(bound[0].value, (Op, Call, Read)):
                    return self._operation(bound[0].value)
                return None
            case _:
                return None

    def _plain_name(self, call: Call) -> str | None:
        name = self._flow.name_of(call)
        return None if name is None else _PLAIN.sub("tf.", name)

    def _called(self, call: Call, args: tuple[Value, ...]) -> tuple[str, tuple[Value, ...]] | None:
        name = self._plain_name(call)
        if name in _SAME and args:
            return "same", args[:1]
        if name == "tf.add_n" and len(args) == 1 and isinstance(args[0], Sequence):
            return "+", args[0].items
        for names, op in ((_ADD, "+"), (_SUBTRACT, "-"), (_MULTIPLY, "*")):
            if name in names and len(args) == 2:
                return op, args
        method = self._flow.method_of(call)
        if method is not None and method[1] in ("value", "read_value", "numpy") and not args:
            return "same", (method[0],)
        scope = self._flow.called_scope(call) if name is None else None
        results = list(self._inlining.results(call, scope)) if scope is not None else []
        return ("same", (results[0],)) if len(results) == 1 else None

    def _terms(
        self, value: Value, is_variable: Callable[[Value], bool], known: dict[str, float], depth: int = _DEPTH
    ) -> list[Weighted] | None:
        if is_variable(value):
            return [Weighted(1.0, None, None)]
        if depth <= 0:
            return None
        operation = self._operation(value)
        if operation is None or not self._contains_product_or_variable(value, is_variable):
            return [Weighted(1.0, value, None)]
        op, operands = operation
        parts = [self._terms(operand, is_variable, known, depth - 1) for operand in operands]
        if op in ("*", "/"):
            return self._product(op, operands, parts, is_variable, known)
        if any(part is None for part in parts):
            return None
        terms: list[Weighted] = []
        for index, part in enumerate(parts):
            negative = op == "-" and (index > 0 or len(parts) == 1)
            terms += [Weighted(-t.weight if negative else t.weight, t.source, t.factor) for t in part or []]
        return terms

    def _contains_product_or_variable(self, value: Value, is_variable: Callable[[Value], bool]) -> bool:
        operation = self._operation(value)
        return self._contains(value, is_variable) or (operation is not None and operation[0] in ("*", "same"))

    def _product(
        self,
        op: str,
        operands: tuple[Value, ...],
        parts: list[list[Weighted] | None],
        is_variable: Callable[[Value], bool],
        known: dict[str, float],
    ) -> list[Weighted] | None:
        if len(operands) != 2:
            return None
        inside = [self._contains(operand, is_variable) for operand in operands]
        if all(inside):
            return None
        if any(inside):
            index = inside.index(True)
        else:
            numbers = [number(self._flow, operand, known) for operand in operands]
            if all(number is None for number in numbers):
                return [Weighted(1.0, operands[0], operands[1])] if op == "*" else [Weighted(1.0, operands[0], None)]
            index = 1 if numbers[0] is not None else 0
        if op == "/" and index == 1:
            return None
        inner, factor = parts[index], operands[1 - index]
        if inner is None:
            return None
        weight = number(self._flow, factor, known)
        scale = float("nan") if weight is None else weight
        if op == "/":
            scale = 1.0 / scale if scale else float("nan")
        return [Weighted(term.weight * scale, term.source, factor) for term in inner]


def _is_of_deviations(old: float, new: float) -> bool:
    """Whether these weigh a variance and squared deviations from the mean as it was: ``m·v + (1-m)·m·(x-mean)²``.

    Source: T. Finch, Incremental calculation of weighted mean and variance, 2009.
    """
    return abs(new - old * (1.0 - old)) < 1e-6
