"""The harness for a whole program: run the file as ``__main__`` and look on, after each step it takes itself."""

from __future__ import annotations

import functools
import gc
import time
from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np

from . import framework, inputs, ops, probes, reload, report
from .calls import Run
from .tracked import Seen

ENOUGH_STEPS = 40
PHASES = {"fit": "fit", "train_on_batch": "fit", "predict": "predict"}
"""Of the methods of a Keras model."""


class Enough(BaseException):
    """The program has shown what it does; a training script may go on for days."""


def drive(run: Run, seconds: float, rows: Sequence[int]) -> Dict[str, Any]:
    """Execute the program, for at most about ``seconds`` once it trains; returns its globals.

    rows: first and last of the finding's statement; steps that were over before it ran are told apart.
    """
    run.mode = "program"
    onlooker = _Onlooker(run, time.time() + seconds, rows)
    namespace: Dict[str, Any] = {}
    try:
        onlooker.install()
        namespace = run.entry.execute(as_main=True)
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
    report.note_updates(run.watch, rows, onlooker.fetched)
    reached = {"what the program runs": ops.ancestors(onlooker.fetched)}
    for tracked in filter(report.in_graph, run.watch.tracked):
        tracked.facts.update(ops.reaching(tracked.variable, reached))
    if "waiting" in run.wanted:
        run.probes["waiting"] = ops.waiting(run.watch.blocks, run.wanted["waiting"], onlooker.fetched)
    _probe(run, namespace)
    return namespace


def _probe(run: Run, namespace: Dict[str, Any]) -> None:
    """What can be seen once the program is over."""
    if "layers" in run.wanted:
        run.probes["layers"] = probes.membership(run, list(namespace.values()))
    if "attributes" in run.wanted:
        names = run.wanted["attributes"]
        owners = [each for each in gc.get_objects() if type(each).__name__ == run.hints.symbol.split(".")[0]]
        run.probes["attributes"] = probes.kinds_held(owners[-1], names) if owners else None


