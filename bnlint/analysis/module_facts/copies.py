"""Writing that never reaches a statistic: into a copy of its value, or over the attribute that holds it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.scopes import Binding
from bnlint.analysis.code.values import Call, Const, Op, Opaque, Read, Subscript, Value, path_of
from bnlint.analysis.module_facts.creation import filling
from bnlint.analysis.module_facts.layers import Layer
from bnlint.analysis.module_facts.statistics import Statistic
from bnlint.frozen import dataclass
from bnlint.span import Span

# The attributes in which Keras layers hold their statistics.
_KERAS_STATISTICS = ("moving_mean", "moving_variance")
_LAYER_NAME = re.compile(r"(?:^|[._])(?:bn|batch_?norm(?:ali[sz]ation)?|norm)(?:[._]?\d+)?$", re.IGNORECASE)
_ENTRY = re.compile(r"(\w+)\[(-?\d+)\]")
_STATISTIC_INDICES = (2, 3, -1, -2)
_TENSORS = ("tf.", "keras.ops.", "numpy.")
_OF_ARRAYS = frozenset({"mean", "var", "std", "copy", "astype"})
_NO_TENSORS = frozenset({"tf.Variable", "tf.get_variable", "tf.Module", "tf.identity", "tf.cast"})


@dataclass(frozen=True, slots=True)
class CopyWrite:
    """``bn.moving_mean.numpy()[:] = value``: a copy is changed.

    place: what was copied; method: how; direct: the copy has no name; whole: all of it is overwritten.
    """

    span: Span
    scope: int
    place: Value
    method: str
    value: Value
    whole: bool
    direct: bool
    statistics: tuple[Statistic, ...]


@dataclass(frozen=True, slots=True)
class AttributeReset:
    """``bn.moving_mean = tensor``: the layer's variable is replaced in the attribute, not written."""

    binding: Binding
    statistics: tuple[Statistic, ...]
    rows: tuple[int, ...]


