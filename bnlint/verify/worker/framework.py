"""TensorFlow and Keras as this interpreter has them: the one place that knows how their versions differ."""

from __future__ import annotations

import importlib
import os
import random
import sys
from typing import Any, Callable, Dict, List, Optional

import numpy as np

tf: Any = importlib.import_module("tensorflow")
v1: Any = getattr(tf, "compat", tf).v1
IS_TF1 = tf.__version__.startswith("1.")
LEGACY = os.environ.get("TF_USE_LEGACY_KERAS") == "1"
OWN_KERAS = tuple(map(int, tf.__version__.split(".")[:2])) < (2, 6)
"""Whether ``tf.keras`` is a part of TensorFlow."""

loads_keras = True
"""Whether ``tf.keras`` may be loaded by asking for it; else only what the program itself has loaded is looked at."""


def _module(*names: str) -> Any:
    """The first of these modules that this TensorFlow has, else None."""
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


resource_variable_ops: Any = _module("tensorflow.python.ops.resource_variable_ops")
_ref_module: Any = _module("tensorflow.python.ops.ref_variable", "tensorflow.python.ops.variables")
session_module: Any = _module("tensorflow.python.client.session")
moving_averages: Any = _module("tensorflow.python.training.moving_averages")
autograph_loader: Any = _module("tensorflow.python.autograph.pyct.loader")

BaseResourceVariable: Any = resource_variable_ops.BaseResourceVariable
ResourceVariable: Any = resource_variable_ops.ResourceVariable
RefVariable: Any = getattr(_ref_module, "RefVariable", None)
BaseSession: Any = session_module.BaseSession
_functions: Any = _module(
    "tensorflow.python.eager.polymorphic_function.polymorphic_function", "tensorflow.python.eager.def_function"
)
Function: Any = getattr(_functions, "Function", None)
"""What ``tf.function`` makes."""
Graph: Any = _module("tensorflow.python.framework.ops").Graph


class StandInLayer:
    """What stands in for a layer of a library that this TensorFlow no longer has."""

    trainable = True
    momentum: Any = None

    def call(self, inputs: Any, *_: Any) -> Any:
        """What comes out for these inputs."""
        raise NotImplementedError


def keras_modules() -> List[Any]:
    """Every Keras that is loaded: ``tf.keras`` (whichever it is), standalone Keras, ``tf_keras``."""
    found: List[Any] = []
    own = _tf_keras() if loads_keras or OWN_KERAS else None
    for module in (own, sys.modules.get("keras"), sys.modules.get("tf_keras")):
        if module is not None and hasattr(module, "layers") and all(module is not seen for seen in found):
            found.append(module)
    return found


def _tf_keras() -> Any:
    try:
        keras = tf.keras
        keras.layers.Layer  # noqa: B018 (loads the lazy module)
    except (ImportError, AttributeError):
        return None
    return keras


def preload(names: List[str]) -> None:
    """Import what the user's file is known to import, so that it can be watched from the start."""
    for name in names:
        _module(name)


def layer_classes() -> List[Any]:
    """The base class of all layers of each loaded Keras, each once."""
    return _with_graph_classes([keras.layers.Layer for keras in keras_modules()])


def _with_graph_classes(classes: List[Any]) -> List[Any]:
    """Keras 2 swaps in other base classes where eager execution is off."""
    found = [(base, getattr(_module(base.__module__ + "_v1"), base.__name__, base)) for base in classes]
    return list(dict.fromkeys(cls for pair in found for cls in pair))


def normalisation_classes() -> List[Any]:
    """The classes in which the batch normalisation layer of each loaded Keras has its ``call``, each once."""
    layers = (getattr(keras.layers, "BatchNormalization", None) for keras in keras_modules())
    found = [cls for layer in layers if layer is not None for cls in layer.__mro__ if "call" in cls.__dict__]
    found += [cls for cls in StandInLayer.__subclasses__() if "Norm" in cls.__name__]
    return [cls for cls in dict.fromkeys(found) if "Norm" in cls.__name__]


def keras_variable_classes() -> List[Any]:
    """Keras 3 wraps TensorFlow's variables, and may make the inner one later than the outer."""
    return [keras.Variable for keras in keras_modules() if hasattr(keras, "Variable")][:1]


def model_classes() -> "tuple[Any, ...]":
    """The Model classes of each loaded Keras."""
    return tuple(_with_graph_classes([keras.Model for keras in keras_modules()]))


