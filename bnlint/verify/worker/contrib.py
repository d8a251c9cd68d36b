"""What TensorFlow 1 had in ``tf.contrib`` and TensorFlow 2 has not: the functions that networks are built from.

They keep the signatures, the variables' names and what goes into which collection, so that the graph around a batch
normalisation is the one that the code means. What is not here is a stand-in, see :mod:`stand_ins`.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.machinery
import sys
import types
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

from . import framework
from .contrib_norm import batch_norm
from .stand_ins import Log, StandIn

_scopes: List[Dict[Any, Dict[str, Any]]] = [{}]


def add_arg_scope(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function takes arguments from the ``arg_scope`` around the call."""

    @functools.wraps(function)
    def scoped(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **dict(_scopes[-1].get(_key(scoped), {}), **kwargs))

    scoped.arg_scope_key = "%s.%s" % (function.__module__, function.__name__)  # type: ignore[attr-defined]
    return scoped


def _key(function: Any) -> Any:
    return getattr(function, "arg_scope_key", function)


@contextlib.contextmanager
def arg_scope(functions_or_scope: Any, **kwargs: Any) -> Iterator[Dict[Any, Dict[str, Any]]]:
    """Defaults for these functions, on top of those that hold already; or a scope that was made before."""
    if isinstance(functions_or_scope, dict):
        scope = functions_or_scope
    else:
        scope = {key: dict(values) for key, values in _scopes[-1].items()}
        for function in functions_or_scope:
            scope.setdefault(_key(function), {}).update(kwargs)
    _scopes.append(scope)
    try:
        yield scope
    finally:
        _scopes.pop()


def _finished(
    outputs: Any, normalizer_fn: Any, normalizer_params: Any, biases_initializer: Any, activation_fn: Any, size: int
) -> Any:
    """A normalizer takes the place of the biases."""
    v1 = framework.v1
    if normalizer_fn is not None:
        outputs = normalizer_fn(outputs, **(normalizer_params or {}))
    elif biases_initializer is not None:
        outputs = outputs + v1.get_variable("biases", [size], initializer=_called(biases_initializer))
    return outputs if activation_fn is None else activation_fn(outputs)


def _called(initializer: Any) -> Any:
    return initializer() if isinstance(initializer, type) else initializer


def _pair(size: Any) -> List[int]:
    return [size, size] if isinstance(size, int) else list(size)


def _relu(x: Any) -> Any:
    return framework.v1.nn.relu(x)


def _zeros(*args: Any, **kwargs: Any) -> Any:
    return framework.v1.zeros_initializer()(*args, **kwargs)


@add_arg_scope
def conv2d(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: Optional[str] = None,
    rate: Any = 1,
    activation_fn: Any = _relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = None,
    weights_regularizer: Any = None,
    biases_initializer: Any = _zeros,
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    **_: Any,
) -> Any:
    """``contrib.layers.conv2d``; channels last."""
    v1 = framework.v1
    with v1.variable_scope(scope, "Conv", [inputs], reuse=reuse):
        channels = framework.size_of(inputs.shape[-1])
        shape = [*_pair(kernel_size), channels, num_outputs]
        kernel = v1.get_variable("weights", shape, initializer=_called(weights_initializer), trainable=trainable)
        strides, rates = [1, *_pair(stride), 1], [1, *_pair(rate), 1]
        outputs = v1.nn.conv2d(inputs, kernel, strides=strides, padding=padding.upper(), dilations=rates)
        return _finished(outputs, normalizer_fn, normalizer_params, biases_initializer, activation_fn, num_outputs)


