"""The new value never reaches the variable."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
from libcst import matchers as m

from mutants.mutation import File, Place, called, line, mentions, mutation, named, only, renamed, value_of


class Assignment:
    """An ``assign`` that is a statement of its own, or whose result gets a name."""

    def __init__(self, file: File, place: Place, method: str) -> None:
        self.variable: cst.BaseExpression | None = None
        call = value_of(place.statement)
        if not isinstance(call, cst.Call) or called(call) != method or isinstance(only(place.statement), cst.Return):
            return
        args = [arg.value for arg in call.args]
        if isinstance(call.func, cst.Attribute) and len(args) == 1:
            self.variable, self.value = call.func.value, args[0]
        elif len(args) == 2 and file.code(call.func) == f"tf.{method}":
            self.variable, self.value = args
        if self.variable is not None and mentions(self.value, "gradient"):
            self.variable = None  # an optimizer's step
        target = named(place.statement)
        self.name = target[0] if target is not None and isinstance(target[0], cst.Name | cst.Attribute) else None


def _instead(file: File, template: str, method: str) -> Iterator[cst.Module]:
    for place in file.places:
        found = Assignment(file, place, method)
        if found.variable is None:
            continue
        body = list(place.block.body)
        following = body[place.index + 1 :]
        if found.name is not None:
            # What meant the result means the variable's name now.
            following = [renamed(each, found.name, found.variable) for each in following]
        new = line(template, variable=found.variable, value=found.value)
        block = place.block.with_changes(body=[*body[: place.index], new, *following])
        yield _declared(file, place, found.variable, block)


def _declared(file: File, place: Place, variable: cst.BaseExpression, block: cst.CSTNode) -> cst.Module:
    """The new block in its place; a name of an outer scope is declared to be that."""
    if isinstance(place.block, cst.Module):
        assert isinstance(block, cst.Module)
        return block
    functions = [each for each in place.around if isinstance(each, cst.FunctionDef)]
    if not isinstance(variable, cst.Name) or not functions or _binds(functions[-1], variable.value):
        return file.replaced(place.block, block)
    outer = any(_binds(each, variable.value) for each in functions[:-1])
    declaration = line("nonlocal {name}" if outer else "global {name}", name=variable)
    new = functions[-1].deep_replace(place.block, block)
    assert isinstance(new, cst.FunctionDef)
    return file.replaced(functions[-1], new.with_deep_changes(new.body, body=[*_after_docstring(new, declaration)]))


def _after_docstring(function: cst.FunctionDef, new: cst.BaseStatement) -> list[cst.CSTNode]:
    first, *rest = function.body.body
    return [first, new, *rest] if function.get_docstring() is not None else [new, first, *rest]


def _binds(function: cst.FunctionDef, name: str) -> bool:
    targets = m.findall(function, m.AssignTarget() | m.Param())
    return any(
        m.matches(each, m.AssignTarget(m.Name(name)) | m.Param(m.Name(name)))
        or (isinstance(each, cst.AssignTarget) and m.matches(each.target, m.Tuple()) and mentions(each.target, name))
        for each in targets
    )


@mutation("BN1", "BN602")
def assign_made_a_binding(file: File) -> Iterator[cst.Module]:
    """``v.assign(value)`` → ``v = value``"""
    yield from _instead(file, "{variable} = {value}", "assign")


@mutation("BN1")
def assign_add_made_augmented(file: File) -> Iterator[cst.Module]:
    """``v.assign_add(value)`` → ``v += value``"""
    yield from _instead(file, "{variable} += {value}", "assign_add")


@mutation("BN1")
def assign_sub_made_augmented(file: File) -> Iterator[cst.Module]:
    """``v.assign_sub(value)`` → ``v -= value``"""
    yield from _instead(file, "{variable} -= {value}", "assign_sub")
