"""From a name in the user's module to something that can be called once a step, with arguments made up for it."""

from __future__ import annotations

import inspect
import re
import types
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

import numpy as np

from . import framework, inputs, stand_ins, things
from .inputs import Argument, Variant
from .program import MARK, resolve
from .watch import Watch

Bound = Tuple[List[Any], Dict[str, Any]]
MADE = "made with: "
"""Before the names of batches that a constructor was given."""

DATA = re.compile(
    r"^_?(x|xs|inputs?|images?|imgs?|features?|data|batch|labels?|y|targets?|input_.*|.*_(ph|placeholder|images?|tensor))$",
    re.I,
)


class Target:
    """A callable and its arguments.

    layer: the Keras layer or model it is, if it is one. owner: the object it belongs to, which lives as long.
    made_with: the batches that the owner's constructor was given.
    """

    def __init__(
        self, function: Callable[..., Any], arguments: List[Argument], layer: Any = None, owner: Any = None
    ) -> None:
        self.function = function
        self.arguments = arguments
        self.layer = layer
        self.owner = layer if layer is not None else owner
        self.made_with: List[Argument] = []

    def arrays(self, step: int) -> Dict[str, Any]:
        """The batches of this step, by argument; the same for the same step in every run."""
        return {
            argument.name: inputs.data(argument, step, salt)
            for salt, argument in enumerate([*self.arguments, *self.made_with])
            if argument.kind == "batch"
        }

    def bind(self, values: Dict[str, Any]) -> Bound:
        """Positional and named arguments from a value for each."""
        given = {a.name: dict.fromkeys(a.keys, values[a.name]) if a.keys else values[a.name] for a in self.arguments}
        positional = [given[a.name] for a in self.arguments if not a.keyword]
        named = {a.name: given[a.name] for a in self.arguments if a.keyword}
        return positional, named

    @property
    def shapes(self) -> List[List[int]]:
        """Of the batches."""
        return [list(a.shape) for a in [*self.arguments, *self.made_with] if a.kind == "batch"]


class Hints:
    """What the plan read in the source.

    parameters: their rows. roles: what they are known to be. slots: of some, the texts by which they are asked for
    items. mappings: of some of these, one that the code writes out. method: the one to call, of a class.
    """

    def __init__(self, request: Dict[str, Any]) -> None:
        self.symbol: str = request["symbol"]
        self.parameters: Dict[str, int] = request["parameters"]
        self.roles: Dict[str, str] = request["roles"]
        self.slots: Dict[str, List[str]] = request["slots"]
        self.mappings: Dict[str, Any] = request["mappings"]
        self.method: Optional[str] = request["method"]

    @property
    def held(self) -> List[str]:
        """Parameters that are known to hold statistics."""
        return [name for name, role in self.roles.items() if role == "statistic"]


