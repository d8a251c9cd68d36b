"""From a name in the user's module to something that can be called once a step, with arguments made up for it."""

from __future__ import annotations

import inspect
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from . import framework, inputs, things
from .inputs import Argument, Variant
from .program import resolve
from .watch import Watch

Bound = Tuple[List[Any], Dict[str, Any]]


class Target:
    """A callable and its arguments.

    layer: the Keras layer or model it is, if it is one. owner: the object it belongs to, which lives as long.
    """

    def __init__(
        self, function: Callable[..., Any], arguments: List[Argument], layer: Any = None, owner: Any = None
    ) -> None:
        self.function = function
        self.arguments = arguments
        self.layer = layer
        self.owner = layer if layer is not None else owner

    def arrays(self, step: int) -> Dict[str, Any]:
        """The batches of this step, by argument; the same for the same step in every run."""
        return {
            argument.name: inputs.batch(argument.shape, step, salt, argument.positive)
            for salt, argument in enumerate(self.arguments)
            if argument.kind == "batch"
        }

    def bind(self, values: Dict[str, Any]) -> Bound:
        """Positional and named arguments from a value for each."""
        positional = [values[a.name] for a in self.arguments if not a.keyword]
        named = {a.name: values[a.name] for a in self.arguments if a.keyword}
        return positional, named

    @property
    def shapes(self) -> List[List[int]]:
        """Of the batches."""
        return [list(argument.shape) for argument in self.arguments if argument.kind == "batch"]


class Hints:
    """What the plan read in the source.

    parameters: their rows. roles: what they are known to be. method: the one to call, of a class.
    """

    def __init__(self, request: Dict[str, Any]) -> None:
        self.symbol: str = request["symbol"]
        self.parameters: Dict[str, int] = request["parameters"]
        self.roles: Dict[str, str] = request["roles"]
        self.method: Optional[str] = request["method"]

    @property
    def held(self) -> List[str]:
        """Parameters that are known to hold statistics."""
        return [name for name, role in self.roles.items() if role == "statistic"]


def find(namespace: Dict[str, Any], hints: Hints, variant: Variant, path: str = "") -> Target:
    """The target that the symbol names; a class is instantiated. Raises what its constructor raises."""
    found, method = resolve(namespace, hints.symbol)
    instance = None
    if isinstance(found, type):
        instance = _instance(found, hints, variant, namespace, path)
        if is_keras(instance):
            return of_layer(instance, variant)
        found = getattr(instance, _method(found, method or hints.method))
    elif is_keras(found):
        return of_layer(found, variant)
    if not callable(found):
        raise TypeError("%s is no function or class" % hints.symbol)
    arguments = inputs.guess(_plain(found), variant, hints.roles)
    return Target(found, _fitting([_complete(a, namespace, path) for a in arguments]), owner=instance)


def _complete(argument: Argument, namespace: Dict[str, Any], path: str) -> Argument:
    """With the thing that it stands for, if it stands for one."""
    if argument.kind not in inputs.THINGS:
        return argument
    if argument.kind == "layer":
        return argument._replace(kind="constant", value=_own_layer(namespace, path) or things.layer())
    return argument._replace(kind="constant", value=things.made(argument, namespace, path))


def _own_layer(namespace: Dict[str, Any], path: str) -> Optional[Any]:
    """Of a class of the file's own that normalises, if it has one that can be made out of nothing."""
    hints = Hints({"symbol": "", "parameters": {}, "roles": {}, "method": None})
    for name, cls in namespace.items():
        if isinstance(cls, type) and "norm" in name.lower() and cls.__module__ == namespace.get("__name__"):
            try:
                return _instance(cls, hints, Variant(2), namespace, path)
            except Exception:
                continue
    return None


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
    """A builder returned the model or the function that is to be driven; None if it returned anything else."""
    if is_keras(result):
        return of_layer(result, variant)
    if inspect.isfunction(result) and result.__code__.co_filename.startswith(folder):
        return Target(result, inputs.guess(result, variant, {}))
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
    """Models and layers made since there were ``number`` variables belong to the rows of their parameters."""
    rows = [hints.parameters[name] for name, role in hints.roles.items() if role in ("model", "layer")]
    watch.adopt_since(number, rows[:1])


def _instance(cls: Any, hints: Hints, variant: Variant, namespace: Dict[str, Any], path: str) -> Any:
    arguments = [] if cls.__init__ is object.__init__ else inputs.guess(cls.__init__, variant, hints.roles, True)
    arguments = [_complete(a, namespace, path) for a in arguments]
    # A constructor is given sizes rather than data.
    values = {a.name: inputs.CHANNELS if a.kind == "batch" else a.value for a in arguments}
    positional, named = Target(cls, arguments).bind(values)
    return cls(*positional, **named)


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
