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
    """Whether a layer stands where no caller, by name, gets to: under ``if batch_norm:``, or in its ``else``."""
    guards = module.flow.site(call).guards
    return any(_is_always(project, module, guard.test, "off" if guard.taken else "on") for guard in guards)


def _is_always(project: ProjectFacts, module: ModuleFacts, test: Value, flag: Flag) -> bool:
    if not isinstance(test, Op):
        return set(_flags(project, module, test, _DEPTH)) == {flag}
    if test.op == "not":
        return _is_always(project, module, test.operands[0], "on" if flag == "off" else "off")
    decided = test.op == ("and" if flag == "off" else "or")
    return decided and any(_is_always(project, module, operand, flag) for operand in test.operands)


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
    if scope is None or depth <= 0:
        yield "varies"
        return
    calls = project.links.calls_that_may_run(module, scope)
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
