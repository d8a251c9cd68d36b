"""Python conditions on flags that have no value yet when the graph is built."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.code.scopes import Statement
from bnlint.analysis.code.values import Attribute, Call, Choice, Const, Op, Parameter, Read, Value, path_of, walk
from bnlint.analysis.module_facts.layers import LAYER_CLASSES, LAYER_FUNCTIONS
from bnlint.frozen import dataclass
from bnlint.span import Span

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts

# What the names of layers and all that _NORMALISES finds hold.
_WORDS = ("moments", "batch", "bn", "exponentialmovingaverage")
_NORMALISES = re.compile(r"moments$|batch_?norm|(?:^|[._])bn(?:[_\d]|$)|ExponentialMovingAverage$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PlaceholderTest:
    """``if training:`` where ``training`` is a placeholder; or a call that passes one to a function that tests it so.

    flag: the value to blame; made_in: the file that makes the placeholder; tested: where a function called tests it.
    compared: with ``==`` or ``is`` a tensor equals no truth value, so the test is False and does not raise.
    """

    flag: Value
    scope: int
    placeholder: Call
    made_in: str
    compared: bool
    tested: tuple[str, Span] | None = None


def placeholder_tests(project: ProjectFacts) -> dict[str, list[PlaceholderTest]]:
    """By file name: the conditions on placeholders that decide about a batch norm."""
    found: dict[str, list[PlaceholderTest]] = defaultdict(list)
    if not any(module.phases.has_placeholder for module in project.modules):
        return found
    for module in project.modules:
        normalising = _normalising(module) if _may_normalise(module) else ()
        for statement in module.flow.tree.statements if normalising else ():
            if (module.flow.class_of(statement.scope) or module.scopes[statement.scope]).id not in normalising:
                continue
            tests = [value.test for value in walk(statement.value) if isinstance(value, Choice)]
            tests += [statement.value] if statement.kind in ("test", "assert") else []
            for flag, compared in (each for test in tests for each in _operands(test)):
                if module.phases.side(flag) is None:
                    continue
                made = None if _is_told_apart(module, statement) else _placeholder(project, module, flag)
                if made is not None:
                    home, blamed, placeholder = made
                    away = blamed is not flag
                    scope = home.flow.statement(blamed) if away else statement
                    found[home.filename].append(
                        PlaceholderTest(
                            blamed,
                            scope.scope if scope is not None else 0,
                            placeholder,
                            home.filename,
                            compared,
                            (module.filename, flag.span) if away else None,
                        )
                    )
    return found


def _may_normalise(module: ModuleFacts) -> bool:
    """Whether a function of the module may be about a batch norm at all, which is soon known of most."""
    # Names that are imported from beside the module begin with the name of its package.
    text = f"{module.module} {module.flow.tree.lines.text}".lower()
    return any(word in text for word in _WORDS) or bool(_updating(module))


def _operands(test: Value) -> Iterator[tuple[Value, bool]]:
    """The values whose truth a condition asks for; True: by a comparison with a truth value."""
    match test:
        case Op(op="not" | "and" | "or", operands=operands):
            for operand in operands:
                yield from _operands(operand)
        case Op(op="==" | "!=" | "is" | "is not", operands=(left, Const(value=bool()))):
            yield left, True
        case Op(op=">" | ">=" | "<", operands=(left, Const())):
            yield left, False
        case Read() | Attribute():
            yield test, False
        case _:
            pass


def _placeholder(project: ProjectFacts, module: ModuleFacts, flag: Value) -> tuple[ModuleFacts, Value, Call] | None:
    """Who is to blame, with the placeholder: the test, or a call that passes it to a function for Python values."""
    found = module.phases.placeholder(flag)
    parameters = [origin for origin in module.flow.origins(flag) if isinstance(origin, Parameter)]
    if found is not None and not any(_takes_bool(parameter) for parameter in parameters):
        return module, flag, found
    for parameter in parameters:
        scope = project.links.function_of(module, parameter)
        for home, call in project.links.calls_of(module, scope) if scope is not None else ():
            passed = home.flow.passed(call, scope, parameter.name) if scope is not None else None
            made = home.phases.placeholder(passed) if passed is not None else None
            if made is not None and passed is not None:
                return home, passed, made
    return None


def _takes_bool(parameter: Parameter) -> bool:
    return isinstance(parameter.default, Const) and isinstance(parameter.default.value, bool)


def _is_told_apart(module: ModuleFacts, statement: Statement) -> bool:
    """Whether a condition around it, or in it, tells Python values from tensors; AutoGraph turns ifs into conds."""
    asked = [guard.test for guard in statement.guards] + [statement.value]
    for value in (part for each in asked for part in walk(each)):
        name = path_of(value.callee) if isinstance(value, Call) else None
        if name is not None and name.rpartition(".")[2] in ("isinstance", "is_tensor", "is_tf_type", "constant_value"):
            return True
    return module.runs_eagerly(statement.scope)


def _normalising(module: ModuleFacts) -> set[int]:
    """The scopes that normalise themselves, and the functions and classes with such a scope inside."""
    updating, found = _updating(module), set[int]()
    for scope in module.scopes:
        if scope.id in updating or any(_normalises(module, call) for call in scope.calls):
            found.add(scope.id)
            found |= {around.id for around in module.flow.enclosing(scope.id) if around.kind != "module"}
    return found


def _updating(module: ModuleFacts) -> set[int]:
    return {update.scope for update in module.updates if update.statistics[0].is_batch_norm}


def _normalises(module: ModuleFacts, call: Call) -> bool:
    name = module.flow.name_of(call)
    if name is not None and (name in LAYER_CLASSES or name in LAYER_FUNCTIONS):
        return True
    path = path_of(call.callee) or ""
    lowered = path.lower()
    return any(word in lowered for word in _WORDS) and _NORMALISES.search(path) is not None
