"""Batch-norm layers: where they are made, where they are called, and with which training flag."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.scopes import Scope
from bnlint.analysis.code.values import Call, Const, Mapping, Read, Sequence, Value, is_false
from bnlint.frozen import dataclass
from bnlint.span import Span

LAYER_CLASSES = frozenset(
    {
        "keras.layers.BatchNormalization", "keras.layers.SyncBatchNormalization", "keras.layers.BatchNormalizationV1",
        "keras.layers.BatchNormalizationV2", "keras.layers.BatchNormalizationBase", "tf.layers.BatchNormalization",
        "keras.layers.BatchRenormalization",
    }
)  # fmt: skip
LAYER_FUNCTIONS = frozenset({"tf.layers.batch_normalization", "slim.batch_norm"})


@dataclass(frozen=True, slots=True)
class LayerUse:
    """One call of a layer. ``training`` is None where no flag is passed; a flag may hide in ``**kwargs``."""

    call: Call
    scope: int
    training: Value | None
    may_pass_training: bool


@dataclass(slots=True)
class Layer:
    """A batch-norm layer object. ``paths`` are the places that hold it."""

    creation: Call
    api: str
    scope: int
    paths: set[str] = field(default_factory=set)
    uses: list[LayerUse] = field(default_factory=list)

    @property
    def span(self) -> Span:
        """Where it is created."""
        return self.creation.span

    @property
    def is_frozen(self) -> bool:
        """Whether it is created with ``trainable=False``."""
        return is_false(self.creation.keyword("trainable"))


@dataclass(frozen=True, slots=True)
class LayerFunctionCall:
    """A call of ``tf.layers.batch_normalization`` or ``slim.batch_norm``, which make the layer and call it.

    api: canonical name; options: all keyword arguments that are in sight, those of ``**dict`` displays included;
    complete: False if some hide in a ``**kwargs`` that cannot be seen through, or in an ``arg_scope``.
    """

    call: Call
    api: str
    scope: int
    options: dict[str, Value]
    complete: bool

    @property
    def training(self) -> Value | None:
        """The flag that is passed, None if none is in sight."""
        return self.options.get("training" if self.api.startswith("tf.") else "is_training")

    @property
    def updates_in_place(self) -> bool:
        """Whether ``updates_collections=None`` makes the layer run its own updates."""
        collections = self.options.get("updates_collections")
        return isinstance(collections, Const) and collections.value is None

    @property
    def is_frozen(self) -> bool:
        """Whether ``trainable=False`` keeps the layer from updating."""
        trainable = self.options.get("trainable")
        return isinstance(trainable, Const) and trainable.value is False


def layer_function_calls(flow: Dataflow) -> Iterator[LayerFunctionCall]:
    """The functional batch-norm calls of a module, direct or through ``functools.partial``."""
    for call in flow.index.named(*LAYER_FUNCTIONS):
        name = flow.name_of(call) or ""
        options, complete = _options(flow, call)
        if name == "tf.layers.batch_normalization":
            for position, option in _POSITIONS:
                value = call.argument(position)
                if value is not None:
                    options.setdefault(option, value)
        yield LayerFunctionCall(call, name, flow.site(call).scope, options, complete)


# Of tf.layers.batch_normalization; slim.batch_norm is called by keyword.
_POSITIONS = ((2, "momentum"), (14, "training"), (15, "trainable"), (16, "name"), (17, "reuse"))


def _options(flow: Dataflow, call: Call) -> tuple[dict[str, Value], bool]:
    options: dict[str, Value] = {}
    complete = True
    for name, value in call.keywords:
        if name is not None:
            options[name] = value
            continue
        displays = [origin for origin in flow.origins(value) if isinstance(origin, Mapping)]
        complete &= bool(displays)
        for display in displays:
            for key, item in display.items:
                if isinstance(key, Const) and isinstance(key.value, str):
                    options.setdefault(key.value, item)
                else:
                    complete = False
    return options, complete


class Layers:
    """Finds the batch-norm layers of a module and what holds them."""

    def __init__(self, flow: Dataflow) -> None:
        self._flow = flow
        self.all: list[Layer] = []
        self._by_call: dict[int, Layer] = {}
        for call in flow.index.named(*LAYER_CLASSES):
            layer = Layer(call, flow.name_of(call) or "", flow.site(call).scope)
            self.all.append(layer)
            self._by_call[call.id] = layer
        if self.all:
            self._find_uses()

    def of(self, value: Value) -> list[Layer]:
        """The layers that a value may be."""
        found = (self._by_call.get(origin.id) for origin in self._flow.origins(value) if isinstance(origin, Call))
        return list({layer.creation.id: layer for layer in found if layer is not None}.values())

    def held_by(self, owner: Scope) -> Iterator[tuple[str, Layer]]:
        """The attributes of a class that hold a layer, alone or in a list, with the layer."""
        for scope in self._flow.lineage(owner):
            for path, bindings in scope.bindings.items():
                if not path.startswith("self."):
                    continue
                for index in bindings:
                    for layer in self._inside(self._flow.tree.bindings[index].value):
                        yield path, layer

    def _inside(self, value: Value) -> list[Layer]:
        found = self.of(value)
        for origin in self._flow.origins(value):
            if isinstance(origin, Sequence):
                for item in origin.items:
                    found += self.of(item)
            elif isinstance(origin, Call) and self._flow.name_of(origin) == "keras.Sequential":
                for argument in origin.given:
                    found += self._inside(argument)
        return found

    def _find_uses(self) -> None:
        for binding in self._flow.tree.bindings:
            if binding.kind == "assign":
                for layer in self.of(binding.value):
                    layer.paths.add(binding.path)
        for call in self._flow.tree.calls:
            if isinstance(call.callee, (Read, Call)) or type(call.callee).__name__ in (
                "Subscript",
                "Attribute",
                "Item",
            ):
                for layer in self.of(call.callee):
                    layer.uses.append(_use(call, self._flow.site(call).scope))


def _use(call: Call, scope: int) -> LayerUse:
    hidden = any(name is None for name, _ in call.keywords)
    return LayerUse(call, scope, call.argument(1, "training"), hidden)


@dataclass(frozen=True, slots=True)
class KerasClass:
    """A class of this module that derives from a Keras model or layer.

    call: its ``call`` method, own or inherited inside the module; layers: the batch-norm layers it holds.
    """

    scope: Scope
    is_model: bool
    call: Scope | None
    layers: tuple[Layer, ...]


def keras_classes(flow: Dataflow, layers: Layers) -> Iterator[KerasClass]:
    """The Keras models and layers that a module defines."""
    for scope in flow.tree.scopes:
        if scope.kind != "class":
            continue
        bases = flow.base_names(scope)
        is_model = bool(bases & {"keras.Model", "keras.Sequential", "keras.models.Functional", "keras.Functional"})
        if not is_model and "keras.layers.Layer" not in bases and not any(b.startswith("keras.layers.") for b in bases):
            continue
        held = {layer.creation.id: layer for _, layer in layers.held_by(scope)}
        yield KerasClass(scope, is_model, flow.method(scope, "call"), tuple(held.values()))
