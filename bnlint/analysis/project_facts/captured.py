"""Attributes that a ``tf.function`` reads once, when it is traced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.code.scopes import Scope
from bnlint.analysis.code.values import Call, Choice, Const, Definition, Op, Parameter, Read, Value, walk
from bnlint.analysis.module_facts.phases import named_side
from bnlint.frozen import dataclass

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts


@dataclass(frozen=True, slots=True)
class CapturedFlag:
    """A read of ``self.training`` that decides, while a function is traced, how a batch norm behaves.

    rows: where the layers are made whose flag it is.
    """

    read: Read
    scope: int
    rows: tuple[int, ...]


def captured_flags(project: ProjectFacts, module: ModuleFacts) -> list[CapturedFlag]:
    """The flags of a module that its traced functions capture, although they change later."""
    traced = list(_traced(module))
    found: dict[tuple[int, str], CapturedFlag] = {}
    for function in traced:
        for read, rows in _deciding_reads(module, function):
            if _changes(project, module, read):
                found.setdefault((function.id, read.path), CapturedFlag(read, function.id, rows))
    return list(found.values())


def _traced(module: ModuleFacts) -> Iterator[Scope]:
    """Functions under ``@tf.function`` or given to it, and the methods that such methods call."""
    flow = module.flow
    direct = {scope.id: scope for scope in module.scopes if any(_is_tf_function(module, d) for d in scope.decorators)}
    for call in flow.index.named("tf.function"):
        for origin in flow.origins(call.args[0]) if call.args else ():
            if isinstance(origin, Definition):
                direct[origin.scope] = module.scopes[origin.scope]
    yield from direct.values()
    for scope in list(direct.values()):
        owner = flow.class_of(scope.id)
        for call in scope.calls if owner is not None else ():
            method = flow.method_of(call)
            if method is not None and isinstance(method[0], Read) and method[0].path == "self":
                called = flow.method(owner, method[1]) if owner is not None else None
                if called is not None and called.id not in direct:
                    yield called


def _is_tf_function(module: ModuleFacts, decorator: Value) -> bool:
    inner = decorator.callee if isinstance(decorator, Call) else decorator
    return module.flow.name_of_value(inner) == "tf.function"


def _deciding_reads(module: ModuleFacts, function: Scope) -> Iterator[tuple[Read, tuple[int, ...]]]:
    """Flags of the object that a function tests before an update, or passes to a batch norm."""
    for layer in module.layers:
        for use in layer.uses:
            if use.scope == function.id and isinstance(use.training, Read) and _is_flag(use.training):
                yield use.training, (layer.span.row,)
    updates = [update.scope for update in module.updates if update.statistics[0].is_batch_norm]
    if function.id not in updates:
        return
    for index in function.statements:
        statement = module.flow.tree.statements[index]
        tests = [value.test for value in walk(statement.value) if isinstance(value, Choice)]
        for test in (*tests, *((statement.value,) if statement.kind == "test" else ())):
            for value in (test, *(test.operands if isinstance(test, Op) else ())):
                if isinstance(value, Read) and _is_flag(value):
                    yield value, ()


def _is_flag(read: Read) -> bool:
    return read.path.startswith("self.") and named_side(read.path) is not None


def _changes(project: ProjectFacts, module: ModuleFacts, read: Read) -> bool:
    """Whether an attribute holds a Python value that is given another one outside of ``__init__``."""
    values = list(module.flow.origins(read))
    if not values or not all(isinstance(value, (Const, Parameter)) for value in values):
        return False
    bound = module.flow.definitions(Read(read.span, read.path, read.scope, ()))
    if any(module.scopes[binding.scope].name != "__init__" for binding in bound):
        return True
    name = read.path.removeprefix("self.")
    return any(
        binding.path.endswith(f".{name}") and not binding.path.startswith("self.")
        for home in project.programs.of(module).modules
        for binding in home.flow.tree.bindings
        if isinstance(binding.value, Const) and isinstance(binding.value.value, bool)
    )
