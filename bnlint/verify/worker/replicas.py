"""The harness of distribution: two replicas of a Keras model on one processor, with data that differ."""

from __future__ import annotations

import functools
from typing import Any, Callable, Dict, List, Tuple

import numpy as np

from . import framework, inputs, targets
from .calls import Run, compiled

# However many are asked for: each takes long.
STEPS = 4
APART = 50.0
"""How much larger the second replica's data are."""


DEVICES = ["CPU:0", "CPU:1"]


def prepare() -> "Tuple[List[Any], Callable[[], None]]":
    """Two processors for every MirroredStrategy, whatever it asks for.

    Returns a list of those that the program makes, and what undoes it.
    """
    tf = framework.tf
    processor = tf.config.list_physical_devices("CPU")[0]
    if tf.config.get_logical_device_configuration(processor) is None:
        tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * len(DEVICES))
    made: List[Any] = []

    def mirrored(original: Any) -> Any:
        @functools.wraps(original)
        def init(self: Any, devices: Any = None, cross_device_ops: Any = None) -> None:
            original(self, DEVICES, cross_device_ops)
            made.append(self)

        return init

    return made, framework.wrap(tf.distribute.MirroredStrategy, "__init__", mirrored)


def drive(run: Run, namespace: Dict[str, Any], made: List[Any]) -> None:
    """Fit what the symbol names or builds under a MirroredStrategy; without a symbol, the model that the file makes.

    made: the strategies of the file's own.
    """
    run.mode = "replicas"
    if not run.hints.symbol:
        if not made:
            raise TypeError("the file makes no MirroredStrategy")
        _fit(run, targets.of_layer(_own_model(run, namespace), run.variant), made[-1])
        return
    strategy = framework.tf.distribute.MirroredStrategy()
    with strategy.scope():
        target = targets.Finder(namespace, run.entry.path, run.hints, run.variant, inputs.no_tensor, run.log).find()
        if target.layer is None:
            positional, named = target.bind(targets.constants(target.arguments))
            built = targets.of_result(target.function(*positional, **named), run.variant, run.program.folder)
            if built is None or built.layer is None:
                raise TypeError("%s is no layer or model and builds none" % run.hints.symbol)
            target = built
    _fit(run, target, strategy)


def _own_model(run: Run, namespace: Dict[str, Any]) -> Any:
    """The model with the layer of the finding's line, made under a strategy. Raises TypeError without one."""
    layers = {id(layer) for layer, rows in run.watch.layers_made() if set(rows) & set(run.rows)}
    for value in list(namespace.values()):
        if isinstance(value, framework.model_classes()) and any(
            id(layer) in layers for layer in framework.layers_of(value)
        ):
            return value
    raise TypeError("the file makes no model with the layer of this line")


def _fit(run: Run, target: targets.Target, strategy: Any) -> None:
    with strategy.scope():
        model = compiled(target.layer)
    run.shapes = target.shapes
    for step in range(STEPS):
        first = next(iter(target.arrays(step).values()))
        second = next(iter(target.arrays(step + STEPS).values())) + APART
        whole = np.concatenate([first, second.astype(first.dtype)])
        labels = np.zeros((len(whole), 1), np.float32)
        with strategy.scope():
            fed = {
                name: _reaching(run, model, data) for name, data in (("both replicas", whole), ("first replica", first))
            }
        model.fit(whole, labels, batch_size=2 * inputs.BATCH, shuffle=False, verbose=0)
        run.watch.step("fit", fed)


def _reaching(run: Run, model: Any, data: Any) -> Any:
    """What of these samples goes into the layer of the finding's line, with the weights that the model has now."""
    model(framework.tf.constant(data), training=False)
    seen = run.watch.take_inputs()
    made = (id(layer) for layer, rows in run.watch.layers_made() if set(rows) & set(run.rows))
    return next((seen[each] for each in made if each in seen), data)
