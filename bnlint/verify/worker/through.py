"""Whether the network trains through a line, and whether that line updates the statistics that it normalises with.

For code of TensorFlow 2; in a graph of TensorFlow 1 the ops tell it, see :func:`report.note_updates`.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, List, Sequence

from . import framework
from .watch import ASSIGNING, Watch


def install(watch: Watch, rows: Sequence[int]) -> List[Callable[[], None]]:
    """Look at normalisation layers and at assignments from now on; what undoes it is to be called last to first.

    rows: first and last of the line.
    """
    undo = [
        framework.wrap(cls, "call", functools.partial(_calling, watch, rows))
        for cls in framework.normalisation_classes()
    ]
    return undo + [framework.wrap(owner, name, functools.partial(_assigning, watch, rows)) for owner, name in ASSIGNING]


def _on_line(watch: Watch, rows: Sequence[int]) -> bool:
    return any(rows[0] <= row <= rows[1] for row in watch.rows_now()[0])


def _assigning(watch: Watch, rows: Sequence[int], original: Any) -> Any:
    @functools.wraps(original)
    def assign(variable: Any, *args: Any, **kwargs: Any) -> Any:
        if _on_line(watch, rows):
            for tracked in watch.tracked:
                if tracked.variable is variable:
                    tracked.facts["built"] = True
        return original(variable, *args, **kwargs)

    return assign


def _calling(watch: Watch, rows: Sequence[int], original: Any) -> Any:
    @functools.wraps(original)
    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(layer, *args, **kwargs)
        if not framework.tf.is_tensor(result):
            return result
        through = _on_line(watch, rows)

        @framework.tf.custom_gradient
        def output(tensor: Any) -> Any:
            def gradient(upstream: Any) -> Any:
                for tracked in watch.tracked:
                    if tracked.layer is layer:
                        tracked.facts["trained_through"] = through or tracked.facts.get("trained_through", False)
                return upstream

            return framework.tf.identity(tensor), gradient

        return output(result)

    return call
