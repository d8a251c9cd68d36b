"""CST expressions to values. Names are looked up in the environment of the statement being lowered."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import libcst as cst

from bnlint.analysis.builder import Builder
from bnlint.analysis.scopes import BindingKind, Store
from bnlint.analysis.values import (
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

_OPERATORS: dict[type[cst.CSTNode], str] = {
    cst.Add: "+", cst.Subtract: "-", cst.Multiply: "*", cst.Divide: "/", cst.FloorDivide: "//", cst.Modulo: "%",
    cst.Power: "**", cst.MatrixMultiply: "@", cst.LeftShift: "<<", cst.RightShift: ">>", cst.BitAnd: "&",
    cst.BitOr: "|", cst.BitXor: "^", cst.AddAssign: "+", cst.SubtractAssign: "-", cst.MultiplyAssign: "*",
    cst.DivideAssign: "/", cst.FloorDivideAssign: "//", cst.ModuloAssign: "%", cst.PowerAssign: "**",
    cst.MatrixMultiplyAssign: "@", cst.LeftShiftAssign: "<<", cst.RightShiftAssign: ">>", cst.BitAndAssign: "&",
    cst.BitOrAssign: "|", cst.BitXorAssign: "^", cst.And: "and", cst.Or: "or", cst.Not: "not", cst.Minus: "-",
    cst.Plus: "+", cst.BitInvert: "~", cst.Equal: "==", cst.NotEqual: "!=", cst.LessThan: "<",
    cst.LessThanEqual: "<=", cst.GreaterThan: ">", cst.GreaterThanEqual: ">=", cst.In: "in", cst.NotIn: "not in",
    cst.Is: "is", cst.IsNot: "is not",
}  # fmt: skip


def operator(node: cst.CSTNode) -> str:
    """The text of an operator node, without its spaces; that of an augmented assignment without ``=``."""
    return _OPERATORS.get(type(node), "?")


@dataclass(slots=True)
class Pending:
    """A function body that waits until the scope around it is done."""

    scope: int
    parameters: cst.Parameters
    body: cst.BaseSuite | cst.BaseExpression


class Expressions:
    """Lowers expressions, and binds the targets that stand in them. ``pending`` are the function bodies met so far."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._span = builder.positions.span
        self.pending: list[Pending] = []

    def lower(self, node: cst.CSTNode) -> Value:
        """The value of an expression node."""
        rule = self._RULES.get(type(node))
        return rule(self, node) if rule is not None else self._opaque(node)

    def bind(self, target: cst.CSTNode, value: Value, statement: cst.CSTNode, kind: BindingKind) -> list[int]:
        """Bind what a target denotes; tuples are taken apart. Returns the ids of the new bindings."""
        if isinstance(target, (cst.Tuple, cst.List)):
            return self._bind_elements(target, value, statement, kind)
        if isinstance(target, cst.StarredElement):
            return self.bind(target.value, Item(value.span, value, None), statement, kind)
        if isinstance(target, cst.Name):
            path = "self" if target.value == self._builder.self_name() else target.value
        else:
            lowered = self.lower(target)
            path = path_of(lowered)
            if path is None:
                store = Store(lowered, value, self._builder.scope.id, self._span(statement))
                self._builder.add(self._builder.tree.stores, store)
                return []
        return [self._builder.bind_path(path, value, self._span(statement), self._span(target), kind)]

    def _bind_elements(
        self, target: cst.Tuple | cst.List, value: Value, statement: cst.CSTNode, kind: BindingKind
    ) -> list[int]:
        elements = target.elements
        starred = any(isinstance(element, cst.StarredElement) for element in elements)
        pairwise = isinstance(value, Sequence) and len(value.items) == len(elements) and not starred
        made: list[int] = []
        for index, element in enumerate(elements):
            if pairwise:
                assert isinstance(value, Sequence)
                part = value.items[index]
            else:
                part = Item(value.span, value, None if starred else index)
            inner = element if isinstance(element, cst.StarredElement) else element.value
            made += self.bind(inner, part, statement, kind)
        return made

    def parameters(self, node: cst.Parameters) -> tuple[Parameter, ...]:
        """The named parameters of a signature, with their defaults."""
        found: list[Parameter] = []
        for parameter in (*node.posonly_params, *node.params, *node.kwonly_params):
            default = self.lower(parameter.default) if parameter.default is not None else None
            found.append(Parameter(self._span(parameter.name), parameter.name.value, default))
        return tuple(found)

    def _name(self, node: cst.Name) -> Value:
        text = node.value
        if text in ("True", "False", "None"):
            return Const(self._span(node), {"True": True, "False": False, "None": None}[text])
        return self._builder.read(self._span(node), text)

    def _attribute(self, node: cst.Attribute) -> Value:
        base = self.lower(node.value)
        return self._member(node, base, node.attr.value)

    def _member(self, node: cst.CSTNode, base: Value, name: str) -> Value:
        span = self._span(node)
        if isinstance(base, Global):
            return Global(span, f"{base.name}.{name}")
        made = Attribute(span, base, name)
        return self._builder.read_path(span, made)

    def _subscript(self, node: cst.Subscript) -> Value:
        base = self.lower(node.value)
        indices = [self._index(element.slice) for element in node.slice]
        index = indices[0] if len(indices) == 1 else Sequence(self._span(node), tuple(indices))
        span = self._span(node)
        return self._builder.read_path(span, Subscript(span, base, index))

    def _index(self, node: cst.BaseSlice) -> Value:
        if isinstance(node, cst.Index):
            return self.lower(node.value)
        parts = (
            [part for part in (node.lower, node.upper, node.step) if part is not None]
            if isinstance(node, cst.Slice)
            else []
        )
        return Opaque(self._span(node), "slice", tuple(self.lower(part) for part in parts))

    def _call(self, node: cst.Call) -> Value:
        callee = self.lower(node.func)
        args: list[Value] = []
        keywords: list[tuple[str | None, Value]] = []
        for arg in node.args:
            value = self.lower(arg.value)
            if arg.keyword is not None:
                keywords.append((arg.keyword.value, value))
            elif arg.star == "*":
                args.append(Opaque(value.span, "star", (value,)))
            elif arg.star == "**":
                keywords.append((None, value))
            else:
                args.append(value)
        return self._builder.record_call(self._span(node), callee, tuple(args), tuple(keywords))

    def _literal(self, node: cst.BaseExpression) -> Value:
        try:
            value = ast.literal_eval(self._builder.code(node))
        except (ValueError, SyntaxError, MemoryError):
            return self._opaque(node)
        return Const(self._span(node), value) if isinstance(value, (int, float, str, bytes)) else self._opaque(node)

    def _binary(self, node: cst.BinaryOperation | cst.BooleanOperation) -> Value:
        return Op(self._span(node), operator(node.operator), (self.lower(node.left), self.lower(node.right)))

    def _unary(self, node: cst.UnaryOperation) -> Value:
        inner = self.lower(node.expression)
        negative = isinstance(node.operator, cst.Minus)
        if negative and isinstance(inner, Const) and isinstance(inner.value, (int, float)):
            return Const(self._span(node), -inner.value)
        return Op(self._span(node), operator(node.operator), (inner,))

    def _comparison(self, node: cst.Comparison) -> Value:
        operands = (self.lower(node.left), *(self.lower(target.comparator) for target in node.comparisons))
        return Op(self._span(node), operator(node.comparisons[0].operator), operands)

    def _choice(self, node: cst.IfExp) -> Value:
        return Choice(self._span(node), self.lower(node.test), self.lower(node.body), self.lower(node.orelse))

    def _sequence(self, node: cst.Tuple | cst.List | cst.Set) -> Value:
        items: list[Value] = []
        for element in node.elements:
            value = self.lower(element.value)
            items.append(Opaque(value.span, "star", (value,)) if isinstance(element, cst.StarredElement) else value)
        return Sequence(self._span(node), tuple(items))

    def _mapping(self, node: cst.Dict) -> Value:
        items: list[tuple[Value | None, Value]] = []
        for element in node.elements:
            key = self.lower(element.key) if isinstance(element, cst.DictElement) else None
            items.append((key, self.lower(element.value)))
        return Mapping(self._span(node), tuple(items))

    def _lambda(self, node: cst.Lambda) -> Value:
        scope = self._builder.new_scope("lambda", "<lambda>", self._builder.scope.id, node, self._span(node))
        scope.parameters = self.parameters(node.params)
        self._builder.add(self.pending, Pending(scope.id, node.params, node.body))
        return Definition(self._span(node), scope.id)

    def _named(self, node: cst.NamedExpr) -> Value:
        value = self.lower(node.value)
        self.bind(node.target, value, node, "assign")
        return value

    def _comprehension(self, node: cst.BaseComp) -> Value:
        parts: list[Value] = []
        clause: cst.CompFor | None = node.for_in
        with self._builder.private_environment():
            while clause is not None:
                iterated = self.lower(clause.iter)
                parts.append(iterated)
                self.bind(clause.target, Item(iterated.span, iterated, None), clause, "loop")
                parts.extend(self.lower(condition.test) for condition in clause.ifs)
                clause = clause.inner_for_in
            elements = (node.key, node.value) if isinstance(node, cst.DictComp) else (getattr(node, "elt"),)  # noqa: B009
            parts = [*(self.lower(element) for element in elements), *parts]
        return Opaque(self._span(node), "comprehension", tuple(parts))

    def _opaque(self, node: cst.CSTNode) -> Value:
        parts = tuple(self.lower(child) for child in _expressions_in(node))
        return Opaque(self._span(node), type(node).__name__.lower(), parts)

    # Functions, not bound methods: these would tie a knot that keeps each tree until the collector comes.
    _RULES: ClassVar[dict[type[cst.CSTNode], Callable[[Expressions, Any], Value]]] = {
        cst.Name: _name,
        cst.Attribute: _attribute,
        cst.Call: _call,
        cst.Integer: _literal,
        cst.Float: _literal,
        cst.Imaginary: _literal,
        cst.SimpleString: _literal,
        cst.ConcatenatedString: _literal,
        cst.BinaryOperation: _binary,
        cst.BooleanOperation: _binary,
        cst.UnaryOperation: _unary,
        cst.Comparison: _comparison,
        cst.IfExp: _choice,
        cst.Tuple: _sequence,
        cst.List: _sequence,
        cst.Set: _sequence,
        cst.Dict: _mapping,
        cst.Subscript: _subscript,
        cst.Lambda: _lambda,
        cst.NamedExpr: _named,
        cst.ListComp: _comprehension,
        cst.SetComp: _comprehension,
        cst.GeneratorExp: _comprehension,
        cst.DictComp: _comprehension,
    }


def _expressions_in(node: cst.CSTNode) -> list[cst.BaseExpression]:
    found: list[cst.BaseExpression] = []
    for child in node.children:
        if isinstance(child, cst.BaseExpression):
            found.append(child)
        elif not isinstance(child, (cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace)):
            found.extend(_expressions_in(child))
    return found
