"""The harnesses of TensorFlow 2: call it eagerly, call it inside ``tf.function``, fit it as a Keras model."""

from __future__ import annotations

import inspect
from typing import Any, Callable, Dict, List, Optional, Sequence

import numpy as np

from . import framework, report, targets
from .inputs import Argument, Variant
from .program import Program
from .stand_ins import Log
from .targets import Hints, Target
from .watch import Watch

REPEATS = 3
UNEXPECTED = "unexpected keyword argument 'training'"


class Run:
    """One attempt at a harness: what it drove, what came out, what went wrong.

    program: the file of the finding. entry: the file that holds what is driven; the same, or one that imports it.
    wanted: the probes that are asked for, by name, each with its parameter. probes: what they found.
    log: of the stand-ins. rows: first and last of the finding's statement. steps: of training. traced: a function of
    TensorFlow, whose ops go when it does.
    """

    def __init__(
        self,
        program: Program,
        entry: Program,
        hints: Hints,
        variant: Variant,
        watch: Watch,
        wanted: Dict[str, Any],
        log: Log,
        rows: Sequence[int],
        steps: int,
    ) -> None:
        self.program = program
        self.entry = entry
        self.hints = hints
        self.variant = variant
        self.watch = watch
        self.wanted = wanted
        self.log = log
        self.rows = range(rows[0], rows[1] + 1) if rows[1] else range(0)
        self.steps = steps
        self.probes: Dict[str, Any] = {}
        self.traced: Any = None
        self.mode = ""
        self.shapes: List[List[int]] = []
        self.outputs: List[List[Optional[List[float]]]] = []
        self.error: Optional[Dict[str, Any]] = None
        self.notes: List[str] = []

    def fail(self, error: BaseException, stage: str) -> None:
        """Remember the first error."""
        if self.error is None:
            self.error = self.program.describe(error, stage)


class Driven:
    """A target with everything that it is called with but the batches."""

    def __init__(self, run: Run, target: Target, again: Callable[[], Any], traced: bool = False) -> None:
        """again: makes another object like the one that is driven."""
        tf = framework.tf
        self.run = run
        self.target = target
        self.again = again
        variables = {
            a.name: tf.Variable(targets.statistic_value(a), trainable=False)
            for a in target.arguments
            if a.kind == "statistic"
        }
        targets.adopt(run.watch, run.hints, variables)
        self._fixed = dict(targets.constants(target.arguments), **variables)
        self._fixed.update({a.name: tf.constant(True) for a in target.arguments if a.kind == "flag"})
        self._off = {a.name: a.off for a in target.arguments if a.off is not None}
        self._off.update({a.name: tf.constant(False) for a in target.arguments if a.kind == "flag"})
        self._function = tf.function(target.function) if traced and target.layer is None else target.function

    @property
    def has_flag(self) -> bool:
        """Whether there is a training flag to switch."""
        return bool(self._off)

    @property
    def owner(self) -> Any:
        """The object that the code belongs to, if any."""
        return self.target.owner

    def __call__(self, arrays: Dict[str, Any], on: bool = True) -> Any:
        """Call it with these batches, and the training flag on or off."""
        kept = [a.name for a in self.target.arguments if a.array]
        tensors = {n: array if n in kept else framework.tf.constant(array) for n, array in arrays.items()}
        values = dict(self._fixed, **tensors)
        if not on:
            values.update(self._off)
        positional, named = self.target.bind(values)
        return self._function(*positional, **named)

    def leaves(self, arrays: Dict[str, Any], on: bool = True) -> List[Any]:
        """What the call returned, as arrays; what is no array is left out."""
        return report.arrays_in(framework.flatten(self(arrays, on)))


def drive(run: Run, namespace: Dict[str, Any], mode: str) -> Optional[Driven]:
    """Run the symbol in ``mode`` ("eager", "function", "fit"); a Keras object is fitted where a function is traced.

    Returns what was driven, for the probes; None if it failed.
    """

    def tensor(argument: Argument) -> Any:
        if argument.kind == "flag":
            return framework.tf.constant(True)
        return framework.tf.constant(Target(_nothing, [argument]).arrays(0)[argument.name])

    finder = targets.Finder(namespace, run.entry.path, run.hints, run.variant, tensor, run.log)
    number = len(run.watch.tracked)
    target = finder.find()
    targets.mark_cut(run.watch, run.log)
    targets.adopt_things(run.watch, run.hints, number)
    return _drive(run, target, mode, lambda: finder.find().owner)


