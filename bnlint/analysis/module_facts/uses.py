"""Where the values of a module end up: fetched, awaited, returned, stored, or nowhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Literal

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.scopes import Binding, Statement
from bnlint.analysis.code.values import (
    Attribute,
    Call,
    Choice,
    Const,
    Global,
    Item,
    Mapping,
    Op,
    Opaque,
    Read,
    Subscript,
    Value,
    path_of,
    walk,
)
from bnlint.analysis.code.values import Sequence as SequenceValue
from bnlint.frozen import dataclass

# What becomes of a value in the end. "unread": bound to a name, or put into a list, that nothing reads; "given": put
# into a list that the caller of the function passes.
Kind = Literal[
    "dropped",
    "unread",
    "empty",
    "fetched",
    "optimised",
    "collected",
    "stored",
    "exported",
    "returned",
    "given",
    "passed",
]
_NOWHERE = frozenset({"dropped", "unread", "empty"})

_COMBINE = frozenset(
    {
        "tf.group", "tf.tuple", "tf.identity", "tf.identity_n", "tf.stop_gradient", "tf.convert_to_tensor", "tf.cast",
        "tf.with_dependencies", "tf.reshape", "tf.squeeze", "tf.expand_dims", "tf.reduce_mean", "tf.add", "tf.subtract",
        "tf.multiply", "tf.stack", "tf.concat", "list", "tuple", "set", "sorted", "reversed", "zip", "enumerate",
        "filter",
    }
)  # fmt: skip
# They look at a value and leave it at that.
_LOOK = frozenset({"len", "print", "bool", "isinstance", "type"})
_CONTROL = frozenset({"tf.control_dependencies"})
_GROW = frozenset({"append", "extend", "insert", "add"})
_RUN = frozenset({"run", "eval", "partial_run", "run_step_fn", "make_callable", "partial_run_setup"})
_OPTIMISE = frozenset({"minimize", "compute_gradients", "apply_gradients", "get_gradients"})
_PASSIVE = (Read, Attribute, Subscript, Const, Global, SequenceValue)
_DEPTH = 40


@dataclass(frozen=True, slots=True)
class End:
    """One place where a value ends up.

    call: what takes it: the fetch, the optimizer step, `add_to_collection`, the call it is passed to.
    name: the attribute that stores it, the global that exports it, the parameter that is the list.
    scope, index: the function that returns it or has that parameter, and its place in the tuple or dict returned.
    """

    kind: Kind
    call: Call | None = None
    name: str | None = None
    scope: int | None = None
    index: int | str | None = None

    @property
    def is_nowhere(self) -> bool:
        """Whether nothing can run what ends here."""
        return self.kind in _NOWHERE


@dataclass(frozen=True, slots=True)
class _Step:
    """A value on its way up: what it is part of, and its index or key if that is a tuple or a dict."""

    value: Value
    part: Value
    index: int | str | None = None


class Uses:
    """Answers for one module."""

    def __init__(self, flow: Dataflow) -> None:
        self._flow = flow

    def ends(self, value: Value, index: int | str | None = None) -> set[End]:
        """Where a value, or one element of a tuple or a dict, ends up. What waits for it counts as its use."""
        return self._follow(value, index, set(), 0)

    def ends_of_list(self, binding: Binding) -> set[End]:
        """Where what is put into a list ends up, by the place that holds the list."""
        if binding.kind == "parameter":
            given = End("given", name=binding.path, scope=binding.scope)
            return {given, *(end for end in self._read_later(binding, set(), 0) if not end.is_nowhere)}
        return self._read_later(binding, set(), 0)

    def is_nowhere(self, value: Value, index: int | str | None = None) -> bool:
        """Whether nothing in this module or outside can ever run a value that is an op."""
        return all(end.is_nowhere for end in self.ends(value, index))

    def control_call(self, call: Call) -> bool:
        """Whether a call is ``control_dependencies``."""
        method = self._flow.method_of(call)
        return self._flow.name_of(call) in _CONTROL or (method is not None and method[1] == "control_dependencies")

    # -- one step --------------------------------------------------------------------------------

    def _follow(self, value: Value, index: int | str | None, seen: set[int], depth: int) -> set[End]:
        if id(value) in seen:
            return set()
        if depth > _DEPTH:
            return {End("passed")}
        seen.add(id(value))
        step = _Step(value, value, index)
        while True:
            parent = self._flow.parent(step.value)
            if parent is None:
                return self._at_top(step, seen, depth)
            if isinstance(parent, Call):
                ends = self._in_call(parent, step, seen, depth)
                if ends is not None:
                    return ends
                step = _Step(parent, parent)
            elif isinstance(parent, SequenceValue):
                place = next(i for i, item in enumerate(parent.items) if item is step.value)
                step = _Step(parent, step.part, place)
            elif isinstance(parent, Subscript) and step.value is parent.base:
                if _is_another(parent.index, step.index):
                    return set()
                step = _Step(parent, step.part)
            elif isinstance(parent, Mapping):
                keys = [key.value for key, item in parent.items if item is step.value and isinstance(key, Const)]
                step = _Step(parent, step.part, keys[0] if keys and isinstance(keys[0], str) else None)
            elif isinstance(parent, (Choice, Op, Opaque, Subscript)):
                if isinstance(parent, Choice) and parent.test is step.value:
                    return set()
                if isinstance(parent, Opaque) and parent.kind in ("yield", "await"):
                    return {End("passed")}
                step = _Step(parent, step.part)
            else:
                return self._of_attribute(parent, step)

    def _of_attribute(self, parent: Value, step: _Step) -> set[End]:
        """``updates.append`` says nothing of the updates; ``op.run`` and all else may run them."""
        outer = self._flow.parent(parent)
        grows = isinstance(parent, Attribute) and parent.name in _GROW and isinstance(outer, Call)
        return set() if grows and isinstance(step.value, Read) else {End("passed")}

    def _at_top(self, step: _Step, seen: set[int], depth: int) -> set[End]:
        statement = self._flow.statement(step.value)
        if statement is None:
            return {End("passed")}
        match statement.kind:
            case "expression":
                return {End("dropped")}
            case "assign" | "augmented":
                return self._bound(statement, step, seen, depth)
            case "return":
                return self._returned(statement, step, seen, depth)
            case "loop":
                return self._elements(step.value, seen, depth)
            case "test" | "delete":
                return set()
            case _:
                return {End("passed")}

    def _bound(self, statement: Statement, step: _Step, seen: set[int], depth: int) -> set[End]:
        bindings = [self._flow.tree.bindings[index] for index in statement.bindings]
        if not bindings:
            return {End("passed")}
        found: set[End] = set()
        pairs = [binding for binding in bindings if binding.value is step.part and step.part is not step.value]
        for binding in pairs or bindings:
            value = binding.value
            if isinstance(value, Item) and step.index is not None and value.index not in (None, step.index):
                continue
            found |= self._read_later(binding, seen, depth, None if isinstance(value, Item) else step.index)
            # `updates += [update]` changes the list that the caller has.
            extended = value.operands[0] if statement.kind == "augmented" and isinstance(value, Op) else None
            if isinstance(extended, Read) and extended is not step.value:
                before = self._flow.definitions(extended)
                found |= {End("given", name=b.path, scope=b.scope) for b in before if b.kind == "parameter"}
        return found

    def _read_later(self, binding: Binding, seen: set[int], depth: int, index: int | str | None = None) -> set[End]:
        root, _, rest = binding.path.partition(".")
        if "[" in binding.path and not root.startswith("self"):
            return {End("passed")}
        if rest or "[" in binding.path:
            return {End("stored", name=rest.partition("[")[0].rpartition(".")[2] or root)}
        scope = self._flow.tree.scopes[binding.scope]
        if binding.path in scope.outer_names:
            return {End("exported", name=binding.path)}
        found: set[End] = set()
        for read in self._flow.readers(binding):
            if read.span != binding.target:
                found |= self._follow(read, index, seen, depth + 1)
        if scope.kind == "module":
            return found | {End("exported", name=binding.path)}
        return found or {End("stored", name=binding.path) if scope.kind == "class" else End("unread")}

    def _returned(self, statement: Statement, step: _Step, seen: set[int], depth: int) -> set[End]:
        branch = self._flow.branch_scopes.get(statement.scope)
        if branch is not None:
            return self._follow(branch[0], None, seen, depth + 1)
        whole = step.value is step.part
        return {End("returned", scope=statement.scope, index=None if whole else step.index)}

    def _elements(self, value: Value, seen: set[int], depth: int) -> set[End]:
        found: set[End] = set()
        for binding in self._loop_targets.get(id(value), ()):
            found |= self._read_later(binding, seen, depth)
        return found

    @cached_property
    def _loop_targets(self) -> dict[int, list[Binding]]:
        found: dict[int, list[Binding]] = defaultdict(list)
        for binding in self._flow.tree.bindings:
            if binding.kind == "loop":
                iterated = binding.value
                # `for number, op in enumerate(ops)` binds items of an item.
                while isinstance(iterated, Item):
                    iterated = iterated.base
                found[id(iterated)].append(binding)
        return found

    # -- calls -----------------------------------------------------------------------------------

    def _in_call(self, call: Call, step: _Step, seen: set[int], depth: int) -> set[End] | None:
        """Where an argument ends up; None if it lives on in the result of the call."""
        name, method = self._flow.name_of(call), self._flow.method_of(call)
        if name is None and isinstance(call.callee, Read) and not self._flow.definitions(call.callee):
            name = call.callee.path
        if step.value is call.callee:
            return {End("passed", call)}
        if name in _LOOK:
            return set()
        if self.control_call(call):
            return self._awaited(call, seen, depth)
        if name in _COMBINE or (name is not None and name.startswith(("tf.nn.", "tf.math."))):
            return None
        if (name or "").endswith("add_to_collection") or (method is not None and "add_to_collection" in method[1]):
            return {End("collected", call)}
        if name == "tf.gradients" or (method is not None and method[1] in _OPTIMISE):
            return {End("optimised", call)}
        if method is not None and method[1] in _RUN:
            return {End("fetched", call)}
        if method is not None and method[1] in _GROW:
            return self._put_into(method[0], call, seen, depth)
        return {End("passed", call)}

    def _put_into(self, container: Value, call: Call, seen: set[int], depth: int) -> set[End]:
        path = path_of(container)
        if path is None:
            return {End("passed", call)}
        if path.startswith("self."):
            return {End("stored", call, path.rpartition(".")[2])}
        if "." in path or "[" in path or not isinstance(container, Read):
            return {End("passed", call)}
        bindings = self._flow.definitions(Read(container.span, path, self._flow.site(call).scope, ()))
        found: set[End] = set()
        for binding in bindings:
            if binding.kind == "parameter":
                found.add(End("given", call, binding.path, binding.scope))
            found |= self._read_later(binding, seen, depth)
        return found or {End("unread")}

    def _awaited(self, call: Call, seen: set[int], depth: int) -> set[End]:
        found: set[End] = set()
        for statement in self.under(call):
            if not builds(statement):
                continue
            if statement.kind == "expression" and not self._is_mere_op(statement.value):
                return {End("passed", call)}
            found |= self._follow(statement.value, None, seen, depth + 1)
        return found or {End("empty", call)}

    def under(self, control: Call) -> Iterator[Statement]:
        """The statements, of the same scope, that stand in the block a ``control_dependencies`` call opens."""
        for block in self._flow.tree.blocks:
            if block.context is control:
                statements: Sequence[Statement] = [self._flow.tree.statements[index] for index in block.statements]
                yield from (statement for statement in statements if statement.scope == block.scope)

    def _is_mere_op(self, value: Value) -> bool:
        """Whether an expression statement only makes an op; an unknown call may do anything."""
        name = self._flow.name_of(value) if isinstance(value, Call) else None
        return name is not None and (name in _COMBINE or name == "tf.no_op")


def _is_another(taken: Value, index: int | str | None) -> bool:
    """Whether what is taken out of a tuple or a dict is another element than the one at an index or key."""
    element = taken.value if isinstance(taken, Const) else None
    if isinstance(index, int):
        return isinstance(element, int) and element >= 0 and element != index
    return isinstance(index, str) and isinstance(element, str) and element != index


def builds(statement: Statement) -> bool:
    """Whether a statement may make an op: it calls or computes something, other than a scope or a Python test."""
    if statement.kind in ("with", "test"):
        return statement.kind == "test" and any(isinstance(value, Call) for value in walk(statement.value))
    return statement.kind == "augmented" or any(not isinstance(value, _PASSIVE) for value in walk(statement.value))