@add_arg_scope
def conv2d_transpose(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: Optional[str] = None,
    activation_fn: Any = _relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = None,
    weights_regularizer: Any = None,
    biases_initializer: Any = _zeros,
    reuse: Any = None,
    trainable: bool = True,
    scope: Any = None,
    **_: Any,
) -> Any:
    """``contrib.layers.conv2d_transpose``; channels last."""
    v1, tf = framework.v1, framework.tf
    with v1.variable_scope(scope, "Conv2d_transpose", [inputs], reuse=reuse):
        shape = [*_pair(kernel_size), num_outputs, framework.size_of(inputs.shape[-1])]
        kernel = v1.get_variable("weights", shape, initializer=_called(weights_initializer), trainable=trainable)
        sides, steps, extra = tf.shape(inputs), _pair(stride), _pair(kernel_size)
        grow = [0, 0] if padding.upper() == "SAME" else [max(k - s, 0) for k, s in zip(extra, steps)]
        size = tf.stack([sides[0], sides[1] * steps[0] + grow[0], sides[2] * steps[1] + grow[1], num_outputs])
        outputs = v1.nn.conv2d_transpose(inputs, kernel, size, [1, *steps, 1], padding.upper())
        known = [framework.size_of(each) for each in inputs.shape[1:3]]
        outputs.set_shape([None] + [n and n * s + g for n, s, g in zip(known, steps, grow)] + [num_outputs])
        return _finished(outputs, normalizer_fn, normalizer_params, biases_initializer, activation_fn, num_outputs)


@add_arg_scope
def fully_connected(
    inputs: Any,
    num_outputs: int,
    activation_fn: Any = _relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = None,
    weights_regularizer: Any = None,
    biases_initializer: Any = _zeros,
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    **_: Any,
) -> Any:
    """``contrib.layers.fully_connected``, on the last axis."""
    v1, tf = framework.v1, framework.tf
    with v1.variable_scope(scope, "fully_connected", [inputs], reuse=reuse):
        shape = [framework.size_of(inputs.shape[-1]), num_outputs]
        kernel = v1.get_variable("weights", shape, initializer=_called(weights_initializer), trainable=trainable)
        outputs = tf.tensordot(inputs, kernel, [[inputs.shape.ndims - 1], [0]])
        return _finished(outputs, normalizer_fn, normalizer_params, biases_initializer, activation_fn, num_outputs)