def optimizer_classes() -> List[Any]:
    """Of TensorFlow 1 and of each loaded Keras."""
    return [v1.train.Optimizer, *(keras.optimizers.Optimizer for keras in keras_modules())]


def keras_of(layer: Any) -> Any:
    """The Keras that a layer or model belongs to."""
    return next((keras for keras in keras_modules() if isinstance(layer, keras.layers.Layer)), _tf_keras())


def callback_lists() -> List[Any]:
    """The class of each loaded Keras that tells callbacks of batches."""
    owners = [sys.modules[keras.callbacks.Callback.__module__] for keras in keras_modules()]
    found = [
        getattr(keras.callbacks, "CallbackList", getattr(owner, "CallbackList", None))
        for keras, owner in zip(keras_modules(), owners)
    ]
    return [cls for cls in dict.fromkeys(found) if cls is not None]


def keras_version() -> Optional[str]:
    """What ``tf.keras`` is: the version of Keras 3, of ``tf_keras``, or of the one inside TensorFlow."""
    keras = _tf_keras() if loads_keras else next(iter(keras_modules()), None)
    package = sys.modules.get(keras.layers.Layer.__module__.split(".")[0]) if keras is not None else None
    return getattr(keras, "__version__", None) or getattr(package, "__version__", None)


def versions() -> Dict[str, Any]:
    """For the evidence of every verdict."""
    return {
        "tensorflow": tf.__version__,
        "keras": keras_version(),
        "python": "%d.%d.%d" % sys.version_info[:3],
    }


def use_v1_names() -> None:
    """Make ``import tensorflow`` give ``tensorflow.compat.v1``: how TensorFlow 1 code runs on TensorFlow 2."""
    if not IS_TF1:
        sys.modules["tensorflow"] = v1


def use_v1_behaviour() -> None:
    """Graph mode, reference variables, old control flow, old shapes: what TensorFlow 1 did by default."""
    if not IS_TF1:
        v1.disable_v2_behavior()


def eagerly() -> bool:
    """Whether operations run at once here: False while a graph or a ``tf.function`` is being built."""
    return bool(tf.executing_eagerly())


def start_eager() -> None:
    """TensorFlow 1.15 runs eagerly only when asked before anything else."""
    if IS_TF1:
        v1.enable_eager_execution()


def seed() -> None:
    """The same weights and the same noise in every run."""
    random.seed(0)
    np.random.seed(0)
    v1.set_random_seed(0)


def keras_session() -> Any:
    """The session in which Keras 2 runs a graph; Keras 3 has none."""
    return v1.keras.backend.get_session()


def graph_session() -> Any:
    """The same; None where Keras has none, or works without."""
    # TensorFlow 1 keeps this name to itself.
    if getattr(v1, "executing_eagerly_outside_functions", v1.executing_eagerly)():
        return None
    try:
        return keras_session()
    except AttributeError:
        return None


def layers_of(model: Any) -> List[Any]:
    """A layer or model with all the layers inside it."""
    flattened = getattr(model, "_flatten_layers", None)
    return list(flattened()) if flattened is not None else [model, *getattr(model, "layers", [])]


def size_of(dimension: Any) -> Any:
    """A dimension as an integer, or None; TensorFlow 1 wraps it."""
    return getattr(dimension, "value", dimension)


def constant_value(flag: Any) -> Optional[bool]:
    """The truth of a flag, if it is known before the graph runs."""
    if flag is None or isinstance(flag, (bool, int)):
        return True if flag is None else bool(flag)
    value = tf.get_static_value(flag) if hasattr(tf, "get_static_value") else None
    return None if value is None else bool(value)


def assign_moving_average(variable: Any, value: Any, decay: float, zero_debias: bool) -> Any:
    """``variable -= (1 - decay) * (variable - value)``."""
    return moving_averages.assign_moving_average(variable, value, decay, zero_debias=zero_debias)


def flatten(structure: Any) -> List[Any]:
    """The leaves of nested lists, tuples and dicts."""
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure, key=str) for leaf in flatten(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [leaf for item in structure for leaf in flatten(item)]
    return [structure]


def is_variable(leaf: Any) -> bool:
    """Of TensorFlow, or of Keras 3."""
    return isinstance(leaf, (v1.Variable, *keras_variable_classes()))


def wrap(owner: Any, name: str, wrapper: Callable[[Any], Any]) -> Callable[[], None]:
    """Replace the method ``owner.name`` by ``wrapper(method)``; returns what undoes it."""
    original = owner.__dict__.get(name, getattr(owner, name))
    setattr(owner, name, wrapper(original))
    return lambda: setattr(owner, name, original)
