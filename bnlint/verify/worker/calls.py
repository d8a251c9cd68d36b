"""The harnesses of TensorFlow 2: call it eagerly, call it inside ``tf.function``, fit it as a Keras model."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import numpy as np

from . import framework, report, targets
from .inputs import Variant
from .program import Program
from .targets import Hints, Target
from .watch import Watch

STEPS = 4
REPEATS = 3
UNEXPECTED = "unexpected keyword argument 'training'"


class Run:
    """One attempt at a harness: what it drove, what came out, what went wrong."""

    def __init__(self, program: Program, hints: Hints, variant: Variant, watch: Watch) -> None:
        self.program = program
        self.hints = hints
        self.variant = variant
        self.watch = watch
        self.mode = ""
        self.shapes: List[List[int]] = []
        self.outputs: List[List[float]] = []
        self.error: Optional[Dict[str, Any]] = None
        self.notes: List[str] = []

    def fail(self, error: BaseException, stage: str) -> None:
        """Remember the first error."""
        if self.error is None:
            self.error = self.program.describe(error, stage)


def drive(run: Run, namespace: Dict[str, Any], mode: str) -> None:
    """Run the symbol in ``mode`` ("eager", "function", "fit"); a Keras object is fitted where a function is traced."""
    target = targets.find(namespace, run.hints, run.variant)
    fitted = mode in ("function", "fit")
    if target.layer is not None and fitted:
        run.mode = "fit"
        _fit(run, target)
        return
    run.mode = "eager" if mode == "fit" else mode
    _call(run, target, traced=mode == "function")


def _call(run: Run, target: Target, traced: bool) -> None:
    tf = framework.tf
    variables = {
        a.name: tf.Variable(targets.statistic_value(a), trainable=False)
        for a in target.arguments
        if a.kind == "statistic"
    }
    targets.adopt(run.watch, run.hints, variables)
    fixed = dict(targets.constants(target.arguments), **variables)
    fixed.update({a.name: tf.constant(True) for a in target.arguments if a.kind == "flag"})
    function = tf.function(target.function) if traced and target.layer is None else target.function
    run.shapes = target.shapes
    for step in range(STEPS):
        arrays = target.arrays(step)
        try:
            result = _once(function, target, fixed, arrays)
        except Exception as error:
            if step == 0 and isinstance(error, TypeError) and UNEXPECTED in str(error):
                _call(run, targets.without_training(target), traced)
                return
            run.fail(error, "call")
            # Whether each call creates its variables anew shows even when the calls fail.
            run.watch.step("failed call", {})
            continue
        built = targets.of_result(result, run.variant, run.program.folder) if step == 0 else None
        if built is not None:
            run.notes.append("what the function returned was driven")
            _call(run, built, traced)
            return
        run.outputs.append(report.digest(framework.flatten(result)))
        run.watch.step("call", arrays)
    if run.error is None and _unexplained(run.watch, "call"):
        arrays = target.arrays(STEPS)
        for _ in range(REPEATS):
            _once(function, target, fixed, arrays)
            run.watch.step("repeat", arrays)


def _once(function: Any, target: Target, fixed: Dict[str, Any], arrays: Dict[str, Any]) -> Any:
    tensors = {name: framework.tf.constant(array) for name, array in arrays.items()}
    positional, named = target.bind(dict(fixed, **tensors))
    return function(*positional, **named)


def _unexplained(watch: Watch, phase: str) -> bool:
    """Whether a statistic moved in a way that the batches do not explain."""
    return any(
        found["laws"].get(phase, {}).get("kind") == "unexplained" and not found["trainable"]
        for found in report.variables(watch, [], {})
    )


def _fit(run: Run, target: Target) -> None:
    """Four fits of one batch each, so that every optimizer step is seen."""
    keras = framework.keras_of(target.layer)
    model = target.layer
    if not isinstance(model, framework.model_classes()):
        model = keras.Sequential([target.layer])
    options = {"jit_compile": False} if str(getattr(keras, "__version__", "2")).startswith("3") else {}
    model.compile(optimizer=keras.optimizers.SGD(1e-3), loss=_loss, **options)
    run.shapes = target.shapes
    for step in range(STEPS):
        arrays = target.arrays(step)
        data = list(arrays.values())
        try:
            model.fit(
                data[0] if len(data) == 1 else data,
                np.zeros((len(data[0]), 1), np.float32),
                batch_size=len(data[0]),
                verbose=0,
            )
        except Exception as error:
            run.fail(error, "fit")
            return
        run.watch.step("fit", arrays)


def _loss(_: Any, prediction: Any) -> Any:
    """Depends on the output alone, whatever its shape."""
    return framework.tf.reduce_mean(framework.tf.square(prediction))