@add_arg_scope
def max_pool2d(inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", *_: Any, **__: Any) -> Any:
    """``contrib.layers.max_pool2d``."""
    sizes, strides = [1, *_pair(kernel_size), 1], [1, *_pair(stride), 1]
    return framework.v1.nn.max_pool(inputs, sizes, strides, padding.upper())


@add_arg_scope
def avg_pool2d(inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", *_: Any, **__: Any) -> Any:
    """``contrib.layers.avg_pool2d``."""
    sizes, strides = [1, *_pair(kernel_size), 1], [1, *_pair(stride), 1]
    return framework.v1.nn.avg_pool(inputs, sizes, strides, padding.upper())


@add_arg_scope
def dropout(
    inputs: Any, keep_prob: Any = 0.5, noise_shape: Any = None, is_training: Any = True, *_: Any, **__: Any
) -> Any:
    """``contrib.layers.dropout``."""
    v1, known = framework.v1, framework.constant_value(is_training)
    dropped = v1.nn.dropout(inputs, keep_prob=keep_prob)
    if known is not None:
        return dropped if known else framework.tf.identity(inputs)
    return v1.cond(is_training, lambda: dropped, lambda: framework.tf.identity(inputs))


@add_arg_scope
def flatten(inputs: Any, *_: Any, **__: Any) -> Any:
    """``contrib.layers.flatten``."""
    size: Any = 1
    for each in inputs.shape[1:]:
        length = framework.size_of(each)
        size = -1 if length is None or size == -1 else size * length
    return framework.tf.reshape(inputs, [-1 if size != -1 else framework.tf.shape(inputs)[0], size])


def l2_regularizer(scale: Any = 0.0, *_: Any, **__: Any) -> Callable[[Any], Any]:
    """Of weights; where a shim is given one, it makes no difference to the statistics."""
    return lambda weights: scale * framework.tf.nn.l2_loss(weights)


def _initializer(*_: Any, **__: Any) -> Any:
    return framework.v1.glorot_uniform_initializer()


def _variable(name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, *_: Any, **options: Any) -> Any:
    kept = {key: options[key] for key in ("trainable", "collections", "regularizer") if key in options}
    dtype = framework.tf.float32 if dtype is None else dtype
    return framework.v1.get_variable(name, shape, dtype, initializer, **kept)


def create_train_op(total_loss: Any, optimizer: Any, global_step: Any = None, update_ops: Any = None, **_: Any) -> Any:
    """``slim.learning.create_train_op``: the step waits for all of UPDATE_OPS, unless it is told other ops."""
    v1 = framework.v1
    waited = set(v1.get_collection(v1.GraphKeys.UPDATE_OPS)) if update_ops is None else set(update_ops)
    if waited:
        with v1.control_dependencies(waited):
            barrier = v1.no_op()
        with v1.control_dependencies([barrier]):
            total_loss = framework.tf.identity(total_loss)
    step = optimizer.apply_gradients(optimizer.compute_gradients(total_loss))
    with v1.control_dependencies([step]):
        return framework.tf.identity(total_loss)


def optimize_loss(
    loss: Any, global_step: Any = None, learning_rate: Any = 0.01, optimizer: Any = "SGD", *_: Any, **options: Any
) -> Any:
    """``contrib.layers.optimize_loss``, which waits for UPDATE_OPS as well."""
    made = optimizer if hasattr(optimizer, "compute_gradients") else framework.v1.train.GradientDescentOptimizer(0.01)
    return create_train_op(loss, made, update_ops=options.get("update_ops"))


class ModeKeys:
    """``contrib.learn.ModeKeys``."""

    TRAIN, EVAL, INFER = "train", "eval", "infer"


SHIMS: Dict[str, Any] = {
    "add_arg_scope": add_arg_scope,
    "arg_scope": arg_scope,
    "avg_pool2d": avg_pool2d,
    "batch_norm": add_arg_scope(batch_norm),
    "conv2d": conv2d,
    "conv2d_transpose": conv2d_transpose,
    "convolution": conv2d,
    "convolution2d": conv2d,
    "convolution2d_transpose": conv2d_transpose,
    "create_train_op": create_train_op,
    "dropout": dropout,
    "flatten": flatten,
    "fully_connected": fully_connected,
    "l1_regularizer": l2_regularizer,
    "l2_regularizer": l2_regularizer,
    "linear": functools.partial(fully_connected, activation_fn=None),
    "max_pool2d": max_pool2d,
    "model_variable": _variable,
    "ModeKeys": ModeKeys,
    "optimize_loss": optimize_loss,
    "relu": fully_connected,
    "variable": _variable,
    "variance_scaling_initializer": _initializer,
    "xavier_initializer": _initializer,
    "xavier_initializer_conv2d": _initializer,
}


class Contrib(types.ModuleType):
    """A module of ``tf.contrib``: the shims by their names, wherever they were; other names are modules or stand-ins.

    log: of the stand-ins, if there are to be any. used: where to note the names that were asked for.
    """

    def __init__(self, name: str, log: Optional[Log], used: Dict[str, None]) -> None:
        super().__init__(name)
        self.__path__: List[str] = []
        self.__dict__.update(_log=log, _used=used)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in SHIMS:
            self._used["tf.contrib: " + name] = None
            return SHIMS[name]
        if name in PACKAGES:
            return importlib.import_module(self.__name__ + "." + name)
        if self._log is None:
            raise AttributeError("module %r has no attribute %r" % (self.__name__, name))
        return StandIn("contrib." + name, self._log)


PACKAGES = {"layers", "slim", "framework", "learning", "training", "learn", "python", "ops", "contrib"}


class Finder:
    """Imports ``tensorflow.contrib`` and ``tf_slim`` as :class:`Contrib`."""

    def __init__(self, log: Optional[Log], used: Dict[str, None]) -> None:
        self.log = log
        self.used = used

    def find_spec(self, name: str, path: Optional[Sequence[str]] = None, target: Any = None) -> Any:
        """Only where there is none of the real ones."""
        if name.split(".")[:2] == ["tensorflow", "contrib"] or name.split(".")[0] == "tf_slim":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]
        return None

    def create_module(self, spec: Any) -> Contrib:
        """For the import system."""
        return Contrib(spec.name, self.log, self.used)

    def exec_module(self, module: Any) -> None:
        """For the import system; there is nothing to run."""


def install(log: Optional[Log], used: Dict[str, None]) -> None:
    """From now on ``tf.contrib`` is there, on TensorFlow 2. Scopes of an earlier attempt are forgotten."""
    del _scopes[1:]
    if framework.IS_TF1:
        return
    for name in [name for name in sys.modules if isinstance(sys.modules[name], Contrib)]:
        del sys.modules[name]
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Finder)]
    sys.meta_path.append(Finder(log, used))
    framework.v1.contrib = importlib.import_module("tensorflow.contrib")
