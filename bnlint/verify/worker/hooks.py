"""Where a program's own steps are seen: ``Session.run``, ``tf.function``, optimizers, Keras's loops and layers."""

from __future__ import annotations

import functools
import threading
import weakref
from typing import Any, Callable, Dict, List, Tuple

from . import framework, inputs, ops
from .tracked import Tracked
from .witness import LATER, TRAINING, Witness

LOOPS = ("fit", "fit_generator", "evaluate", "evaluate_generator", "predict", "predict_generator")
ON_BATCH = {"train_on_batch": "fit", "test_on_batch": "evaluate", "predict_on_batch": "predict"}
BATCH_ENDS = {"on_train_batch_end": "fit", "on_test_batch_end": "evaluate", "on_predict_batch_end": "predict"}
MODES = {"train": "fit", "test": "evaluate", "predict": "predict"}
LOADS = ("load_weights", "set_weights")
RESTORES = {"RestoreV2", "Restore", "RestoreSlice"}
TROUBLES = 3
Wrapper = Callable[[Any], Any]


class Enough(BaseException):
    """The steps that were asked for have been taken."""


class _Here(threading.local):
    """What a thread is in the middle of.

    depth: of steps within steps. layers: of layers within layers. functions: that are being called or traced.
    telling: the end of a batch is being told of.
    """

    depth = 0
    layers = 0
    telling = False

    def __init__(self) -> None:
        self.functions: List[Any] = []


