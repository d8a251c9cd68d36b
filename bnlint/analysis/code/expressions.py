"""Expressions to values. Names are looked up in the environment of the statement being lowered."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import NoneType
from typing import Any, ClassVar

from bnlint.analysis.code.builder import Builder
from bnlint.analysis.code.scopes import BindingKind, Store
from bnlint.analysis.code.values import (
    Attribute,
    Choice,
    Const,
    Definition,
    Global,
    Item,
    Mapping,
    Op,
    Opaque,
    Parameter,
    Sequence,
    Subscript,
    Value,
    path_of,
)
from bnlint.span import Span

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.MatMult: "@", ast.LShift: "<<", ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
    ast.And: "and", ast.Or: "or", ast.Not: "not", ast.USub: "-", ast.UAdd: "+", ast.Invert: "~", ast.Eq: "==",
    ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.In: "in", ast.NotIn: "not in",
    ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip


def operator(node: ast.operator | ast.boolop | ast.unaryop | ast.cmpop) -> str:
    """The text of an operator; that of an augmented assignment without ``=``."""
    return _OPERATORS[type(node)]


@dataclass(slots=True)
class Pending:
    """A function body that waits until the scope around it is done."""

    scope: int
    parameters: ast.arguments
    body: list[ast.stmt] | ast.expr


class Expressions:
    """Lowers expressions, and binds the targets that stand in them. ``pending`` are the function bodies met so far."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._span = builder.positions.span
        self.pending: list[Pending] = []

    def lower(self, node: ast.expr) -> Value:
        """The value of an expression."""
        rule = self._RULES.get(type(node))
        return rule(self, node) if rule is not None else self._opaque(node)

    def bind(self, target: ast.expr, value: Value, statement: Span, kind: BindingKind) -> list[int]:
        """Bind what a target denotes; tuples are taken apart. Returns the ids of the new bindings."""
        if isinstance(target, (ast.Tuple, ast.List)):
            return self._bind_elements(target, value, statement, kind)
        if isinstance(target, ast.Name):
            path = "self" if target.id == self._builder.object_name else target.id
        else:
            lowered = self.lower(target)
            path = path_of(lowered)
            if path is None:
                store = Store(lowered, value, self._builder.scope.id, statement)
                self._builder.add(self._builder.tree.stores, store)
                return []
        return [self._builder.bind_path(path, value, statement, self._span(target), kind)]

    def _bind_elements(
        self, target: ast.Tuple | ast.List, value: Value, statement: Span, kind: BindingKind
    ) -> list[int]:
        made: list[int] = []
        for element, part in zip(target.elts, _parts(value, target.elts), strict=True):
            inner = element.value if isinstance(element, ast.Starred) else element
            made += self.bind(inner, part, statement, kind)
        return made

    def parameters(self, node: ast.arguments) -> tuple[Parameter, ...]:
        """The named parameters of a signature, with their defaults."""
        return tuple(
            Parameter(self._name_of(argument), argument.arg, None if default is None else self.lower(default))
            for argument, default in named_parameters(node)
        )

    def _name_of(self, node: ast.arg) -> Span:
        span = self._span(node)
        return Span(span.row, span.column, span.row, span.column + len(node.arg))

    def _name(self, node: ast.Name) -> Value:
        return self._builder.read(self._span(node), node.id)

    def _attribute(self, node: ast.Attribute) -> Value:
        base, span = self.lower(node.value), self._span(node)
        if isinstance(base, Global):
            return Global(span, f"{base.name}.{node.attr}")
        return self._builder.read_path(span, Attribute(span, base, node.attr))

    def _subscript(self, node: ast.Subscript) -> Value:
        base, span = self.lower(node.value), self._span(node)
        if isinstance(node.slice, ast.Tuple):
            index: Value = Sequence(span, self._elements(node.slice.elts))
        else:
            index = self.lower(node.slice)
        return self._builder.read_path(span, Subscript(span, base, index))

    def _slice(self, node: ast.Slice) -> Value:
        parts = (self.lower(part) for part in (node.lower, node.upper, node.step) if part is not None)
        return Opaque(self._span(node), "slice", tuple(parts))

    def _call(self, node: ast.Call) -> Value:
        callee = self.lower(node.func)
        args = self._elements(node.args)
        keywords = tuple([(keyword.arg, self.lower(keyword.value)) for keyword in node.keywords])
        return self._builder.record_call(self._span(node), callee, args, keywords)

    def _constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, (int, float, str, bytes, NoneType)):
            return Const(self._span(node), node.value)
        return Opaque(self._span(node), type(node.value).__name__)

    def _binary(self, node: ast.BinOp) -> Value:
        return Op(self._span(node), operator(node.op), (self.lower(node.left), self.lower(node.right)))

    def _boolean(self, node: ast.BoolOp) -> Value:
        """``a and b and c`` as two operations: Python's tree has one with three operands."""
        result = self.lower(node.values[0])
        for value in node.values[1:]:
            span = Span(*self._span(node)[:2], *self._span(value)[2:])
            result = Op(span, operator(node.op), (result, self.lower(value)))
        return result

    def _unary(self, node: ast.UnaryOp) -> Value:
        inner = self.lower(node.operand)
        negative = isinstance(node.op, ast.USub)
        if negative and isinstance(inner, Const) and isinstance(inner.value, (int, float)):
            return Const(self._span(node), -inner.value)
        return Op(self._span(node), operator(node.op), (inner,))

    def _comparison(self, node: ast.Compare) -> Value:
        operands = (self.lower(node.left), *(self.lower(each) for each in node.comparators))
        return Op(self._span(node), operator(node.ops[0]), operands)

    def _choice(self, node: ast.IfExp) -> Value:
        return Choice(self._span(node), self.lower(node.test), self.lower(node.body), self.lower(node.orelse))

    def _sequence(self, node: ast.Tuple | ast.List | ast.Set) -> Value:
        return Sequence(self._span(node), self._elements(node.elts))

    def _elements(self, nodes: Iterable[ast.expr]) -> tuple[Value, ...]:
        return tuple([self.lower(node) for node in nodes])

    def _starred(self, node: ast.Starred) -> Value:
        value = self.lower(node.value)
        return Opaque(value.span, "star", (value,))

    def _mapping(self, node: ast.Dict) -> Value:
        pairs = zip(node.keys, node.values, strict=True)
        items = tuple((None if key is None else self.lower(key), self.lower(value)) for key, value in pairs)
        return Mapping(self._span(node), items)

    def _lambda(self, node: ast.Lambda) -> Value:
        span = self._span(node)
        scope = self._builder.new_scope("lambda", "<lambda>", self._builder.scope.id, span, span)
        scope.parameters = self.parameters(node.args)
        self._builder.add(self.pending, Pending(scope.id, node.args, node.body))
        return Definition(span, scope.id)

    def _named(self, node: ast.NamedExpr) -> Value:
        value = self.lower(node.value)
        self.bind(node.target, value, self._span(node), "assign")
        return value

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
        parts: list[Value] = []
        with self._builder.private_environment():
            for clause in node.generators:
                iterated = self.lower(clause.iter)
                parts.append(iterated)
                span = self._builder.positions.stretch(clause.target, (clause.ifs or [clause.iter])[-1])
                self.bind(clause.target, Item(iterated.span, iterated, None), span, "loop")
                parts.extend(self.lower(condition) for condition in clause.ifs)
            elements = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
            parts = [*(self.lower(element) for element in elements), *parts]
        return Opaque(self._span(node), "comprehension", tuple(parts))

    def _yield(self, node: ast.Yield | ast.YieldFrom) -> Value:
        return Opaque(self._span(node), "yield", () if node.value is None else (self.lower(node.value),))

    def _string(self, node: ast.JoinedStr) -> Value:
        with self._builder.positions.within_string(node):
            return self._opaque(node)

    def _opaque(self, node: ast.expr) -> Value:
        parts = self._elements(child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))
        return Opaque(self._span(node), type(node).__name__.lower(), parts)

    # Functions, not bound methods: these would tie a knot that keeps each tree until the collector comes.
    _RULES: ClassVar[dict[type[ast.expr], Callable[[Expressions, Any], Value]]] = {
        ast.Name: _name,
        ast.Attribute: _attribute,
        ast.Call: _call,
        ast.Constant: _constant,
        ast.BinOp: _binary,
        ast.BoolOp: _boolean,
        ast.UnaryOp: _unary,
        ast.Compare: _comparison,
        ast.IfExp: _choice,
        ast.Tuple: _sequence,
        ast.List: _sequence,
        ast.Set: _sequence,
        ast.Dict: _mapping,
        ast.Subscript: _subscript,
        ast.Slice: _slice,
        ast.Starred: _starred,
        ast.Lambda: _lambda,
        ast.NamedExpr: _named,
        ast.ListComp: _comprehension,
        ast.SetComp: _comprehension,
        ast.GeneratorExp: _comprehension,
        ast.DictComp: _comprehension,
        ast.Yield: _yield,
        ast.YieldFrom: _yield,
        ast.JoinedStr: _string,
    }


def _parts(value: Value, targets: list[ast.expr]) -> list[Value]:
    """What each target takes of a value that is unpacked: items that are in sight, or else what stands for them."""
    star = next((index for index, each in enumerate(targets) if isinstance(each, ast.Starred)), None)
    count = len(targets)
    items = value.items if isinstance(value, Sequence) else ()
    in_sight = not any(isinstance(item, Opaque) and item.kind == "star" for item in items)
    if star is None:
        if len(items) == count:
            return list(items)
        return [Item(value.span, value, index) for index in range(count)]
    if in_sight and len(items) >= count - 1:
        end = len(items) - (count - star - 1)
        return [*items[:star], Sequence(value.span, items[star:end]), *items[end:]]
    return [Item(value.span, value, None) for _ in targets]


def named_parameters(node: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """The parameters that have a name, in their order, each with its default."""
    plain = [*node.posonlyargs, *node.args]
    yield from zip(plain, [*[None] * (len(plain) - len(node.defaults)), *node.defaults], strict=True)
    yield from zip(node.kwonlyargs, node.kw_defaults, strict=True)
