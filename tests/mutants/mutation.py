"""What a mutation is, and what all mutations need to take a program apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import libcst as cst
from libcst import matchers as m
from libcst.helpers import get_full_name_for_node, parse_template_statement

MUTATIONS: list[Mutation] = []

Block = cst.Module | cst.IndentedBlock
BATCH_NORMS = ("batch_normalization", "BatchNormalization")
PHASES = ("training", "is_training", "train", "phase")


@dataclass(frozen=True)
class Mutation:
    """One way to break a program.

    families: of the codes of which one must be found. make: the modules that come of it, one for each place.
    """

    name: str
    families: tuple[str, ...]
    make: Callable[[File], Iterator[cst.Module]]


def mutation(*families: str) -> Callable[[Callable[[File], Iterator[cst.Module]]], Callable[..., Iterator[cst.Module]]]:
    """Register a generator of broken modules under its own name."""

    def register(make: Callable[[File], Iterator[cst.Module]]) -> Callable[[File], Iterator[cst.Module]]:
        MUTATIONS.append(Mutation(make.__name__.replace("_", " "), families, make))
        return make

    return register


class Place(NamedTuple):
    """A statement in its block, and the functions and classes around it, outermost first."""

    block: Block
    index: int
    around: tuple[cst.FunctionDef | cst.ClassDef, ...]

    @property
    def statement(self) -> cst.BaseStatement:
        return self.block.body[self.index]  # pyright: ignore[reportReturnType]


@dataclass(frozen=True)
class File:
    """A file of a right program, and the era that it is written for: "v1", "tf2", "keras2" or "keras3"."""

    module: cst.Module
    era: str

    @cached_property
    def places(self) -> list[Place]:
        """All statements, outer ones first."""
        return list(_places(self.module, ()))

    @property
    def in_graph(self) -> bool:
        """Whether ops are built first and run later."""
        return self.era == "v1"

    def code(self, node: cst.CSTNode) -> str:
        """The source of a node."""
        return self.module.code_for_node(node)

    def replaced(self, old: cst.CSTNode, new: cst.CSTNode) -> cst.Module:
        """The module with one node in place of another."""
        return self.module.deep_replace(old, new)  # pyright: ignore[reportReturnType]

    def with_body(self, block: Block, *parts: cst.BaseStatement | Sequence[cst.BaseStatement]) -> cst.Module:
        """The module with other statements in one block."""
        body = [statement for part in parts for statement in (part if isinstance(part, Sequence) else [part])]
        body = body or [line("pass")]
        if isinstance(block, cst.Module):
            return block.with_changes(body=body)
        return self.replaced(block, block.with_changes(body=body))

    def instead(self, place: Place, *statements: cst.BaseStatement) -> cst.Module:
        """The module with other statements in place of one."""
        body = place.block.body
        return self.with_body(place.block, body[: place.index], statements, body[place.index + 1 :])


def _places(block: Block, around: tuple[cst.FunctionDef | cst.ClassDef, ...]) -> Iterator[Place]:
    for index, statement in enumerate(block.body):
        yield Place(block, index, around)
        inside = (*around, statement) if isinstance(statement, cst.FunctionDef | cst.ClassDef) else around
        for child in _blocks(statement):
            yield from _places(child, inside)


def _blocks(statement: cst.CSTNode) -> Iterator[cst.IndentedBlock]:
    for child in statement.children:
        if isinstance(child, cst.IndentedBlock):
            yield child
        elif isinstance(child, cst.If | cst.Else):
            yield from _blocks(child)


def line(template: str, **parts: cst.BaseExpression | str) -> cst.SimpleStatementLine:
    """A statement of one line; ``{name}`` stands for a part."""
    nodes = {name: cst.parse_expression(part) if isinstance(part, str) else part for name, part in parts.items()}
    return parse_template_statement(template, **nodes)  # pyright: ignore


def only(statement: cst.BaseStatement) -> cst.BaseSmallStatement | None:
    """What stands alone on its line."""
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        return statement.body[0]
    return None


def named(statement: cst.BaseStatement) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    """Target and value of ``target = value``."""
    small = only(statement)
    if isinstance(small, cst.Assign) and len(small.targets) == 1:
        return small.targets[0].target, small.value
    return None


def value_of(statement: cst.BaseStatement) -> cst.BaseExpression | None:
    """The value that a line computes, be it named, returned or dropped."""
    small = only(statement)
    return small.value if isinstance(small, cst.Assign | cst.Return | cst.Expr) else None


def called(call: cst.CSTNode) -> str:
    """The last part of the name that is called: ``assign`` of ``self.mean.assign(...)``."""
    if not isinstance(call, cst.Call):
        return ""
    if isinstance(call.func, cst.Attribute):
        return call.func.attr.value
    return get_full_name_for_node(call.func) or ""


def calls(node: cst.CSTNode, *names: str) -> list[cst.Call]:
    """The calls of these names in a node."""
    return [call for call in m.findall(node, m.Call()) if isinstance(call, cst.Call) and called(call) in names]


def keyword(call: cst.Call, *names: str) -> cst.Arg | None:
    """The argument that is passed by one of these names."""
    return next((arg for arg in call.args if arg.keyword is not None and arg.keyword.value in names), None)


def without(call: cst.Call, arg: cst.Arg) -> cst.Call:
    """The call without one of its arguments."""
    args = [each for each in call.args if each is not arg]
    if args:
        args[-1] = args[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return call.with_changes(args=args)


def parts(node: cst.CSTNode, matcher: m.MatcherPattern) -> list[cst.CSTNode]:
    """What matches in a node."""
    return list(m.findall(node, matcher))  # pyright: ignore


def mentions(node: cst.CSTNode, *names: str) -> bool:
    """Whether one of these names or attributes is in a node."""
    return bool(m.findall(node, m.OneOf(*(m.Name(name) for name in names))))


def renamed(node: cst.CSTNode, old: cst.Name | cst.Attribute, new: cst.BaseExpression) -> cst.CSTNode:
    """The node with an expression in place of each reading of a name, or of an attribute."""

    class Renaming(cst.CSTTransformer):
        def visit_Attribute_attr(self, node: cst.Attribute) -> None:  # noqa: N802
            del node

        def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:  # noqa: N802
            return new if original_node.deep_equals(old) else updated_node

        def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:  # noqa: N802
            return new if original_node.deep_equals(old) else updated_node.with_changes(attr=original_node.attr)

        def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:  # noqa: N802
            return updated_node.with_changes(keyword=original_node.keyword)

    return node.visit(Renaming())  # pyright: ignore
