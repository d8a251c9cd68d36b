"""Questions about where values come from and where they go, answered over a lowered module."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from bnlint.analysis.code.call_index import CallIndex
from bnlint.analysis.code.names import BRANCHING, branches_of, canonical
from bnlint.analysis.code.scopes import Binding, Guard, ModuleTree, Scope, Statement
from bnlint.analysis.code.values import (
    BEFORE,
    Attribute,
    Call,
    Choice,
    Const,
    Definition,
    Global,
    Item,
    Mapping,
    Parameter,
    Read,
    Sequence,
    Subscript,
    Value,
    walk,
)

# How many names, calls and parameters a value is followed through before giving up.
_DEPTH = 12

# Calls that hand on their first argument as it is, as far as statistics are concerned.
PASS_THROUGH = frozenset(
    {
        "tf.identity", "tf.stop_gradient", "tf.convert_to_tensor", "tf.cast", "tf.squeeze", "tf.reshape",
        "tf.to_float", "keras.ops.cast", "keras.ops.convert_to_tensor", "keras.ops.stop_gradient",
        "keras.ops.reshape", "keras.ops.squeeze", "keras.backend.cast", "keras.backend.reshape",
        "tf.expand_dims", "keras.ops.expand_dims", "tf.debugging.check_numerics",
    }
)  # fmt: skip


class Site(NamedTuple):
    """Where a call stands: its scope, the conditions, ``with`` blocks and loops around it, its statement."""

    scope: int
    guards: tuple[Guard, ...]
    blocks: tuple[int, ...]
    loops: int


class Dataflow:
    """Definitions, origins, readers and callers inside one module."""

    def __init__(self, tree: ModuleTree) -> None:
        self.tree = tree

    def __getstate__(self) -> dict[str, ModuleTree]:
        # What is keyed by the identity of values does not survive the way between processes.
        return {"tree": self.tree}

    # -- calls -----------------------------------------------------------------------------------

    def site(self, call: Call) -> Site:
        """Where a call stands."""
        return Site(*self.tree.call_sites[call.id])

    def name_of(self, call: Call) -> str | None:
        """The canonical name of an imported function that is called, e.g. ``tf.assign``."""
        own = self.tree.calls
        if call.id >= len(own) or own[call.id] is not call:  # one that is made up, or of another file
            return self.name_of_value(call.callee)
        if call.id not in self._names:
            self._names[call.id] = self.name_of_value(call.callee)
        return self._names[call.id]

    @cached_property
    def _names(self) -> dict[int, str | None]:
        return {}

    @cached_property
    def index(self) -> CallIndex:
        """The calls of this module, by what they call."""
        return CallIndex(self)

    def name_of_value(self, value: Value) -> str | None:
        """The canonical name of an imported thing, followed through plain aliases."""
        if isinstance(value, Global):  # as most are
            return canonical(value.name) if self.tree.grafted(value.name) is None else None
        for origin in self.origins(value):
            if isinstance(origin, Global):
                return canonical(origin.name)
        return None

    def method_of(self, call: Call) -> tuple[Value, str] | None:
        """Receiver and method name of ``receiver.method(...)`` where the receiver is no import."""
        callee = call.callee
        if isinstance(callee, Attribute):
            return callee.base, callee.name
        if isinstance(callee, Read) and "." in callee.path:
            path, _, name = callee.path.rpartition(".")
            return Read(callee.span, path, callee.scope, ()), name
        return None

    def called_scope(self, call: Call) -> Scope | None:
        """The function of this module that a call runs (``__init__`` for a class), if that is certain."""
        scope = self.definition(call.callee)
        return self.method(scope, "__init__") if scope is not None and scope.kind == "class" else scope

    def definition(self, value: Value) -> Scope | None:
        """The function or class of this module that a value is, if that is certain."""
        found = {origin.scope for origin in self.origins(value) if isinstance(origin, Definition)}
        return self.tree.scopes[found.pop()] if len(found) == 1 else None

    @cached_property
    def callers(self) -> dict[int, list[Call]]:
        """Calls inside this module, by the id of the function scope they run."""
        found: dict[int, list[Call]] = defaultdict(list)
        for call in self.tree.calls:
            scope = self._called_directly(call.callee)
            if scope is not None:
                found[scope.id].append(call)
        return found

    def _called_directly(self, callee: Value) -> Scope | None:
        if isinstance(callee, (Definition, Global)):
            known = callee.scope if isinstance(callee, Definition) else self.tree.grafted(callee.name)
            return self.tree.scopes[known] if known is not None else None
        if not isinstance(callee, Read):
            return None
        bound = self.definitions(callee)
        scopes = {item.value.scope for item in bound if isinstance(item.value, Definition)}
        if len(scopes) != 1:
            return None
        scope = self.tree.scopes[scopes.pop()]
        return self.method(scope, "__init__") if scope.kind == "class" else scope

    @cached_property
    def branch_scopes(self) -> dict[int, tuple[Call, int]]:
        """Functions and lambdas that are branches of ``tf.cond``, with the call and the index of the branch."""
        found: dict[int, tuple[Call, int]] = {}
        for call in self.index.named(*BRANCHING):
            for index, branch in enumerate(branches_of(call)):
                for origin in self.origins(branch) if branch is not None else ():
                    if isinstance(origin, Definition):
                        found[origin.scope] = (call, index)
        return found

    # -- scopes ----------------------------------------------------------------------------------

    def enclosing(self, scope: int | None) -> Iterator[Scope]:
        """A scope and the scopes around it, innermost first."""
        while scope is not None:
            current = self.tree.scopes[scope]
            yield current
            scope = current.parent

    def class_of(self, scope: int) -> Scope | None:
        """The class around a scope."""
        return next((around for around in self.enclosing(scope) if around.kind == "class"), None)

    def method(self, owner: Scope, name: str) -> Scope | None:
        """A method of a class, or of its base classes in this module."""
        for current in self.lineage(owner):
            for index in reversed(current.bindings.get(name, ())):
                value = self.tree.bindings[index].value
                if isinstance(value, Definition):
                    return self.tree.scopes[value.scope]
        return None

    def lineage(self, owner: Scope) -> Iterator[Scope]:
        """A class and its base classes inside this module."""
        pending, seen = [owner], set[int]()
        while pending:
            current = pending.pop(0)
            if current.id in seen:
                continue
            seen.add(current.id)
            yield current
            for base in current.bases:
                bound = self.definitions(base) if isinstance(base, Read) else ()
                pending += [self.tree.scopes[b.value.scope] for b in bound if isinstance(b.value, Definition)]

    def base_names(self, owner: Scope) -> set[str]:
        """Canonical names of everything a class derives from outside this module."""
        names = (self.name_of_value(base) for current in self.lineage(owner) for base in current.bases)
        return {name for name in names if name is not None}

    # -- definitions -----------------------------------------------------------------------------

    def definitions(self, read: Read) -> tuple[Binding, ...]:
        """The bindings that may have produced what a place holds when it is read."""
        inside = tuple(self.tree.bindings[index] for index in read.bindings if index != BEFORE)
        if read.bindings and len(inside) == len(read.bindings):
            return inside
        if read.path.startswith("self."):
            return tuple(dict.fromkeys((*inside, *self._attribute_bindings(read))))
        if inside and read.path not in self.tree.scopes[read.scope].outer_names:
            return inside
        return inside + self._outer_definitions(read)

    def _outer_definitions(self, read: Read) -> tuple[Binding, ...]:
        for scope in self.enclosing(read.scope):
            if scope.kind == "class" and scope.id != read.scope:
                continue
            if read.path in scope.outer_names:
                continue
            if read.path in scope.bindings:
                return tuple(self.tree.bindings[index] for index in scope.bindings[read.path])
        return ()

    def _attribute_bindings(self, read: Read) -> Iterator[Binding]:
        owner = self.class_of(read.scope)
        name = read.path.removeprefix("self.")
        for scope in self.lineage(owner) if owner is not None else ():
            for path in (read.path, name):
                for index in scope.bindings.get(path, ()):
                    yield self.tree.bindings[index]

    def origins(self, value: Value, depth: int = _DEPTH, seen: frozenset[int] = frozenset()) -> Iterator[Value]:
        """What a value may be, seen through names, parameters, branches, unpacking and local calls."""
        if depth <= 0:
            return
        match value:
            case Read():
                for binding in self.definitions(value):
                    if binding.id not in seen:
                        yield from self.origins(binding.value, depth - 1, seen | {binding.id})
                if value.otherwise is not None:
                    yield from self.origins(value.otherwise, depth - 1, seen)
            case Parameter():
                yield from self._parameter_origins(value, depth, seen)
            case Choice(body=body, orelse=orelse):
                yield from self.origins(body, depth - 1, seen)
                yield from self.origins(orelse, depth - 1, seen)
            case Item(base=base, index=index):
                yield from self._item_origins(value, base, index, depth, seen)
            case Subscript(base=base, index=Const(value=key)):
                yield from self._entry_origins(value, base, key, depth, seen)
            case Call():
                yield from self._call_origins(value, depth, seen)
            case Global(name=name) if (grafted := self.tree.grafted(name)) is not None:
                yield Definition(value.span, grafted)
            case _:
                yield value

    def _parameter_origins(self, value: Parameter, depth: int, seen: frozenset[int]) -> Iterator[Value]:
        yield value
        scope = self.scope_of_parameter(value)
        if scope is None or depth < _DEPTH // 2:
            return
        for call in self.callers.get(scope.id, ()):
            passed = self.passed(call, scope, value.name)
            if passed is not None:
                yield from self.origins(passed, depth - 2, seen)

    def scope_of_parameter(self, value: Parameter) -> Scope | None:
        """The function whose signature a parameter stands in."""
        return self._parameter_scopes.get(value.span)

    @cached_property
    def _parameter_scopes(self) -> dict[object, Scope]:
        return {parameter.span: scope for scope in self.tree.scopes for parameter in scope.parameters}

    def passed(self, call: Call, scope: Scope, name: str) -> Value | None:
        """What a call passes for a parameter of the function it runs."""
        names = [parameter.name for parameter in scope.parameters]
        if name not in names:
            return None
        position = names.index(name)
        if scope.in_class and not self._is_static(scope):
            position -= 1
        return call.argument(position, name) if position >= 0 else None

    def _is_static(self, scope: Scope) -> bool:
        return any(isinstance(item, Read) and item.path == "staticmethod" for item in scope.decorators)

    def _item_origins(
        self, value: Value, base: Value, index: int | None, depth: int, seen: frozenset[int]
    ) -> Iterator[Value]:
        found = False
        for origin in self.origins(base, depth - 1, seen):
            if isinstance(origin, Sequence):
                found = True
                items = origin.items if index is None else origin.items[index : index + 1]
                for item in items:
                    yield from self.origins(item, depth - 1, seen)
            elif isinstance(origin, Item) and isinstance(origin.base, Call) and origin.index is None:
                stepped = _stepped_through(origin.base, index)
                if stepped is not None:
                    found = True
                    yield from self.origins(Item(value.span, stepped, None), depth - 1, seen)
        for item in self._put_into(base) if index is None and found else ():
            yield from self.origins(item, depth - 1, seen)
        if not found:
            yield value

    def _put_into(self, container: Value) -> list[Value]:
        """What is appended to a list, anywhere in its class or in the function that has it."""
        return self._appended.get(self._home(container), []) if isinstance(container, Read) else []

    @cached_property
    def _appended(self) -> dict[tuple[int, str], list[Value]]:
        found: dict[tuple[int, str], list[Value]] = defaultdict(list)
        for call, receiver in self.index.methods.get("append", ()):
            if len(call.args) == 1 and isinstance(receiver, Read):
                found[self._home(receiver)].append(call.args[0])
        return found

    def _home(self, read: Read) -> tuple[int, str]:
        """The scope that owns a place, and the place."""
        owner = self.class_of(read.scope) if read.path.startswith("self.") else None
        around = self.enclosing(read.scope) if owner is None else [owner]
        return next((scope.id for scope in around if read.path in scope.bindings), read.scope), read.path

    def _entry_origins(
        self, value: Value, base: Value, key: object, depth: int, seen: frozenset[int]
    ) -> Iterator[Value]:
        found = False
        for origin in self.origins(base, depth - 1, seen):
            if isinstance(origin, Mapping):
                for name, item in origin.items:
                    if isinstance(name, Const) and name.value == key:
                        found = True
                        yield from self.origins(item, depth - 1, seen)
            elif (
                isinstance(origin, Sequence) and isinstance(key, int) and -len(origin.items) <= key < len(origin.items)
            ):
                found = True
                yield from self.origins(origin.items[key], depth - 1, seen)
        if not found:
            yield value

    def _call_origins(self, call: Call, depth: int, seen: frozenset[int]) -> Iterator[Value]:
        yield call
        if depth < _DEPTH // 2:
            return
        scope = self._called_directly(call.callee)
        if scope is not None and scope.kind in ("function", "lambda") and scope.name != "__init__":
            for returned in scope.returns:
                yield from self.origins(returned, depth - 3, seen)
            return
        if call.args and isinstance(call.callee, Global) and canonical(call.callee.name) in PASS_THROUGH:
            yield from self.origins(call.args[0], depth - 1, seen)

    # -- uses ------------------------------------------------------------------------------------

    @cached_property
    def _around(self) -> dict[int, Value | Statement]:
        """For each value (by identity) the value around it, or its statement if there is none."""
        found: dict[int, Value | Statement] = {}
        for statement in self.tree.statements:
            found[id(statement.value)] = statement
            for value in walk(statement.value):
                found.update((id(child), value) for child in value.children)
        return found

    def parent(self, value: Value) -> Value | None:
        """The value directly around a value, None at the top of its statement."""
        around = self._around.get(id(value))
        return None if isinstance(around, Statement) else around

    def statement(self, value: Value) -> Statement | None:
        """The statement a value stands in."""
        around = self._around.get(id(value))
        return around if around is None or isinstance(around, Statement) else self.statement(around)

    @cached_property
    def _readers(self) -> dict[int, list[Read]]:
        found: dict[int, list[Read]] = defaultdict(list)
        for statement in self.tree.statements:
            stack: list[Value] = [statement.value]
            while stack:
                value = stack.pop()
                stack.extend(value.children)
                if isinstance(value, Read):
                    for binding in self.definitions(value):
                        found[binding.id].append(value)
                    root = value.path.split(".", 1)[0].split("[", 1)[0]
                    if root != value.path and root != "self":
                        for binding in self.definitions(Read(value.span, root, value.scope, ())):
                            found[binding.id].append(value)
        return found

    def readers(self, binding: Binding) -> list[Read]:
        """The places of this module that may read what a binding defines."""
        return self._readers.get(binding.id, [])


def _stepped_through(call: Call, index: int | None) -> Value | None:
    """Whose elements are at ``index`` of what ``zip`` or ``enumerate`` yields."""
    if not isinstance(call.callee, Read) or index is None:
        return None
    if call.callee.path == "zip" and index < len(call.args):
        return call.args[index]
    return call.args[0] if call.callee.path == "enumerate" and index == 1 and call.args else None
