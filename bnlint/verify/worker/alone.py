"""A normalisation layer by itself: what it does with its statistics in training, wherever the program has put it.

A layer that is frozen, or that no training reaches, has a momentum all the same.
"""

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np

from . import framework, inputs, laws
from .tracked import Tracked
from .watch import Watch

STEPS = 5


def build(watch: Watch, rows: List[int]) -> None:
    """Build the layers that these rows made and nobody built, so that they have statistics. Raises what they raise."""
    built = {id(tracked.layer) for tracked in watch.tracked}
    for layer, made in watch.layers_made() if framework.eagerly() else ():
        new = id(layer) not in built and bool(set(rows) & set(made))
        if new and isinstance(layer, tuple(framework.normalisation_classes())):
            layer.build((None, inputs.CHANNELS))


def note_laws(watch: Watch, rows: List[int]) -> bool:
    """For the statistics of library layers that these rows made, the law of a copy of the layer, made trainable.

    Says whether there are any.
    """
    found: Dict[int, List[laws.Law]] = {}
    for tracked in list(watch.tracked):
        layer = tracked.layer
        if layer is None or tracked.trainable or not set(rows) & set(tracked.rows) or tracked.first is None:
            continue
        if not isinstance(layer, tuple(framework.normalisation_classes())) or not hasattr(layer, "get_config"):
            continue
        if id(layer) not in found:
            found[id(layer)] = _laws(layer, tracked.first.size)
        place = _place(tracked)
        if place < len(found[id(layer)]):
            tracked.alone = found[id(layer)][place]
    return any(found.values())


def _place(tracked: Tracked) -> int:
    """0 for the mean, which starts at zero; 1 for the variance."""
    return int(bool(np.all(tracked.first == 1)))


def _laws(layer: Any, channels: int) -> List[laws.Law]:
    """Of the mean and of the variance."""
    config = dict(layer.get_config(), trainable=True)
    axis = config.get("axis", -1)
    axis = axis[0] if isinstance(axis, (list, tuple)) else axis
    if axis not in (-1, 1):
        return []
    copy = type(layer).from_config(config)
    batches = [inputs.batch((inputs.BATCH, channels), step) for step in range(STEPS)]
    values = _eagerly(copy, batches) if framework.eagerly() else _in_graph(copy, batches)
    sources = laws.series(inputs.batch_statistics({"inputs": batch}, channels) for batch in batches)
    return [laws.fit([laws.vector(value) for value in each], sources) for each in values]


def _eagerly(layer: Any, batches: List[Any]) -> List[List[Any]]:
    values: List[List[Any]] = [[], []]
    layer.build((None, batches[0].shape[-1]))

    def look() -> None:
        for kept, variable in zip(values, (layer.moving_mean, layer.moving_variance)):
            kept.append(np.array(variable))

    look()
    for batch in batches:
        layer(framework.tf.constant(batch), training=True)
        look()
    return values


def _in_graph(layer: Any, batches: List[Any]) -> List[List[Any]]:
    v1 = framework.v1
    with framework.Graph().as_default() as graph:
        fed = v1.placeholder(framework.tf.float32, [None, batches[0].shape[-1]])
        layer(fed, training=True)
        watched = [layer.moving_mean, layer.moving_variance]
        with v1.Session(graph=graph) as session:
            session.run(v1.global_variables_initializer())
            looks = [session.run(watched)]
            for batch in batches:
                session.run(layer.updates, {fed: batch})
                looks.append(session.run(watched))
    return [list(each) for each in zip(*looks)]
