"""The harness of distribution: two replicas of a Keras model on one processor, with data that differ."""

from __future__ import annotations

from typing import Any, Dict

import numpy as np

from . import framework, inputs, targets
from .calls import Run, compiled

# However many are asked for: each takes long.
STEPS = 4
APART = 50.0
"""How much larger the second replica's data are."""


def drive(run: Run, namespace: Dict[str, Any]) -> None:
    """Fit what the symbol names or builds under a MirroredStrategy."""
    run.mode = "replicas"
    tf = framework.tf
    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        target = targets.Finder(namespace, run.entry.path, run.hints, run.variant, inputs.no_tensor, run.log).find()
        if target.layer is None:
            positional, named = target.bind(targets.constants(target.arguments))
            built = targets.of_result(target.function(*positional, **named), run.variant, run.program.folder)
            if built is None or built.layer is None:
                raise TypeError("%s is no layer or model and builds none" % run.hints.symbol)
            target = built
        model = compiled(target.layer)
    run.shapes = target.shapes
    for step in range(STEPS):
        first = next(iter(target.arrays(step).values()))
        second = next(iter(target.arrays(step + STEPS).values())) + APART
        whole = np.concatenate([first, second.astype(first.dtype)])
        labels = np.zeros((len(whole), 1), np.float32)
        model.fit(whole, labels, batch_size=2 * inputs.BATCH, shuffle=False, verbose=0)
        run.watch.step("fit", {"both replicas": whole, "first replica": first})
