"""Names that imports bind, and the one spelling that rules compare against.

TensorFlow offers the same thing under many names. `canonical` maps them to one:
``tf.…`` for TensorFlow (1, 2 and ``compat.v1`` alike), ``keras.…`` for every Keras,
``slim.…`` for tf-slim and contrib slim/layers. Which spelling was used is evidence for the era,
so values keep the name as written.
"""

from __future__ import annotations

import re
from functools import lru_cache

from bnlint.analysis.code.values import Call, Value

# Longest match first; each left side is a dotted prefix of a full name.
_PREFIXES: tuple[tuple[str, str], ...] = (
    ("tensorflow.compat.v1.keras", "keras"),
    ("tensorflow.compat.v2.keras", "keras"),
    ("tensorflow.python.keras", "keras"),
    ("tensorflow.contrib.keras", "keras"),
    ("tensorflow.keras", "keras"),
    ("tensorflow_core.keras", "keras"),
    ("tf_keras.src", "keras"),
    ("tf_keras", "keras"),
    ("keras.src", "keras"),
    ("keras_core", "keras"),
    ("keras", "keras"),
    ("tensorflow.contrib.slim", "slim"),
    ("tensorflow.contrib.layers.python.layers.layers", "slim"),
    ("tensorflow.contrib.layers.python.layers", "slim"),
    ("tensorflow.contrib.layers", "slim"),
    ("tf_slim.layers", "slim"),
    ("tf_slim", "slim"),
    ("tensorflow.compat.v1", "tf"),
    ("tensorflow.compat.v2", "tf"),
    ("tensorflow.contrib.framework.python.ops", "tf"),
    ("tensorflow.contrib.framework", "tf"),
    ("tensorflow.python.framework.ops", "tf"),
    ("tensorflow.python.ops.control_flow_ops.cond", "tf.cond"),
    ("tensorflow.python.control_flow_ops", "tf"),
    ("tensorflow.python.ops.nn", "tf.nn"),
    ("tensorflow.python.ops.nn_impl", "tf.nn"),
    ("tensorflow.python.training.moving_averages", "tf.moving_averages"),
    ("tensorflow.python.training.training", "tf.train"),
    ("tensorflow.python.layers", "tf.layers"),
    ("tensorflow.python.ops", "tf.ops"),
    ("tensorflow_core", "tf"),
    ("tensorflow", "tf"),
)
_LIBRARIES = frozenset({"keras", "math", "numpy", "os", "slim", "tf", "typing"})
_BY_LENGTH = sorted(_PREFIXES, key=lambda pair: -len(pair[0]))

# Implementation modules of tf.ops whose members are also found right under tf.
_FLAT = re.compile(
    r"^tf\.ops\.(?:array|check|control_flow|init|math|random|state|variables?|variable_scope|gen_\w+)(?:_ops)?\."
)
# Modules of Keras whose members have a shorter public name.
_KERAS_LAYERS = re.compile(r"^keras\.(?:layers|engine)(?:\.\w+)*\.(?=[A-Z])")
_KERAS_MODELS = {
    "keras.Model": "keras.Model",
    "keras.models.Model": "keras.Model",
    "keras.training.Model": "keras.Model",
    "keras.Sequential": "keras.Sequential",
    "keras.models.Sequential": "keras.Sequential",
    "keras.Layer": "keras.layers.Layer",
    "keras.Input": "keras.Input",
    "keras.layers.Input": "keras.Input",
    "keras.layers.Model": "keras.Model",
    "keras.layers.Sequential": "keras.Sequential",
    "keras.Variable": "keras.Variable",
}

# What matters here of the names that a star imports.
_STARRED = {
    "keras": ("Input", "Model", "Sequential", "applications", "backend", "layers", "models", "optimizers"),
    "keras.layers": ("BatchNormalization", "Input", "Layer", "SyncBatchNormalization"),
    "keras.models": ("Model", "Sequential"),
}
_STARS = re.compile(r"^[ \t]*from[ \t]+(\S+)[ \t]+import[ \t]*\*", re.MULTILINE)

# Functions that build one of two branches: the condition first, then the functions that build them.
BRANCHING = frozenset(
    {
        "tf.cond", "tf.smart_cond", "tf.case", "slim.utils.smart_cond", "slim.python.layers.utils.smart_cond",
        "tf.layers.utils.smart_cond", "tf.python.framework.smart_cond.smart_cond", "keras.backend.switch",
        "keras.utils.tf_utils.smart_cond", "keras.utils.control_flow_util.smart_cond",
    }
)  # fmt: skip


@lru_cache(maxsize=4096)
def canonical(name: str) -> str:
    """The spelling that rules use for a full dotted name; names of other libraries stay as they are."""
    for prefix, short in _BY_LENGTH:
        if name == prefix or name.startswith(prefix + "."):
            name = short + name[len(prefix) :]
            break
    else:
        return name
    name = _FLAT.sub("tf.", name)
    name = _KERAS_LAYERS.sub("keras.layers.", name)
    return _KERAS_MODELS.get(name, name)


def relative_module(package: str, level: int, module: str) -> str:
    """The absolute name of ``from ..module import …`` inside ``package`` (dotted, of the importing file)."""
    parts = package.split(".") if package else []
    base = parts[: len(parts) - (level - 1)] if level > 1 else parts
    return ".".join([*base, module] if module else base)


def starred(module: str, following: str) -> tuple[str, ...]:
    """Names that ``from module import *`` binds, if no star in the text that follows may bind them anew."""
    names = _STARRED.get(canonical(module), ())
    known = (canonical(other).partition(".")[0] in _LIBRARIES for other in _STARS.findall(following) if names)
    return names if all(known) else ()


def branches_of(call: Call) -> tuple[Value | None, Value | None]:
    """What a call of ``tf.cond`` runs if its condition holds, and if not."""
    return call.argument(1, "true_fn", "fn1"), call.argument(2, "false_fn", "fn2")
