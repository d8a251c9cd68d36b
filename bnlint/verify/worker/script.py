"""The harness for a whole program: run the file as ``__main__`` and look on, after each step it takes itself."""

from __future__ import annotations

import functools
import time
from typing import Any, Callable, Dict, List

import numpy as np

from . import framework
from .calls import Run
from .graph import _ancestors, _fetchable

ENOUGH_STEPS = 40
TRAINING_OPS = ("Apply", "ResourceApply", "SparseApply", "ResourceSparseApply")


class Enough(BaseException):
    """The program has shown what it does; a training script may go on for days."""


def drive(run: Run, seconds: float) -> Dict[str, Any]:
    """Execute the program, for at most about ``seconds`` once it trains; returns its globals."""
    run.mode = "program"
    onlooker = _Onlooker(run, time.time() + seconds)
    namespace: Dict[str, Any] = {}
    try:
        onlooker.install()
        namespace = run.program.execute(as_main=True)
    except Enough:
        run.notes.append("stopped after enough steps")
    except SystemExit as error:
        if error.code not in (None, 0):
            run.fail(error, "import")
    except Exception as error:
        run.fail(error, "import")
    finally:
        onlooker.uninstall()
    if framework.eagerly():
        run.watch.step("end")
    return namespace


class _Onlooker:
    """Steps in after ``Session.run``, an optimizer's eager step, ``fit`` and ``train_on_batch``."""

    def __init__(self, run: Run, until: float) -> None:
        self.run = run
        self.until = until
        self.depth = 0
        self.undo: List[Callable[[], None]] = []
        self.training: Dict[Any, bool] = {}

    def install(self) -> None:
        self.undo.append(framework.wrap(framework.BaseSession, "run", self._session_run))
        for keras in framework.keras_modules():
            for owner, name, phase in (
                (keras.Model, "fit", "fit"),
                (keras.Model, "train_on_batch", "fit"),
                (keras.optimizers.Optimizer, "apply_gradients", "train-op"),
            ):
                if hasattr(owner, name):
                    self.undo.append(framework.wrap(owner, name, functools.partial(self._eager, phase)))

    def uninstall(self) -> None:
        while self.undo:
            self.undo.pop()()

    def _step(self, phase: str, arrays: Dict[str, Any], session: Any = None) -> None:
        watch = self.run.watch
        if len(watch.steps) < ENOUGH_STEPS:
            watch.step(phase, arrays, session)
        trained = sum(1 for step in watch.steps if step.phase in ("train-op", "fit"))
        if (len(watch.steps) >= ENOUGH_STEPS and trained >= 3) or time.time() > self.until:
            raise Enough

    def _session_run(self, original: Any) -> Any:
        @functools.wraps(original)
        def run(session: Any, fetches: Any, feed_dict: Any = None, *args: Any, **kwargs: Any) -> Any:
            result = original(session, fetches, feed_dict, *args, **kwargs)
            if self.depth == 0:
                self.depth += 1
                try:
                    self._step(self._phase(session, fetches), _arrays(feed_dict), session)
                finally:
                    self.depth -= 1
            return result

        return run

    def _phase(self, session: Any, fetches: Any) -> str:
        """A run that steps an optimizer trains."""
        leaves = framework.flatten(fetches)
        with session.graph.as_default():
            ops = _fetchable(leaves)
        key = (session.graph, tuple(id(op) for op in ops))
        if key not in self.training:
            self.training[key] = any("Apply" in op.type and op.type.startswith(TRAINING_OPS) for op in _ancestors(ops))
        return "train-op" if self.training[key] else "call"

    def _eager(self, phase: str, original: Any) -> Any:
        @functools.wraps(original)
        def method(*args: Any, **kwargs: Any) -> Any:
            self.depth += 1
            try:
                result = original(*args, **kwargs)
            finally:
                self.depth -= 1
            if self.depth == 0 and framework.eagerly():
                self._step(phase, {})
            return result

        return method


def _arrays(feed_dict: Any) -> Dict[str, Any]:
    """What was fed, as candidates for the source of an update."""
    fed = {}
    for key, value in (feed_dict or {}).items():
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            continue
        if array.ndim and array.size <= 1 << 22:
            fed[str(getattr(key, "name", key)).split(":")[0]] = array
    return fed
