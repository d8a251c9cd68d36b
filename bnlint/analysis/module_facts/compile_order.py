"""The order of ``compile``, ``trainable = …`` and ``fit`` on Keras models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.scopes import Binding, Scope, Statement
from bnlint.analysis.code.values import Attribute, Call, Const, Item, Read, Subscript, Value, path_of, walk
from bnlint.frozen import dataclass

_TRAINS = frozenset({"fit", "fit_generator", "train_on_batch"})
_DEPTH = 5


@dataclass(frozen=True, slots=True)
class LateChange:
    """``part.trainable = value`` that a model trained later does not heed, or heeds against the intent.

    kind: "traced", after a first ``fit``; "compiled", after ``compile``, which fixes it in Keras 2 alone; "shared", a
    model that was compiled as trainable is frozen for another one: in Keras 3 it then does not train by itself either.
    """

    binding: Binding
    model: str
    value: bool
    kind: Literal["traced", "compiled", "shared"]


@dataclass(frozen=True, slots=True)
class _Event:
    kind: Literal["compile", "set", "train"]
    path: str
    value: Value | None = None
    binding: Binding | None = None
    truth: bool = True


def late_changes(flow: Dataflow) -> list[LateChange]:
    """The changes of a module, each once; of the kinds that hold in both generations of Keras the first is kept."""
    found: dict[int, LateChange] = {}
    for events in _sequences(flow):
        for change in _Run(flow, events).changes():
            found.setdefault(change.binding.id, change)
    return [change for change in found.values() if not (change.value and _trains_by_tape(flow, change.binding.path))]


def _trains_by_tape(flow: Dataflow, path: str) -> bool:
    """Whether the weights of what is made trainable are asked for: a step over them heeds it at once."""
    part = path.removesuffix(".trainable")
    weights = (f"{part}.trainable_variables", f"{part}.trainable_weights")
    values = (value for statement in flow.tree.statements for value in walk(statement.value))
    return any(isinstance(value, (Read, Attribute)) and path_of(value) in weights for value in values)


def _sequences(flow: Dataflow) -> Iterator[list[_Event]]:
    """What happens in each function or module body, and in each class: ``__init__``, then any other method."""
    for scope in flow.tree.scopes:
        if scope.kind in ("function", "module"):
            yield list(_events(flow, scope))
        elif scope.kind == "class":
            first = flow.method(scope, "__init__")
            start = list(_events(flow, first)) if first is not None else []
            methods = [s for s in flow.tree.scopes if s.parent == scope.id and s.kind == "function" and s is not first]
            for method in methods if start else ():
                yield [*start, *_events(flow, method)]


def _events(flow: Dataflow, scope: Scope) -> Iterator[_Event]:
    for index in scope.statements:
        statement = flow.tree.statements[index]
        yield from _calls(flow, statement)
        for binding in (flow.tree.bindings[each] for each in statement.bindings):
            path, _, last = binding.path.rpartition(".")
            if last == "trainable" and isinstance(binding.value, Const) and isinstance(binding.value.value, bool):
                yield _Event("set", _whole(flow, path, scope), None, binding, binding.value.value)


def _calls(flow: Dataflow, statement: Statement) -> Iterator[_Event]:
    for call in walk(statement.value):
        if isinstance(call, Call):
            yield from _set_inside(flow, call)
        method = flow.method_of(call) if isinstance(call, Call) else None
        path = path_of(method[0]) if method is not None else None
        if method is None or path is None:
            continue
        if method[1] == "compile":
            yield _Event("compile", path, method[0])
        elif method[1] in _TRAINS:
            yield _Event("train", path, method[0])


def _set_inside(flow: Dataflow, call: Call) -> Iterator[_Event]:
    """What a function of the module sets on the parts that a call passes to it."""
    function = flow.called_scope(call)
    for path, indices in function.bindings.items() if function is not None else ():
        name, _, last = path.rpartition(".")
        given = flow.passed(call, function, name) if function is not None and last == "trainable" else None
        part = path_of(given) if given is not None else None
        value = flow.tree.bindings[indices[-1]].value
        if part is not None and isinstance(value, Const) and isinstance(value.value, bool):
            yield _Event("set", part, truth=value.value)


def _whole(flow: Dataflow, path: str, scope: Scope) -> str:
    """The model that a part belongs to: of ``for layer in model.layers`` and ``layer = model.layers[0]``, the model."""
    for index in scope.bindings.get(path, ()):
        value = flow.tree.bindings[index].value
        while isinstance(value, (Item, Subscript)):
            value = value.base
        method = flow.method_of(value) if isinstance(value, Call) else None
        if method is not None and method[1] == "get_layer":
            return path_of(method[0]) or path
        whole = path_of(value) if isinstance(value, (Read, Attribute)) else None
        if whole is not None and whole.endswith(".layers"):
            return whole.removesuffix(".layers")
    return path


class _Run:
    """One sequence of events, followed with what each part's ``trainable`` is and was."""

    def __init__(self, flow: Dataflow, events: list[_Event]) -> None:
        self._flow = flow
        self._events = events

    def changes(self) -> Iterator[LateChange]:
        state: dict[str, _Event] = {}
        compiled: dict[str, dict[str, _Event]] = {}
        traced: dict[str, dict[str, _Event]] = {}
        after_set: dict[str, set[str]] = {}
        for event in self._events:
            if event.kind == "set":
                state[event.path] = event
                after_set[event.path] = set()
            elif event.kind == "compile":
                compiled[event.path] = dict(state)
                traced.pop(event.path, None)
                for part in after_set:
                    after_set[part].add(event.path)
            elif event.path in compiled:
                before = traced.get(event.path)
                traced.setdefault(event.path, dict(state))
                for part, change in state.items():
                    if change.binding is None or not self._belongs(part, event):
                        continue
                    then = compiled[event.path] if before is None else before
                    if _truth(then, part) is change.truth:
                        continue
                    shared = bool(after_set[part] - {event.path})
                    if before is not None:
                        yield LateChange(change.binding, event.path, change.truth, "traced")
                    elif not shared:
                        yield LateChange(change.binding, event.path, change.truth, "compiled")
                    elif part == event.path and not change.truth:
                        yield LateChange(change.binding, event.path, change.truth, "shared")

    def _belongs(self, part: str, trained: _Event) -> bool:
        """Whether a model is the part, or is made of it."""
        return part == trained.path or (trained.value is not None and self._mentions(trained.value, part, _DEPTH))

    def _mentions(self, value: Value, part: str, depth: int) -> bool:
        if depth <= 0:
            return False
        for origin in self._flow.origins(value):
            for inner in walk(origin):
                if path_of(inner) == part:
                    return True
                if isinstance(inner, Read) and inner is not value and self._mentions(inner, part, depth - 1):
                    return True
        return False


def _truth(state: dict[str, _Event], part: str) -> bool:
    return state[part].truth if part in state else True
