"""Warns during training when statistics of batch normalization do not move: a Keras callback and a session hook.

This file needs nothing else of bnlint and runs on Python 3.7 with TensorFlow 1.15 too; there it may be copied.
"""

from __future__ import annotations

import importlib
import re
import warnings
from typing import Any

STATISTIC = re.compile(r"(moving|running|population|pop)_?(mean|avg|average|variance|var|std|stddev)", re.IGNORECASE)
"""What the last part of a statistic's name looks like."""

HELP = "; `bnlint trace -- python …` shows what each of them does, and `bnlint check` looks for the line"


class BatchNormWarning(UserWarning):
    """Statistics do not do what they should. ``warnings.simplefilter("error", BatchNormWarning)`` ends training."""


class BatchNormCallback:
    """For ``model.fit(…, callbacks=[BatchNormCallback()])``, in Keras 2 and Keras 3.

    Warns once if statistics of layers that are not frozen keep their value, bit for bit, through the first training
    steps, and once if evaluation or prediction moves them.
    """

    _supports_tf_logs = True
    model: Any = None

    def __init__(self, steps: int = 3) -> None:
        """steps: batches after which a statistic should have moved."""
        self.steps = steps
        self._taken = 0
        self._first: dict[str, bytes] = {}
        self._before: dict[str, bytes] = {}
        self._told = False

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Remember what was there first; a model may be built by its first batch."""
        if self._taken <= self.steps and not self._first:
            self._first = self._values()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Compare after the steps."""
        if self._taken > self.steps:
            return
        if not self._first:
            self._first = self._values()
            return
        self._taken += 1
        if self._taken == self.steps:
            self._taken += 1
            now = self._values()
            kept = [name for name, value in self._first.items() if now.get(name) == value]
            if kept:
                _warn_of_rest(kept, self.steps)

    def on_test_begin(self, logs: Any = None) -> None:
        """Remember what evaluation must not move."""
        self._before = self._values()

    def on_test_end(self, logs: Any = None) -> None:
        """Compare."""
        now = self._values()
        moved = [name for name, value in self._before.items() if now.get(name, value) != value]
        if moved and not self._told:
            self._told = True
            message = f"{_listed(moved)} moved at inference, where statistics should only be used"
            warnings.warn(message + HELP, BatchNormWarning, stacklevel=2)

    on_predict_begin = on_test_begin
    on_predict_end = on_test_end

    def _values(self) -> dict[str, bytes]:
        """The statistics of the layers that are not told to keep them, by name."""
        found: dict[str, bytes] = {}
        seen: set[int] = set()
        for layer in _layers(self.model):
            momentum = getattr(layer, "momentum", None)
            frozen = not layer.trainable or (isinstance(momentum, (int, float)) and momentum == 1)
            weights = layer.weights
            for weight, value in zip(weights, layer.get_weights() if weights else []):  # noqa: B905 (Python 3.7)
                name = str(weight.name).split(":")[0]
                if id(weight) not in seen and not frozen and STATISTIC.fullmatch(name.rpartition("/")[2]):
                    found[name if "/" in name else f"{layer.name}/{name}"] = value.tobytes()
                seen.add(id(weight))
        return found

    # Keras calls all of these, and Keras 2 asks first which of them do something.

    def set_model(self, model: Any) -> None:
        """Called by Keras."""
        self.model = model

    def set_params(self, params: Any) -> None:
        """Called by Keras."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Called by Keras."""

    on_train_end = on_train_begin

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Called by Keras."""

    on_epoch_end = on_test_batch_begin = on_test_batch_end = on_epoch_begin
    on_predict_batch_begin = on_predict_batch_end = on_batch_begin = on_batch_end = on_epoch_begin

    def _implements_train_batch_hooks(self) -> bool:
        return True

    def _implements_test_batch_hooks(self) -> bool:
        return False

    _implements_predict_batch_hooks = _implements_test_batch_hooks


def _layers(model: Any) -> list[Any]:
    """The model and all layers inside it, the inner ones first."""
    if hasattr(model, "_flatten_layers"):
        return list(model._flatten_layers())[::-1]
    inner = [each for layer in getattr(model, "layers", []) for each in _layers(layer)]
    return [*inner, model]


def _warn_of_rest(names: list[str], steps: int) -> None:
    message = f"{_listed(names)} kept the same value through {steps} training steps; inference will use it"
    warnings.warn(message + HELP, BatchNormWarning, stacklevel=3)


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"


def _hook() -> Any:
    """The class needs TensorFlow, and is made when it is first asked for."""
    v1: Any = importlib.import_module("tensorflow").compat.v1

    class BatchNormHook(v1.train.SessionRunHook):
        """For ``estimator.train(…, hooks=[BatchNormHook()])`` and ``MonitoredTrainingSession(hooks=[…])``.

        Warns once if statistics keep their value, bit for bit, through the first training steps.
        """

        def __init__(self, steps: int = 3) -> None:
            """steps: runs of the session after which a statistic should have moved."""
            self.steps = steps
            self._taken = 0
            self._variables: list[Any] = []
            self._first: list[Any] = []

        def begin(self) -> None:
            """Find them: the graph is complete."""
            trained = {variable.name for variable in v1.trainable_variables()}
            self._variables = [
                variable
                for variable in v1.global_variables()
                if variable.name not in trained and STATISTIC.fullmatch(variable.name[:-2].rpartition("/")[2])
            ]

        def after_create_session(self, session: Any, coord: Any) -> None:
            """Remember what was there first."""
            self._first = session.run(self._variables)

        def after_run(self, run_context: Any, run_values: Any) -> None:
            """Compare after the steps."""
            self._taken += 1
            if self._taken == self.steps and self._variables:
                now = run_context.session.run(self._variables)
                pairs = zip(self._variables, self._first, now)  # noqa: B905 (Python 3.7 has no strict)
                kept = [one.name.split(":")[0] for one, first, last in pairs if first.tobytes() == last.tobytes()]
                if kept:
                    _warn_of_rest(kept, self.steps)

    return BatchNormHook


def __getattr__(name: str) -> Any:
    if name != "BatchNormHook":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = _hook()
    return globals()[name]