class Finder:
    """Looks up what is to be driven, and makes the object that it belongs to.

    tensor: makes a tensor for an argument of a constructor. reached: whether the finding's line has run, so that
    making the object was enough. log: of the stand-ins.
    """

    def __init__(
        self,
        namespace: Dict[str, Any],
        path: str,
        hints: Hints,
        variant: Variant,
        tensor: Callable[[Argument], Any],
        log: stand_ins.Log,
        reached: Callable[[], bool] = lambda: False,
    ) -> None:
        self.namespace = namespace
        self.path = path
        self.hints = hints
        self.variant = variant
        self.tensor = tensor
        self.reached = reached
        self.log = log

    def find(self) -> Target:
        """The target that the symbol names; a class is instantiated. Raises what its constructor raises."""
        found, method = resolve(self.namespace, self.hints.symbol)
        instance = None
        made_with: List[Argument] = []
        if isinstance(found, type):
            cls = self._written(found)
            instance, made_with = self.instance(cls)
            if is_keras(instance):
                return of_layer(instance, self.variant)
            found = _nothing if self.reached() else getattr(instance, _method(cls, method or self.hints.method))
        elif is_keras(found):
            return of_layer(found, self.variant)
        if not callable(found):
            raise TypeError("%s is no function or class" % self.hints.symbol)
        arguments = inputs.guess(_plain(found), self.variant, self.hints.roles)
        target = Target(found, _fitting([self._complete(a) for a in arguments]), owner=instance)
        target.made_with = made_with
        return target

    def _written(self, cls: Any) -> Any:
        """The class, or a subclass of the file's own, where it leaves methods to be written by those."""
        if not self._unwritten(cls):
            return cls
        others = [each for each in self.namespace.values() if isinstance(each, type) and issubclass(each, cls)]
        return next((each for each in others if not self._unwritten(each)), cls)

    def _unwritten(self, cls: Any) -> bool:
        """Whether a method of the user's does nothing but say so."""
        members = [inspect.getattr_static(cls, name) for name in dir(cls)]
        codes = [each.__code__ for each in members if inspect.isfunction(each)]
        own = [set(code.co_names) - {MARK} for code in codes if code.co_filename == self.path]
        return bool(getattr(cls, "__abstractmethods__", None)) or {"NotImplementedError"} in own

    def instance(self, cls: Any) -> Tuple[Any, List[Argument]]:
        """An object of the class, and the batches its constructor was given."""
        arguments: List[Argument] = []
        if cls.__init__ is not object.__init__:
            arguments = inputs.guess(cls.__init__, self.variant, self.hints.roles, True)
        arguments = [self._complete(self._sized(a)) for a in arguments]
        values = {a.name: self._value(a) for a in arguments}
        made_with = [a._replace(name=MADE + a.name) for a in arguments if a.kind in ("batch", "flag")]
        positional, named = Target(cls, arguments).bind(values)
        try:
            return cls(*positional, **named), made_with
        except Exception:
            if not self.variant.partial or is_keras_class(cls):
                raise
            return self._partial(cls, positional, named), made_with

    def _partial(self, cls: Any, positional: List[Any], named: Dict[str, Any]) -> Any:
        """What the constructor got done before it raised; stand-ins for the attributes that are missing."""
        lenient = type(cls.__name__, (cls, stand_ins.StandInBase), {"_log": self.log})
        instance = object.__new__(lenient)
        try:
            cls.__init__(instance, *positional, **named)
        except Exception as error:
            self.log.cut = True
            self.log.note("the rest of %s.__init__ after %s" % (cls.__name__, type(error).__name__))
        return instance

    def _sized(self, argument: Argument) -> Argument:
        """A constructor is given sizes rather than data, unless a name says otherwise."""
        told = argument.name in dict(self.variant.kinds)
        if argument.kind == "batch" and not told and not DATA.match(argument.name):
            return argument._replace(kind="constant", value=inputs.CHANNELS)
        return argument

    def _value(self, argument: Argument) -> Any:
        if argument.kind in ("batch", "flag"):
            return self.tensor(argument)
        return argument.off if self.variant.off and argument.off is not None else argument.value

    def _complete(self, argument: Argument) -> Argument:
        """With the thing that it stands for, if it stands for one."""
        if argument.kind == "batch" and argument.name in self.hints.slots:
            keys = self.hints.slots[argument.name]
            made = self.hints.mappings.get(argument.name) or self._own_mapping(set(keys))
            if made is not None:
                return argument._replace(kind="constant", value=made)
            told = argument.name in dict(self.variant.kinds)
            return argument if told or not DATA.match(argument.name) else argument._replace(keys=tuple(keys))
        if argument.kind not in inputs.THINGS:
            return argument
        if argument.kind == "stand-in":
            value = stand_ins.StandIn(argument.name, self.log)
        elif argument.kind == "layer":
            value = self._own_layer() or things.layer()
        else:
            value = things.made(argument, self.namespace, self.path)
        return argument._replace(kind="constant", value=value)

    def _own_mapping(self, keys: Set[str]) -> Optional[Any]:
        """What a function of the file's own that names these keys returns, if that has them and it needs no data."""
        for function in list(self.namespace.values()):
            if not inspect.isfunction(function) or function.__code__.co_filename != self.path:
                continue
            arguments = inputs.guess(function, self.variant, {})
            if not keys <= _texts_in(function.__code__) or any(a.kind != "constant" for a in arguments):
                continue
            try:
                made = function(**{a.name: a.value for a in arguments})
            except Exception:
                continue
            if isinstance(made, dict) and keys <= made.keys():
                return made
        return None

    def _own_layer(self) -> Optional[Any]:
        """Of a class of the file's own that normalises, if it has one that can be made out of nothing."""
        for name, cls in self.namespace.items():
            if isinstance(cls, type) and "norm" in name.lower() and cls.__module__ == self.namespace.get("__name__"):
                try:
                    return self.instance(cls)[0]
                except Exception:
                    continue
        return None


def _texts_in(code: types.CodeType) -> Set[str]:
    """The texts in it, those of constant tuples too."""
    constants = [each for value in code.co_consts for each in (value if isinstance(value, tuple) else (value,))]
    return {value for value in constants if isinstance(value, str)}


def _nothing() -> None:
    """Making the object was all there is to run."""


