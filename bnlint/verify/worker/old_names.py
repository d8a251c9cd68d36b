"""Names that TensorFlow had before 1.0, or in 1.x, and ``tf.compat.v1`` has not: given back to code that uses them."""

from __future__ import annotations

import functools
import importlib
import types
from typing import Any, Callable, Dict, NamedTuple

from . import framework

RENAMED = {
    "batch_matmul": "matmul",
    "complex_abs": "abs",
    "concat_v2": "concat",
    "div": "divide",
    "histogram_summary": "summary.histogram",
    "image_summary": "summary.image",
    "inv": "reciprocal",
    "merge_all_summaries": "summary.merge_all",
    "merge_summary": "summary.merge",
    "mul": "multiply",
    "neg": "negative",
    "pack": "stack",
    "scalar_summary": "summary.scalar",
    "select": "where",
    "sub": "subtract",
    "unpack": "unstack",
}
INTERNAL = {
    "control_flow_ops": {"cond": "cond", "while_loop": "while_loop", "group": "group", "no_op": "no_op"},
    "math_ops": {},
    "array_ops": {},
    "init_ops": {},
    "nn": {},
    "nn_ops": {},
    "state_ops": {},
    "variable_scope": {},
    "variables": {},
}
"""Modules of ``tensorflow.python.ops`` that code imports, and what has moved out of them."""


class ModeKeys:
    """``tf.estimator.ModeKeys``, which went with the estimators in TensorFlow 2.16."""

    TRAIN = "train"
    EVAL = "eval"
    PREDICT = "infer"


class EstimatorSpec(NamedTuple):
    """``tf.estimator.EstimatorSpec``, as far as it is told."""

    mode: Any = None
    predictions: Any = None
    loss: Any = None
    train_op: Any = None
    eval_metric_ops: Any = None
    export_outputs: Any = None
    training_chief_hooks: Any = None
    training_hooks: Any = None
    scaffold: Any = None
    evaluation_hooks: Any = None
    prediction_hooks: Any = None


def install(used: Dict[str, None]) -> None:
    """Give the names back where they are missing. used: where to note those that are asked for."""
    if framework.IS_TF1:
        return
    v1 = framework.v1
    for old, new in RENAMED.items():
        if not hasattr(v1, old):
            setattr(v1, old, _noted(_found(v1, new), "tf." + old, used))
    for name, swapped in (("concat", _axis_first), ("split", _axis_first_of_three)):
        original = getattr(v1, name)
        setattr(v1, name, swapped(getattr(original, "__wrapped_by_bnlint__", original), used))
    # ``import tensorflow.compat.v1`` finds a module inside the one that stands for ``tensorflow``.
    for module in (v1, v1.compat.v1):
        if not hasattr(module, "estimator"):
            spec = _noted(EstimatorSpec, "tf.estimator", used)
            module.estimator = types.SimpleNamespace(ModeKeys=ModeKeys, EstimatorSpec=spec)
    internal = importlib.import_module("tensorflow.python.ops")
    python = importlib.import_module("tensorflow.python")
    install_in_keras(used)
    for name, moved in INTERNAL.items():
        module = importlib.import_module("tensorflow.python.ops." + name)
        setattr(internal, name, module)
        setattr(python, name, module)
        for gone, new in moved.items():
            if not hasattr(module, gone):
                setattr(module, gone, _noted(getattr(v1, new), "%s.%s" % (name, gone), used))


def install_in_keras(used: Dict[str, None]) -> None:
    """What models of Keras 2 could once be given generators by."""
    for model in framework.model_classes():
        for name in ("fit", "evaluate", "predict"):
            old = name + "_generator"
            if hasattr(model, name) and model.__module__.startswith("tf_keras") and not hasattr(model, old):
                setattr(model, old, _noted(_by_generator(name), "Model." + old, used))


def _by_generator(name: str) -> Callable[..., Any]:
    def by_generator(model: Any, generator: Any, steps: Any = None, *rest: Any, **named: Any) -> Any:
        if steps is not None:
            named["steps_per_epoch" if name == "fit" else "steps"] = steps
        # The second of what came after the number of steps differs; the first, of a training, is that of epochs.
        named.update(zip(("epochs",) if name == "fit" else (), rest))
        # By the name that it has now: whoever looks on has wrapped it.
        return getattr(model, name)(generator, **named)

    return by_generator


def _found(module: Any, dotted: str) -> Any:
    return functools.reduce(getattr, dotted.split("."), module)


def _noted(function: Callable[..., Any], name: str, used: Dict[str, None]) -> Callable[..., Any]:
    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        used[name] = None
        return function(*args, **kwargs)

    return called


def _axis_first(function: Callable[..., Any], used: Dict[str, None]) -> Callable[..., Any]:
    """Before 1.0 it was ``concat(axis, values)``."""

    @functools.wraps(function)
    def concat(*args: Any, **kwargs: Any) -> Any:
        if len(args) > 1 and isinstance(args[0], int) and isinstance(args[1], (list, tuple)):
            used["tf.concat(axis, values)"] = None
            args = (args[1], args[0], *args[2:])
        return function(*args, **kwargs)

    concat.__wrapped_by_bnlint__ = function  # type: ignore[attr-defined]
    return concat


def _axis_first_of_three(function: Callable[..., Any], used: Dict[str, None]) -> Callable[..., Any]:
    """Before 1.0 it was ``split(axis, number, value)``."""

    @functools.wraps(function)
    def split(*args: Any, **kwargs: Any) -> Any:
        if len(args) > 2 and isinstance(args[0], int) and isinstance(args[1], int) and hasattr(args[2], "shape"):
            used["tf.split(axis, number, value)"] = None
            args = (args[2], args[1], args[0], *args[3:])
        return function(*args, **kwargs)

    split.__wrapped_by_bnlint__ = function  # type: ignore[attr-defined]
    return split
