"""What reaches a layer through the functions around it, as far as their callers are in sight: its training flag, and
options that leave it out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.code.values import Call, Const, Op, Parameter, Value
from bnlint.analysis.module_facts.collections import Flag, LayerPlace

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts

# How many functions a flag is followed through.
_DEPTH = 4


def passed_flag(project: ProjectFacts, module: ModuleFacts, place: LayerPlace) -> Flag:
    """The flag of a layer: "on" or "off" only if every caller, by name, says so."""
    if place.flag != "varies" or place.passed is None:
        return place.flag
    found = set(_flags(project, module, place.passed, _DEPTH))
    return found.pop() if len(found) == 1 else "varies"


def is_left_out(project: ProjectFacts, module: ModuleFacts, call: Call) -> bool:
    """Whether a layer stands under an option, such as ``if batch_norm:``, that every caller, by name, leaves off."""
    tests = (guard.test for guard in module.flow.site(call).guards if guard.taken)
    return any(_is_off(project, module, test) for test in tests)


def _is_off(project: ProjectFacts, module: ModuleFacts, test: Value) -> bool:
    if isinstance(test, Op):
        return test.op == "and" and any(_is_off(project, module, operand) for operand in test.operands)
    return set(_flags(project, module, test, _DEPTH)) == {"off"}


def _flags(project: ProjectFacts, module: ModuleFacts, value: Value, depth: int) -> Iterator[Flag]:
    for origin in module.flow.origins(value):
        if isinstance(origin, Parameter):
            yield from _of_parameter(project, module, origin, depth)
        else:
            yield _constant(origin)


def _constant(value: Value) -> Flag:
    fixed = isinstance(value, Const) and (value.value is None or isinstance(value.value, (bool, int)))
    return "varies" if not fixed else "on" if isinstance(value, Const) and value.value else "off"


def _of_parameter(project: ProjectFacts, module: ModuleFacts, parameter: Parameter, depth: int) -> Iterator[Flag]:
    scope = project.links.function_of(module, parameter)
    owner = module.flow.class_of(scope.id) if scope is not None and scope.name.startswith("__") else None
    if scope is None or depth <= 0 or scope.name == "__call__":
        yield "varies"
        return
    named = project.links.namesakes(owner.name if owner is not None else scope.name)
    calls = [each for each in named if project.links.called(*each) in (None, (module, scope))]
    if not calls:
        yield "varies"
    for home, call in calls:
        passed = module.flow.passed(call, scope, parameter.name)
        if any(name is None for name, _ in call.keywords):
            yield "varies"
        elif passed is not None:
            yield from _flags(project, home, passed, depth - 1)
        else:
            yield _constant(parameter.default) if parameter.default is not None else "varies"