class Copies:
    """Answers for one module."""

    def __init__(self, flow: Dataflow, statistics: list[Statistic], layers: list[Layer]) -> None:
        self._flow = flow
        self._statistics = statistics
        self._made = {statistic.call.id: statistic for statistic in statistics}
        self._layers = {layer.creation.id: layer for layer in layers}

    # -- copies --------------------------------------------------------------------------------------

    def writes(self) -> Iterator[CopyWrite]:
        """Everything written into a copy of a statistic that goes nowhere."""
        for store in self._flow.tree.stores:
            yield from self._write(store.target, store.value, store.scope, store.span)
        for binding in self._flow.tree.bindings:
            entry = _ENTRY.fullmatch(binding.path)
            if entry is not None and binding.kind in ("assign", "augmented"):
                name = Read(binding.target, entry[1], binding.scope, ())
                target = Subscript(binding.target, name, Const(binding.target, int(entry[2])))
                yield from self._write(target, binding.value, binding.scope, binding.span)

    def _write(self, target: Value, value: Value, scope: int, span: Span) -> Iterator[CopyWrite]:
        indices: list[Value] = []
        while isinstance(target, Subscript):
            indices.append(target.index)
            target = target.base
        direct = isinstance(target, Call)
        copy = target if isinstance(target, Call) else self._named_copy(target)
        if copy is None or not indices:
            return
        source = self._copied(copy, indices[-1])
        if source is not None:
            place, method = source
            whole = direct and len(indices) == 1 and _is_everything(indices[0])
            yield CopyWrite(span, scope, place, method, value, whole, direct, tuple(self._of(place)))

    def _named_copy(self, base: Value) -> Call | None:
        """The call whose result a name holds, if nothing reads the name again."""
        if not isinstance(base, Read) or "." in base.path:
            return None
        bound = self._flow.definitions(Read(base.span, base.path, base.scope, base.bindings))
        if len(bound) != 1 or self._flow.tree.scopes[bound[0].scope].kind == "module":
            return None
        value = bound[0].value
        return value if isinstance(value, Call) and not self._flow.readers(bound[0]) else None

    def _copied(self, call: Call, first: Value) -> tuple[Value, str] | None:
        """What a call copies, if that is a statistic: ``variable.numpy()``, ``layer.get_weights()``."""
        method = self._flow.method_of(call)
        if method is None:
            value = call.argument(0, "x") if self._flow.name_of(call) == "keras.backend.get_value" else None
            return (value, "get_value") if value is not None and self._is_statistic(value) else None
        if method[1] == "numpy" and self._is_statistic(method[0]):
            return method[0], "numpy"
        if method[1] == "get_weights" and isinstance(first, Const) and first.value in _STATISTIC_INDICES:
            named = _LAYER_NAME.search(path_of(method[0]) or "") is not None
            return (method[0], "get_weights") if named or self._layers_of(method[0]) else None
        return None

    def _is_statistic(self, value: Value) -> bool:
        path = path_of(value) or ""
        of_layer = "." in path and not path.startswith("self.") and path.rpartition(".")[2] in _KERAS_STATISTICS
        return of_layer or any(statistic.is_batch_norm for statistic in self._of(value))

    def _of(self, value: Value) -> list[Statistic]:
        """The statistics of this module that a place is, also by the name of the attribute."""
        found = [self._made[o.id] for o in self._flow.origins(value) if isinstance(o, Call) and o.id in self._made]
        tail = (path_of(value) or "").rpartition(".")[2]
        return found or [s for s in self._statistics if f"self.{tail}" in s.paths]

    def _layers_of(self, value: Value) -> list[Layer]:
        found = (self._layers.get(o.id) for o in self._flow.origins(value) if isinstance(o, Call))
        return [layer for layer in found if layer is not None]

    # -- attributes ----------------------------------------------------------------------------------

    def resets(self) -> Iterator[AttributeReset]:
        """Attributes that held a statistic and are bound to a tensor that is not computed from it."""
        for binding in self._flow.tree.bindings:
            owner, dot, name = binding.path.rpartition(".")
            if not dot or "[" in name or binding.kind != "assign":
                continue
            if not self._is_tensor(binding.value):
                if name in _KERAS_STATISTICS and _is_array(self._flow, binding.value):
                    yield from self._reset_beside_assign(binding, owner, name)
            elif owner == "self":
                statistics = self._reset_of_own(binding)
                if statistics:
                    yield AttributeReset(binding, tuple(statistics), ())
            elif name in _KERAS_STATISTICS:
                yield from self._reset_of_other(binding, owner, name)

    def _reset_of_own(self, binding: Binding) -> list[Statistic]:
        around = self._flow.class_of(binding.scope)
        if around is None or filling(self._flow, binding.value) is None:
            return []
        own = [s for s in self._statistics if binding.path in s.paths and self._flow.class_of(s.scope) is around]
        return own if all(s.is_batch_norm and s.scope != binding.scope for s in own) else []

    def _reset_of_other(self, binding: Binding, owner: str, name: str) -> Iterator[AttributeReset]:
        layers = self._layers_of(Read(binding.target, owner, binding.scope, ()))
        held = [s for s in self._statistics if f"self.{name}" in s.paths]
        if layers or held or not self._is_plain_attribute(name):
            yield AttributeReset(binding, tuple(held), tuple(layer.span.row for layer in layers))

    def _reset_beside_assign(self, binding: Binding, owner: str, name: str) -> Iterator[AttributeReset]:
        """An array put into one attribute where the same code assigns to the other: both hold variables."""
        others = {f"{owner}.{other}" for other in _KERAS_STATISTICS if other != name}
        methods = (self._flow.method_of(call) for call in self._flow.tree.scopes[binding.scope].calls)
        if owner != "self" and any(m is not None and m[1] == "assign" and path_of(m[0]) in others for m in methods):
            held = [s for s in self._statistics if f"self.{name}" in s.paths]
            yield AttributeReset(binding, tuple(held), ())

    def _is_plain_attribute(self, name: str) -> bool:
        """Whether some class of this module holds a plain value under that name."""
        return any(path == f"self.{name}" for scope in self._flow.tree.scopes for path in scope.bindings)

    def _is_tensor(self, value: Value, depth: int = 4) -> bool:
        origins = list(self._flow.origins(value))
        return bool(origins) and depth > 0 and all(self._computes(origin, depth) for origin in origins)

    def _computes(self, origin: Value, depth: int) -> bool:
        if isinstance(origin, Op):
            return origin.op in "+-*/" and any(self._is_tensor(operand, depth - 1) for operand in origin.operands)
        name = self._flow.name_of(origin) if isinstance(origin, Call) else None
        return name is not None and name.startswith(_TENSORS) and name not in _NO_TENSORS


def _is_array(flow: Dataflow, value: Value) -> bool:
    """Whether a value is what a method of an array computes."""
    method = flow.method_of(value) if isinstance(value, Call) else None
    return method is not None and method[1] in _OF_ARRAYS


def _is_everything(index: Value) -> bool:
    """``[:]`` or ``[...]``."""
    return isinstance(index, Opaque) and index.kind in ("slice", "ellipsis") and not index.parts