class Hooks:
    """Tells a witness of each step; nothing that goes wrong here reaches the program."""

    def __init__(self, witness: Witness, most: int, seen: Callable[[bool], None]) -> None:
        """most: training steps after which the program is stopped; 0 never stops it.

        seen: called after each step, with whether it was looked at.
        """
        self.witness = witness
        self.most = most
        self.seen = seen
        self.here = _Here()
        self.troubles: List[str] = []
        witness.in_trace = self._assigns_in_trace
        self._kinds: Dict[Any, Tuple[str, Dict[int, int]]] = {}
        self._sessions: "weakref.WeakKeyDictionary[Any, Any]" = weakref.WeakKeyDictionary()
        self._phases: "weakref.WeakKeyDictionary[Any, str]" = weakref.WeakKeyDictionary()
        self._counts: "weakref.WeakKeyDictionary[Any, Dict[int, Dict[int, int]]]" = weakref.WeakKeyDictionary()

    def on_tensorflow(self) -> None:
        """Once TensorFlow has been imported."""
        wrap = self.witness.wrap
        self.witness.install_tensorflow()
        wrap(framework.BaseSession, "run", self._session)
        wrap(framework.v1.train.Optimizer, "apply_gradients", self._optimizer)
        if framework.Function is not None:
            wrap(framework.Function, "__call__", self._function)
        for checkpoint in (framework.v1.train.Checkpoint, framework.tf.train.Checkpoint):
            wrap(checkpoint, "restore", self._load)

    def on_keras(self) -> None:
        """Once a Keras has been imported."""
        wrap = self.witness.wrap
        self.witness.install_keras()
        for keras in framework.keras_modules():
            older = getattr(getattr(keras.optimizers, "legacy", None), "Optimizer", None)
            for cls in (keras.optimizers.Optimizer, older):
                for name in ("apply", "apply_gradients"):
                    if hasattr(cls, name):
                        wrap(cls, name, self._optimizer)
        for cls in framework.model_classes():
            wraps = [(name, self._loop) for name in LOOPS]
            wraps += [(name, functools.partial(self._on_batch, phase)) for name, phase in ON_BATCH.items()]
            wraps += [(name, self._load) for name in LOADS]
            for name, wrapper in wraps:
                if hasattr(cls, name):
                    wrap(cls, name, wrapper)
        for cls in framework.layer_classes():
            wrap(cls, "__call__", self._layer)
        for cls in framework.callback_lists():
            for name, phase in BATCH_ENDS.items():
                wrap(cls, name, functools.partial(self._batch_end, phase))
            if hasattr(cls, "_call_batch_hook"):
                wrap(cls, "_call_batch_hook", self._batch_hook)

    def last_look(self) -> None:
        """The program is over."""
        if self.witness.steps and framework.eagerly():
            self.quietly(self.witness.step, LATER)

    # What is told

    def quietly(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """What the action returns, or None if it fails; after some failures nothing is done any more."""
        if len(self.troubles) >= TROUBLES:
            return None
        try:
            with self.witness.lock:
                return action(*arguments)
        except Exception as error:
            self.troubles.append("%s: %s" % (type(error).__name__, str(error).split("\n")[0][:200]))
            return None

    def _after(self, phase: str, batches: Dict[str, Any], session: Any = None) -> None:
        looked = self.quietly(self.witness.after, phase, batches, session)
        self.quietly(self.seen, bool(looked))
        taken = sum(self.witness.taken.get(each, 0) for each in TRAINING)
        if self.most and taken >= self.most and threading.current_thread() is threading.main_thread():
            raise Enough

    # Graphs and sessions

    def _session(self, original: Any) -> Any:
        @functools.wraps(original)
        def run(session: Any, fetches: Any, feed_dict: Any = None, *args: Any, **kwargs: Any) -> Any:
            here = self.here
            if here.depth:
                return original(session, fetches, feed_dict, *args, **kwargs)
            here.depth += 1
            try:
                phase, counts = self.quietly(self._kind, session, fetches, feed_dict) or ("call", {})
                self.quietly(self.witness.before, phase, session)
                result = original(session, fetches, feed_dict, *args, **kwargs)
                self.quietly(self._assigned, counts)
                self._after(phase, self.quietly(ops.fed_arrays, feed_dict) or {}, session)
            finally:
                here.depth -= 1
            return result

        return run

    def _kind(self, session: Any, fetches: Any, feed_dict: Any) -> Tuple[str, Dict[int, int]]:
        """What a run is, and how often it assigns to each variable, by ``id``."""
        graph = session.graph
        leaves = [graph.as_graph_element(e) if isinstance(e, str) else e for e in framework.flatten(fetches)]
        with graph.as_default():
            fetched = ops.fetchable(leaves)
        key = (graph, tuple(id(each) for each in fetched))
        if key not in self._kinds:
            self._kinds[key] = self._kind_of(graph, fetched)
        phase, counts = self._kinds[key]
        known = self._sessions.get(graph)
        self._sessions[graph] = weakref.ref(session)
        if known is not None and known() is not session:
            # Another session has values of its own.
            return "restore", {}
        return ("inference" if phase == "call" and _switched_off(feed_dict) else phase), counts

    def _kind_of(self, graph: Any, fetched: List[Any]) -> Tuple[str, Dict[int, int]]:
        reached = ops.ancestors(fetched)
        own = [t for t in self.witness.readable() if getattr(t.variable, "graph", None) is graph]
        if any(ops.is_training(op) for op in reached):
            assigning = {id(tracked): ops.assign_ops(tracked.variable) & reached for tracked in own}
            for tracked in own:
                if assigning[id(tracked)]:
                    self.witness.will_run(tracked, assigning[id(tracked)])
            return "train-op", {key: len(found) for key, found in assigning.items()}
        initial = any(tracked.variable.initializer in reached for tracked in own)
        return ("restore" if initial or any(op.type in RESTORES for op in reached) else "call"), {}

    def _assigned(self, counts: Dict[int, int]) -> None:
        for tracked in self.witness.tracked:
            if counts.get(id(tracked)):
                self.witness.saw_assignments(tracked, counts[id(tracked)])

    # Eager steps and functions

    def _function(self, original: Any) -> Any:
        @functools.wraps(original)
        def call(function: Any, *args: Any, **kwargs: Any) -> Any:
            here = self.here
            outermost = here.depth == 0 and not here.functions and framework.eagerly()
            phase = self._phases.get(function, "")
            if outermost and phase:
                self.quietly(self.witness.before, phase, None, phase not in TRAINING)
            here.functions.append(function)
            try:
                result = original(function, *args, **kwargs)
            finally:
                here.functions.pop()
            self._pass_on(function)
            if outermost and function in self._phases:
                # What the first call moved is not known to be its own doing.
                self._after(self._phases[function] if phase or self._trains(function) else "call", {})
            return result

        return call

    def _trains(self, function: Any) -> bool:
        return self._phases[function] in TRAINING

    def _pass_on(self, function: Any) -> None:
        """To the function around it, or to the step."""
        counts = self._counts.get(function, {})
        if self.here.functions:
            for key, by_graph in counts.items():
                self._count(self.here.functions[-1], key, max(by_graph.values()))
            if function in self._phases:
                self._mark(self._phases[function])
        elif framework.eagerly():
            self.quietly(self._assigned, {key: max(by_graph.values()) for key, by_graph in counts.items()})

    def _assigns_in_trace(self, tracked: Tracked) -> None:
        if self.here.functions:
            self._count(self.here.functions[-1], id(tracked), 1)

    def _count(self, function: Any, key: int, count: int) -> None:
        """By the graph that it is in: of several traces, and of the branches of a condition, one runs."""
        by_graph = self._counts.setdefault(function, {}).setdefault(key, {})
        graph = id(framework.v1.get_default_graph())
        by_graph[graph] = by_graph.get(graph, 0) + count

    def _mark(self, phase: str) -> None:
        """The functions that are being traced do this."""
        for function in self.here.functions:
            if self._phases.get(function) not in TRAINING:
                self._phases[function] = phase

    def _optimizer(self, original: Any) -> Any:
        @functools.wraps(original)
        def apply(*args: Any, **kwargs: Any) -> Any:
            here = self.here
            if not framework.eagerly():
                self._mark("train-op")
            here.depth += 1
            try:
                result = original(*args, **kwargs)
            finally:
                here.depth -= 1
            if here.depth == 0 and not here.functions and framework.eagerly():
                self._after("train-op", {})
            return result

        return apply

    # Keras

    def _layer(self, original: Any) -> Any:
        """A model that is called with ``training=False`` infers."""

        @functools.wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            here = self.here
            infers = here.layers == 0 and kwargs.get("training") is False
            alone = infers and here.depth == 0 and not here.functions and framework.eagerly()
            if infers and not framework.eagerly():
                self._mark("inference")
            if alone:
                self.quietly(self.witness.before, "inference", None, True)
            here.layers += 1
            try:
                result = original(*args, **kwargs)
            finally:
                here.layers -= 1
            if alone:
                self._after("inference", {})
            return result

        return call

    def _loop(self, original: Any) -> Any:
        """Its steps are told of batch by batch; what moved before it is not their doing."""

        @functools.wraps(original)
        def method(*args: Any, **kwargs: Any) -> Any:
            training = original.__name__.startswith("fit")
            self.quietly(self._before_loop, "fit" if training else original.__name__.split("_")[0], not training)
            self.here.depth += 1
            try:
                return original(*args, **kwargs)
            finally:
                self.here.depth -= 1

        return method

    def _before_loop(self, phase: str, always: bool) -> None:
        session = framework.graph_session()
        if framework.eagerly() or session is not None:
            self.witness.before(phase, session, always)

    def _on_batch(self, phase: str, original: Any) -> Any:
        @functools.wraps(original)
        def method(*args: Any, **kwargs: Any) -> Any:
            here = self.here
            if here.depth == 0:
                self.quietly(self._before_loop, phase, phase not in TRAINING)
            here.depth += 1
            try:
                result = original(*args, **kwargs)
            finally:
                here.depth -= 1
            if here.depth == 0:
                self._after(phase, {}, self.quietly(framework.graph_session))
            return result

        return method

    def _batch_end(self, phase: str, original: Any) -> Any:
        @functools.wraps(original)
        def method(*args: Any, **kwargs: Any) -> Any:
            self.here.telling = True
            try:
                result = original(*args, **kwargs)
            finally:
                self.here.telling = False
            self._after(phase, {}, self.quietly(framework.graph_session))
            return result

        return method

    def _batch_hook(self, original: Any) -> Any:
        """Older loops call this one themselves."""

        @functools.wraps(original)
        def hook(callbacks: Any, mode: Any, event: str, *args: Any, **kwargs: Any) -> Any:
            result = original(callbacks, mode, event, *args, **kwargs)
            if event == "end" and not self.here.telling and str(mode) in MODES:
                self._after(MODES[str(mode)], {}, self.quietly(framework.graph_session))
            return result

        return hook

    def _load(self, original: Any) -> Any:
        """Values that are loaded are no update."""

        @functools.wraps(original)
        def load(*args: Any, **kwargs: Any) -> Any:
            here = self.here
            alone = here.depth == 0 and framework.eagerly()
            if alone:
                self.quietly(self.witness.before, "restore", None, True)
            here.depth += 1
            try:
                result = original(*args, **kwargs)
            finally:
                here.depth -= 1
            if alone:
                self._after("restore", {})
            return result

        return load


def _switched_off(feed_dict: Any) -> bool:
    """Whether a training flag is fed False, or its opposite True."""
    for key, value in (feed_dict or {}).items():
        name = str(getattr(key, "name", key)).split(":")[0].rpartition("/")[2]
        single = isinstance(value, (bool, int)) or getattr(value, "shape", None) == ()
        if single and (inputs.INFERENCE if value else inputs.TRAINING).match(name):
            return True
    return False