def _fitting(arguments: List[Argument]) -> List[Argument]:
    """Batches of the shape that a model among the arguments was built for."""
    models = [a.value for a in arguments if a.kind == "constant" and is_keras(a.value)]
    shapes = [shape for shape in map(_built_for, models) if shape is not None]
    if not shapes:
        return arguments
    return [
        a._replace(shape=shapes[0]) if a.kind == "batch" and len(a.shape) > 1 and not inputs.LABELS.match(a.name) else a
        for a in arguments
    ]


def of_result(result: Any, variant: Variant, folder: str) -> Optional[Target]:
    """A builder returned the model or the function that is to be driven, or one such beside other things; else None."""
    things = list(result) if isinstance(result, (tuple, list)) else [result]
    for each in things:
        if is_keras(each):
            return of_layer(each, variant) if each is result else None
        if inspect.isfunction(each) and each.__code__.co_filename.startswith(folder):
            return Target(each, inputs.guess(each, variant, {}))
    return None


def of_layer(layer: Any, variant: Variant) -> Target:
    """A Keras layer or model, called as a whole in training mode."""
    shape = _built_for(layer)
    if shape is not None:
        return Target(layer, [Argument("x", "batch", shape=shape), _TRAINING], layer)
    arguments = [a for a in inputs.guess(layer.call, variant, {}) if a.name != "training"]
    return Target(layer, [*arguments, _TRAINING], layer)


def _built_for(layer: Any) -> Optional[Tuple[int, ...]]:
    """The shape of the batches that a layer or model takes, once it knows it."""
    shape = getattr(layer, "input_shape", None) if getattr(layer, "built", False) else None
    if isinstance(shape, tuple) and len(shape) > 1 and all(size is None or isinstance(size, int) for size in shape):
        return (inputs.BATCH, *(size or inputs.SIDE for size in shape[1:]))
    return None


_TRAINING = Argument("training", "constant", True, keyword=True, off=False)


def is_keras(thing: Any) -> bool:
    """Whether it is a layer or model of any Keras that is loaded."""
    return isinstance(thing, tuple(framework.layer_classes()))


def is_keras_class(cls: Any) -> bool:
    """Whether its objects are layers or models."""
    return issubclass(cls, tuple(framework.layer_classes()))


def without_training(target: Target) -> Target:
    """The same, for a layer whose ``call`` refuses the argument."""
    return Target(target.function, [a for a in target.arguments if a is not _TRAINING], target.layer)


def statistic_value(argument: Argument) -> Any:
    """The initial value of a variable made for a parameter."""
    return np.full(argument.shape, argument.value, np.float32)


def adopt(watch: Watch, hints: Hints, variables: Dict[str, Any]) -> None:
    """Variables made for parameters belong to the rows of those parameters."""
    for name, variable in variables.items():
        if not hints.held or name in hints.held:
            watch.adopt(variable, [hints.parameters[name]] if name in hints.parameters else [])


def adopt_things(watch: Watch, hints: Hints, number: int) -> None:
    """Models and layers made since there were ``number`` variables belong to the rows of their parameters.

    The parameters of a caller in another file have no rows in this one.
    """
    held = [name for name, role in hints.roles.items() if role in ("model", "layer")]
    rows = [hints.parameters[name] for name in held if name in hints.parameters]
    for tracked in watch.tracked[number:]:
        tracked.rows = tracked.rows or rows[:1]


def mark_cut(watch: Watch, log: stand_ins.Log) -> None:
    """What a constructor would have done to the variables that it made before it failed, nobody knows."""
    if log.cut:
        for tracked in watch.tracked:
            tracked.facts["given"] = True


def _method(cls: Any, wanted: Optional[str]) -> str:
    """The method to drive: a helper is driven through ``__call__``, which gives it what it expects."""
    has_call = any("__call__" in base.__dict__ for base in cls.__mro__)
    if has_call and (wanted is None or wanted in ("__init__", "build") or wanted.startswith("_")):
        return "__call__"
    if wanted not in (None, "__init__", "build"):
        return str(wanted)
    public = [name for name, member in vars(cls).items() if inspect.isfunction(member) and not name.startswith("_")]
    if not public:
        raise TypeError("%s has no method to call" % cls.__name__)
    return public[0]


def _plain(function: Any) -> Any:
    """The Python function inside a ``tf.function``, whose signature is the user's."""
    return getattr(function, "python_function", function)


def constants(arguments: Sequence[Argument]) -> Dict[str, Any]:
    """The arguments that need no framework."""
    return {a.name: a.value for a in arguments if a.kind == "constant"}