class _Onlooker:
    """Steps in after ``Session.run``, an optimizer's eager step, ``fit`` and ``train_on_batch``."""

    def __init__(self, run: Run, until: float, rows: Sequence[int]) -> None:
        """rows: first and last of the finding's statement."""
        self.run = run
        self.rows = rows
        self.until = until
        self.depth = 0
        self.undo: List[Callable[[], None]] = []
        self.known: Dict[Any, Tuple[str, Seen]] = {}
        self.fetched: List[Any] = []

    def install(self) -> None:
        self.undo.append(framework.wrap(framework.BaseSession, "run", self._session_run))
        steps = [(model, name) for model in framework.model_classes() for name in PHASES]
        steps += [(keras.optimizers.Optimizer, "apply_gradients") for keras in framework.keras_modules()]
        for owner, name in steps:
            if hasattr(owner, name):
                phase = PHASES.get(name, "train-op")
                self.undo.append(framework.wrap(owner, name, functools.partial(self._eager, phase)))
        if "dependence" in self.run.wanted:
            self.undo.append(framework.wrap(framework.v1.train.Saver, "restore", self._restore))

    def uninstall(self) -> None:
        while self.undo:
            self.undo.pop()()

    def _step(self, phase: str, arrays: Dict[str, Any], session: Any = None, fetched: Any = None) -> None:
        watch = self.run.watch
        first, last = self.rows
        if last and not any(first <= row <= last for row in self.run.program.hits):
            # The finding is about what comes after its line.
            phase = "before " + phase
        if len(watch.steps) < ENOUGH_STEPS:
            watch.step(phase, arrays, session, fetched)
        trained = sum(1 for step in watch.steps if step.phase in ("train-op", "fit"))
        if (len(watch.steps) >= ENOUGH_STEPS and trained >= 3) or time.time() > self.until:
            raise Enough

    def _session_run(self, original: Any) -> Any:
        @functools.wraps(original)
        def run(session: Any, fetches: Any, feed_dict: Any = None, *args: Any, **kwargs: Any) -> Any:
            if self.depth:
                return original(session, fetches, feed_dict, *args, **kwargs)
            self.depth += 1
            try:
                phase, wanted = self._look(session, fetches)
                result, seen = original(session, [fetches, wanted], feed_dict, *args, **kwargs)
                self.run.watch.saw(seen)
                self._step(phase, ops.fed_arrays(feed_dict), session, id(wanted))
                self._probe(phase, session)
                if phase == "inference":
                    self._compare(session, fetches, feed_dict or {})
            finally:
                self.depth -= 1
            return result

        return run

    def _probe(self, phase: str, session: Any) -> None:
        """After the third training step: the session will be closed when the program is over."""
        run = self.run
        trained = sum(1 for step in run.watch.steps if step.phase == phase)
        if phase != "train-op" or trained != 3:
            return
        if "saver" in run.wanted:
            reload.by_savers(run, session)
        if "update ops" in run.wanted:
            run.probes["update ops"] = ops.update_ops(session.graph, run.watch.blocks, run.wanted["update ops"])

    def _restore(self, original: Any) -> Any:
        """What the output depends on shows with any weights; those that were trained need not be here."""
        notes = self.run.notes

        @functools.wraps(original)
        def restore(self: Any, sess: Any, save_path: Any) -> Any:
            if framework.v1.train.checkpoint_exists(save_path or ""):
                return original(self, sess, save_path)
            with sess.graph.as_default():
                sess.run(framework.v1.global_variables_initializer())
            notes.append("what the program restores is not here: its variables have their initial values")
            return None

        return restore

    def _compare(self, session: Any, fetched: Any, feeds: Dict[Any, Any]) -> None:
        """The answer for one sample beside others."""
        fetches = ops.floats(ops.fetchable(framework.flatten(fetched)))
        batches = {key: np.shape(value) for key, value in feeds.items() if np.ndim(value) > 1}

        def outputs(arrays: Dict[str, Any]) -> List[Any]:
            return report.arrays_in(session.run(fetches, {**feeds, **{key: arrays[str(key)] for key in batches}}))

        def arrays(step: int) -> Dict[str, Any]:
            return {str(key): inputs.batch((inputs.BATCH, *shape[1:]), step) for key, shape in batches.items()}

        if "dependence" in self.run.probes or not fetches or not batches:
            return
        try:
            found = probes.compare_batches(outputs, arrays)
        except (framework.tf.errors.OpError, ValueError) as error:
            self.run.notes.append("dependence: %s: %s" % (type(error).__name__, str(error).split("\n")[0][:200]))
            return
        if found is not None:
            self.run.probes["dependence"] = found

    def _look(self, session: Any, fetches: Any) -> Tuple[str, Seen]:
        """The phase, which is training if an optimizer steps; and what to fetch as well."""
        leaves = framework.flatten(fetches)
        with session.graph.as_default():
            fetched = ops.fetchable(leaves)
            key = (session.graph, tuple(id(each) for each in fetched))
            if key not in self.known:
                self.fetched += fetched
                self.known[key] = ("train-op" if ops.trains(fetched) else "call", self.run.watch.to_see(fetched))
        phase, wanted = self.known[key]
        return ("inference" if phase == "call" and self._infers(session, fetched) else phase), wanted

    def _infers(self, session: Any, fetched: List[Any]) -> bool:
        """Whether a run asks for outputs, in the finding's own line or in a program that trains nothing."""
        if "dependence" not in self.run.wanted or not all(map(ops.is_output, fetched)):
            return False
        here = bool(set(self.run.rows) & set(self.run.watch.rows_now()[0]))
        return here or not ops.trains(session.graph.get_operations())

    def _eager(self, phase: str, original: Any) -> Any:
        @functools.wraps(original)
        def method(*args: Any, **kwargs: Any) -> Any:
            session = framework.graph_session() if self.depth == 0 else None
            if session is not None:
                self.run.watch.start(session)
            self.depth += 1
            try:
                result = original(*args, **kwargs)
            finally:
                self.depth -= 1
            if self.depth == 0 and (session is not None or framework.eagerly()):
                self._step(phase, {}, session)
            return result

        return method