def _drive(run: Run, target: Target, mode: str, again: Callable[[], Any]) -> Optional[Driven]:
    if target.layer is not None and mode in ("function", "fit"):
        run.mode = "fit"
        return fit(run, target, again)
    run.mode = "eager" if mode == "fit" else mode
    driven = Driven(run, target, again, traced=mode == "function")
    run.shapes = target.shapes
    if "stale" in run.wanted:
        return driven
    for step in range(run.steps):
        arrays = target.arrays(step)
        try:
            result = _once(driven, arrays)
        except Exception as error:
            if step == 0 and isinstance(error, TypeError) and UNEXPECTED in str(error):
                return _drive(run, targets.without_training(target), mode, again)
            run.fail(error, "call")
            # Whether each call creates its variables anew shows even when the calls fail.
            run.watch.step("failed call", {})
            continue
        built = targets.of_result(result, run.variant, run.program.folder) if step == 0 else None
        if built is not None:
            run.notes.append("what the function returned was driven")
            return _drive(run, built, mode, lambda: driven(target.arrays(0)))
        leaves = framework.flatten(result)
        run.outputs.append(report.digest(leaves, [framework.is_variable(leaf) for leaf in leaves]))
        run.watch.step("call", arrays)
    if run.error is None and report.unexplained(run.watch, "call"):
        arrays = target.arrays(run.steps)
        for _ in range(REPEATS):
            driven(arrays)
            run.watch.step("repeat", arrays)
    return driven if run.error is None else None


def _nothing() -> None:
    """For the arrays of an argument alone."""


def _once(driven: Driven, arrays: Dict[str, Any]) -> Any:
    """One call; with its gradients, if a whole training step is asked for."""
    if "gradients" not in driven.run.wanted:
        return driven(arrays)
    tf = framework.tf
    with tf.GradientTape() as tape:
        result = driven(arrays)
        floats = [leaf for leaf in framework.flatten(result) if tf.is_tensor(leaf) and leaf.dtype.is_floating]
        loss = tf.add_n([tf.reduce_mean(tf.square(leaf)) for leaf in floats]) if floats else None
    variables = [t.variable for t in driven.run.watch.tracked if t.trainable and t.first is not None]
    if loss is not None and variables:
        tape.gradient(loss, variables)
    return result


def fit(run: Run, target: Target, again: Callable[[], Any]) -> Optional[Driven]:
    """Fits of one batch each, so that every optimizer step is seen."""
    model = compiled(target.layer, eagerly="assignments" in run.wanted)
    run.shapes = target.shapes
    labelled = True
    for step in range(run.steps):
        arrays = target.arrays(step)
        try:
            try:
                if labelled:
                    fit_once(model, arrays)
            except Exception:
                # Only a step of the user's own may want the samples alone.
                if step or not _is_own(model, "train_step"):
                    raise
                labelled = False
                run.watch.forget()
                model = compiled(again())
            if not labelled:
                fit_once(model, arrays, labelled=False)
        except Exception as error:
            run.fail(error, "fit")
            return None
        run.watch.step("fit", arrays)
    return Driven(run, Target(model, target.arguments, model), again)


def compiled(layer: Any, eagerly: bool = False) -> Any:
    """The layer as a model that can be fitted to nothing in particular."""
    keras = framework.keras_of(layer)
    model = layer if isinstance(layer, framework.model_classes()) else keras.Sequential([layer])
    if _is_own(model, "compile"):
        model.compile(**_own_options(model, keras))
        return model
    options = {"jit_compile": False} if str(getattr(keras, "__version__", "2")).startswith("3") else {}
    model.compile(optimizer=keras.optimizers.SGD(1e-3), loss=_loss, run_eagerly=eagerly, **options)
    return model


def _is_own(model: Any, method: str) -> bool:
    """Whether the class of the model overrides what Keras has."""
    owner = next(cls for cls in type(model).__mro__ if method in cls.__dict__)
    return owner not in framework.model_classes() and owner.__module__.split(".")[0] not in ("keras", "tf_keras")


def _own_options(model: Any, keras: Any) -> Dict[str, Any]:
    """What a ``compile`` of the user's own asks for: optimizers and losses, by their names."""
    options: Dict[str, Any] = {}
    for name, parameter in inspect.signature(model.compile).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if "optim" in name or name.endswith("_opt"):
            options[name] = keras.optimizers.SGD(1e-3)
        elif "loss" in name:
            options[name] = _loss
        elif parameter.default is parameter.empty:
            options[name] = None
    return options


def fit_once(model: Any, arrays: Dict[str, Any], labelled: bool = True) -> None:
    """One optimizer step on these batches. labelled: whether there is a target for each sample."""
    data = list(arrays.values())
    labels = {"y": np.zeros((len(data[0]), 1), np.float32)} if labelled else {}
    model.fit(data[0] if len(data) == 1 else data, batch_size=len(data[0]), verbose=0, **labels)


def _loss(_: Any, prediction: Any) -> Any:
    """Depends on the output alone, whatever its shape."""
    return framework.tf.reduce_mean(framework.tf.square(prediction))
