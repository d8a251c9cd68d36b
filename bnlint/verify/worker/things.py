"""Arguments that are no data: a model to train, an optimizer, a function to call."""

from __future__ import annotations

import inspect
import re
from typing import Any, Callable, Dict, Optional

from . import framework, inputs

BUILDS = re.compile(r"build|make|create|get|define|model|net|generator|discriminator|encoder|decoder", re.I)


def made(argument: inputs.Argument, namespace: Dict[str, Any], path: str) -> Any:
    """The thing for this parameter. path: of the user's file, whose own builders come first."""
    if argument.kind == "function":
        return _identity
    if argument.kind == "optimizer":
        return _keras().optimizers.SGD(1e-3)
    return _own_model(argument.name, namespace, path) or _plain_model()


def _identity(first: Any = None, *_: Any, **__: Any) -> Any:
    return first


def _keras() -> Any:
    """The Keras that the user's file works with, if it is known: the one that was loaded beside ``tf.keras``."""
    return framework.keras_modules()[-1]


def _own_model(name: str, namespace: Dict[str, Any], path: str) -> Optional[Any]:
    """A model that the file builds without being told anything; one called like the parameter before others."""
    builders = {
        each: thing
        for each, thing in namespace.items()
        if callable(thing) and BUILDS.search(each) and _is_own(thing, path) and not _needed(thing)
    }
    for each in sorted(builders, key=lambda each: (name.lower() not in each.lower(), each)):
        try:
            model = builders[each]()
        except Exception:
            continue
        if isinstance(model, framework.model_classes()):
            return model
    return None


def _is_own(thing: Any, path: str) -> bool:
    if isinstance(thing, type):
        return issubclass(thing, framework.model_classes())
    return getattr(getattr(thing, "__code__", None), "co_filename", None) == path


def _needed(thing: Callable[..., Any]) -> bool:
    """Whether it has parameters without a default."""
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def layer() -> Any:
    """A batch normalisation of Keras, with its variables."""
    made = _keras().layers.BatchNormalization(momentum=0.9)
    made.build((None, inputs.CHANNELS))
    return made


def _plain_model() -> Any:
    """Takes a batch of any rank, and normalises it."""
    layers = _keras().layers
    return _keras().Sequential([layers.Dense(4), layers.BatchNormalization(momentum=0.9), layers.Dense(1)])


__all__ = ["made"]
