"""TensorFlow 1 collections: who fills them, which layers do so without a word, and who reads them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Literal

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.values import Call, Const, Global, Mapping, Op, Parameter, Sequence, Value, is_false, walk
from bnlint.analysis.module_facts.layers import LAYER_FUNCTIONS, Layer, LayerFunctionCall
from bnlint.analysis.module_facts.uses import Uses
from bnlint.frozen import dataclass
from bnlint.span import Span

UPDATE_OPS = "update_ops"

_GET = frozenset({"get_collection", "get_collection_ref"})
_ADD = frozenset({"add_to_collection", "add_to_collections"})
_COLLECTIONS = "updates_collections"

# What is known of the flag that a layer is given: always on, always off, left out of a layer that then takes it
# as off, or decided by the caller or by a run.
Flag = Literal["on", "off", "unset", "varies"]

# The training flags of the layers that are functions.
LAYER_FLAGS = {"tf.layers.batch_normalization": "training", "slim.batch_norm": "is_training"}


@dataclass(frozen=True, slots=True)
class CollectionRead:
    """A call of ``get_collection``. key: None if it is unknown.

    part: the scope by which only a part is read; used: what is read is not simply dropped.
    is_reference: what is read is the collection itself, which goes on to grow, and no copy of it.
    """

    call: Call
    key: str | None
    part: Value | None
    used: bool
    is_reference: bool


@dataclass(frozen=True, slots=True)
class CollectionAdd:
    """A call of ``add_to_collection``: its arguments as they stand, and the key, None if it is unknown."""

    call: Call
    key: str | None
    name: Value
    value: Value


@dataclass(frozen=True, slots=True)
class LayerPlace:
    """A place that makes batch-norm layers whose updates wait in a collection, unless they run in place.

    passed: what is passed as the flag, None if it is left out.
    collection: where the updates go; None if they run in place or it is unknown.
    by_default: no collection is named, so an enclosing ``arg_scope`` may turn the updates to in place.
    """

    call: Call
    scope: int
    api: str
    flag: Flag
    passed: Value | None
    collection: str | None
    in_place: bool
    by_default: bool

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.call.span


def key_of(flow: Dataflow, value: Value | None) -> str | None:
    """The collection a value names: members of GraphKeys in lower case, strings as they are, None if unknown."""
    keys: set[str | None] = set()
    for origin in flow.origins(value) if value is not None else ():
        if isinstance(origin, Const) and isinstance(origin.value, str):
            keys.add(origin.value)
        elif isinstance(origin, Global) and ".GraphKeys." in origin.name:
            keys.add(origin.name.rpartition(".")[2].lower())
        else:
            keys.add(None)
    return keys.pop() if len(keys) == 1 else None


def collection_reads(flow: Dataflow, uses: Uses) -> Iterator[CollectionRead]:
    """The places of a module that read a collection."""
    for call in flow.index.ending(*_GET):
        key = key_of(flow, call.argument(0, "key", "name"))
        part = call.argument(1, "scope")
        used = any(not end.is_nowhere or end.kind == "empty" for end in uses.ends(call))
        yield CollectionRead(call, key, part, used, flow.index.tail_of(call) == "get_collection_ref")


def collection_adds(flow: Dataflow) -> Iterator[CollectionAdd]:
    """The places of a module that fill a collection by hand."""
    for call in flow.index.ending(*_ADD):
        name, value = call.argument(0, "name", "names"), call.argument(1, "value")
        if name is not None and value is not None:
            yield CollectionAdd(call, key_of(flow, name), name, value)


def hands_on_update_ops(flow: Dataflow) -> bool:
    """Whether ``GraphKeys.UPDATE_OPS`` goes somewhere that may read it: anything but the usual add and get."""
    if "UPDATE_OPS" not in flow.tree.lines.text:
        return False
    usual = flow.index.ending(*_GET, *_ADD)
    known = {id(value) for call in usual for argument in call.given for value in walk(argument)}
    for call in flow.tree.calls:
        known |= {id(value) for name, option in call.keywords if name == _COLLECTIONS for value in walk(option)}
    for statement in flow.tree.statements:
        for value in walk(statement.value):
            if isinstance(value, Mapping):
                known |= {id(item) for key, item in value.items if isinstance(key, Const) and key.value == _COLLECTIONS}
            alias = statement.kind == "assign" and statement.value is value
            named = isinstance(value, Global) and value.name.endswith("GraphKeys.UPDATE_OPS")
            if named and not alias and id(value) not in known:
                return True
    return False


def updates_in_place_by_default(flow: Dataflow) -> bool:
    """Whether an ``arg_scope``, dict or partial of the module says ``updates_collections=None`` for other layers."""
    if _COLLECTIONS not in flow.tree.lines.text:
        return False
    for call in flow.tree.calls:
        option = call.keyword(_COLLECTIONS)
        if option is not None and flow.name_of(call) not in LAYER_FUNCTIONS and may_be_none(flow, option):
            return True
    return any(
        isinstance(value, Mapping)
        and any(isinstance(k, Const) and k.value == _COLLECTIONS and may_be_none(flow, item) for k, item in value.items)
        for statement in flow.tree.statements
        for value in walk(statement.value)
    )


def may_be_none(flow: Dataflow, value: Value) -> bool:
    """Whether None is among the things a value may be."""
    return any(isinstance(origin, Const) and origin.value is None for origin in flow.origins(value)) or any(
        isinstance(origin, Parameter) and isinstance(origin.default, Const) and origin.default.value is None
        for origin in flow.origins(value)
    )


def flag_of(flow: Dataflow, value: Value | None, default: Flag) -> Flag:
    """What a training flag is: a parameter, a placeholder and everything that is computed varies."""
    if value is None:
        return default
    found: set[Flag] = set()
    for origin in flow.origins(value):
        fixed = isinstance(origin, Const) and (origin.value is None or isinstance(origin.value, (bool, int)))
        found.add("varies" if not fixed else "on" if isinstance(origin, Const) and origin.value else "off")
    return found.pop() if len(found) == 1 else "varies"


def layer_places(flow: Dataflow, functions: list[LayerFunctionCall], layers: list[Layer]) -> Iterator[LayerPlace]:
    """The places of a module that make layers of ``tf.layers`` and ``slim``."""
    for function in functions:
        if not function.is_frozen and (function.complete or LAYER_FLAGS[function.api] in function.options):
            yield _place(flow, function.call, function.api, function.options, function.complete)
    for layer in layers:
        if layer.api != "tf.layers.BatchNormalization" or layer.is_frozen:
            continue
        for use in layer.uses:
            flag = "varies" if use.may_pass_training else flag_of(flow, use.training, "unset")
            yield LayerPlace(use.call, use.scope, layer.api, flag, use.training, UPDATE_OPS, False, False)
    for call in flow.tree.calls:
        yield from _handed_over(flow, call)


def _place(flow: Dataflow, call: Call, api: str, options: dict[str, Value], complete: bool) -> LayerPlace:
    scope = flow.site(call).scope
    passed = options.get(LAYER_FLAGS[api])
    flag = flag_of(flow, passed, "on" if api.startswith("slim.") else "unset")
    if flag == "on" and any(around.id in flow.branch_scopes for around in flow.enclosing(scope)):
        flag, passed = "varies", None
    if api.startswith("tf."):
        return LayerPlace(call, scope, api, flag, passed, UPDATE_OPS, False, False)
    named = options.get(_COLLECTIONS)
    if named is None:
        return LayerPlace(call, scope, api, flag, passed, UPDATE_OPS if complete else None, False, True)
    if may_be_none(flow, named):
        return LayerPlace(call, scope, api, flag, passed, None, True, False)
    inner = [item for origin in flow.origins(named) if isinstance(origin, Sequence) for item in origin.items]
    keys = {key_of(flow, item) for item in inner or (named,)}
    key = UPDATE_OPS if keys == {UPDATE_OPS} else keys.pop() if len(keys) == 1 else None
    return LayerPlace(call, scope, api, flag, passed, key, False, False)


def _handed_over(flow: Dataflow, call: Call) -> Iterator[LayerPlace]:
    """``normalizer_fn=slim.batch_norm`` with its ``normalizer_params``, and ``functools.partial``."""
    function = call.keyword("normalizer_fn")
    if function is not None:
        options = handed_over_options(flow, call)
    elif flow.name_of(call) == "functools.partial" and call.args:
        function = call.args[0]
        options = {name: value for name, value in call.keywords if name is not None}
        options = options if len(options) == len(call.keywords) else None
    else:
        return
    name = flow.name_of_value(function)
    if name is None or name not in LAYER_FUNCTIONS or is_false((options or {}).get("trainable")):
        return
    if not name.startswith("tf.") or (options is not None and LAYER_FLAGS[name] in options):
        yield _place(flow, call, name, options or {}, options is not None)


def handed_over_options(flow: Dataflow, call: Call) -> dict[str, Value] | None:
    """What ``normalizer_params`` passes to the function given as ``normalizer_fn``; None if it cannot be seen."""
    given = call.keyword("normalizer_params")
    if given is None:
        return {}
    options: dict[str, Value] = {}
    return options if _display(flow, given, options) else None


def _display(flow: Dataflow, value: Value, options: dict[str, Value]) -> bool:
    """Read a dict display, or ``dict(...)``, into options; False if it cannot be seen through."""
    seen = False
    for origin in flow.origins(value):
        if isinstance(origin, Mapping):
            seen = all(isinstance(key, Const) for key, _ in origin.items)
            options |= {str(key.value): item for key, item in origin.items if isinstance(key, Const)}
        elif isinstance(origin, Call) and _is_dict(flow, origin):
            seen = all(name is not None for name, _ in origin.keywords)
            options |= {name: item for name, item in origin.keywords if name is not None}
    return seen


def _is_dict(flow: Dataflow, call: Call) -> bool:
    return getattr(call.callee, "path", None) == "dict" and not call.args


def _is_op(flow: Dataflow, value: Value) -> bool:
    """Whether a value is computed, and so no name: the result of a call of TensorFlow, or of arithmetic."""
    origins = list(flow.origins(value))
    for origin in origins:
        called = flow.name_of(origin) if isinstance(origin, Call) else None
        method = flow.method_of(origin) if isinstance(origin, Call) else None
        by_library = called is not None and called.startswith(("tf.", "keras.", "slim."))
        if not by_library and not isinstance(origin, Op) and (method is None or not method[1].startswith("assign")):
            return False
    return bool(origins)


def _is_made(flow: Dataflow, value: Value) -> bool:
    """Whether a value is what some function returns, and so no plain name."""
    origins = list(flow.origins(value))
    return bool(origins) and all(isinstance(origin, (Call, Op)) for origin in origins)


class Collections:
    """What one module has to do with collections."""

    def __init__(self, flow: Dataflow, uses: Uses, functions: list[LayerFunctionCall], layers: list[Layer]) -> None:
        self._flow = flow
        self._uses = uses
        self._functions = functions
        self._layers = layers

    @cached_property
    def reads(self) -> list[CollectionRead]:
        """The calls of ``get_collection``."""
        return list(collection_reads(self._flow, self._uses)) if self._says("get_collection") else []

    @cached_property
    def adds(self) -> list[CollectionAdd]:
        """The calls of ``add_to_collection``."""
        return list(collection_adds(self._flow)) if self._says("add_to_collection") else []

    @property
    def swapped(self) -> Iterator[CollectionAdd]:
        """The calls that take an op for the name and a name for the op."""
        keys = {add.key for add in self.adds} | {read.key for read in self.reads}
        for add in self.adds:
            both_by_place = len(add.call.args) == 2 and not add.call.keywords
            key = key_of(self._flow, add.value) if both_by_place else None
            if key is None:
                continue
            sure = key in keys or any(isinstance(origin, Global) for origin in self._flow.origins(add.value))
            if _is_op(self._flow, add.name) or (sure and _is_made(self._flow, add.name)):
                yield add

    @cached_property
    def places(self) -> list[LayerPlace]:
        """The places that make layers of ``tf.layers`` and ``slim``."""
        return list(layer_places(self._flow, self._functions, self._layers))

    @cached_property
    def _by_call(self) -> dict[int, LayerPlace]:
        return {place.call.id: place for place in self.places}

    def place_at(self, call: Call) -> LayerPlace | None:
        """The layer that a call makes."""
        return self._by_call.get(call.id)

    @cached_property
    def in_place_by_default(self) -> bool:
        """Whether the module may turn the updates of layers elsewhere to in place."""
        return self._says(_COLLECTIONS) and updates_in_place_by_default(self._flow)

    def flag(self, value: Value | None) -> Flag:
        """What a training flag is."""
        return flag_of(self._flow, value, "unset")

    def runs(self, key: str) -> bool:
        """Whether the module reads a collection and does something with it, as far as can be seen."""
        if any(read.used and read.key in (key, None) for read in self.reads):
            return True
        return key == UPDATE_OPS and self.hands_on_update_ops

    @cached_property
    def hands_on_update_ops(self) -> bool:
        """Whether ``GraphKeys.UPDATE_OPS`` goes somewhere that may read it."""
        return self._says("UPDATE_OPS") and hands_on_update_ops(self._flow)

    def _says(self, word: str) -> bool:
        """Whether a word stands in the text at all, which is much faster to ask."""
        return word in self._flow.tree.lines.text
