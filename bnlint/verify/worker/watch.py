"""Holds every variable object from its creation and reads it after each step, never through a name or an attribute.

After ``self.mean = self.mean * 0.9 + …`` the attribute does move; the variable, which is what gets saved and what
inference was meant to read, does not.
"""

from __future__ import annotations

import functools
import inspect
import sys
import weakref
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

import numpy as np

from . import framework, ops, reading, updates
from .tracked import Seen, Step, Tracked

MOST = 400
"""How many variables are read after each step, and how many readings of collections are remembered."""

ASSIGNING = [
    (owner, name)
    for owner in dict.fromkeys((framework.BaseResourceVariable, framework.ResourceVariable))
    for name in ("assign", "assign_add", "assign_sub")
    if name in owner.__dict__
]
"""The methods by which all code assigns to variables, but for the ops of TensorFlow 1."""

_MAPS: Dict[str, Dict[int, int]] = {}
"""Of each file that autograph wrote, the rows of the user's file. Autograph rewrites the same code once a process."""


class Watch:
    """Records variables and layers created while it is installed.

    layer_tensors: in a graph, what goes into each normalisation layer, by its ``id``. blocks: the rows of each
    ``control_dependencies`` block and what it waits for. collections: the rows of each reading of a collection, its
    graph, key and scope, and what was in it. savers: the rows of each ``tf.train.Saver`` with it.
    """

    def __init__(self, path: str, hits: Set[int]) -> None:
        """path: of the user's file. hits: where to note rows that ran."""
        self.path = path
        self.driver = ""
        self.hits = hits
        self.modules = {"__main__"}
        self.importing = False
        self.counting = False
        self.tracked: List[Tracked] = []
        self.steps: List[Step] = []
        self._makers: Dict[int, Tuple[Any, List[int], Any]] = {}
        self._averagers: Dict[int, Tuple[Any, List[int]]] = {}
        self._known: Dict[int, Tracked] = {}
        self._seen = Seen({}, {})
        self.layer_tensors: Dict[int, Any] = {}
        self.blocks: List[Tuple[List[int], List[Any]]] = []
        self.collections: ops.Readings = []
        self.savers: List[Tuple[List[int], Any]] = []
        self._undo: List[Callable[[], None]] = []
        self._wrapped: Set[Tuple[Any, str]] = set()
        self._updates: Dict[int, Set[Any]] = {}
        # Makers of variables that are no Keras layers.
        self._other_makers: Tuple[Any, ...] = (framework.StandInLayer, framework.v1.train.Optimizer)

    def install(self) -> None:
        """Patch the places every variable and every layer passes through when it is made."""
        self.install_tensorflow()
        self.install_keras()

    def install_tensorflow(self) -> None:
        """The places outside of Keras."""
        self.wrap(framework.BaseResourceVariable, "__init__", self._recording_variable)
        if framework.RefVariable is not None:
            self.wrap(framework.RefVariable, "__init__", self._recording_variable)
        self.wrap(framework.v1.train.Saver, "__init__", self._recording_saver)
        self.wrap(framework.v1.train.ExponentialMovingAverage, "__init__", self._recording_averager)
        self.wrap(framework.Graph, "control_dependencies", self._recording_block)
        self.wrap(framework.Graph, "get_collection", self._recording_collection)
        self.wrap(framework.Graph, "_create_op_internal", self._recording_op)
        self.note_assignments()
        if framework.autograph_loader is not None and hasattr(framework.autograph_loader, "load_ast"):
            self.wrap(framework.autograph_loader, "load_ast", self._recording_source_map)

    def install_keras(self) -> None:
        """Those of each loaded Keras; again when another one was loaded."""
        self._other_makers = (framework.StandInLayer, *framework.optimizer_classes())
        for base in framework.layer_classes():
            self.wrap(base, "__init__", self._recording_layer)
        for cls in framework.normalisation_classes():
            self.wrap(cls, "call", self._recording_call)
        for base in framework.keras_variable_classes():
            self.wrap(base, "__init__", self._recording_outer_variable)

    def wrap(self, owner: Any, name: str, wrapper: Callable[[Any], Any]) -> None:
        """Replace a method, once, until :meth:`uninstall`."""
        if (owner, name) not in self._wrapped:
            self._wrapped.add((owner, name))
            self._undo.append(framework.wrap(owner, name, wrapper))

    def uninstall(self) -> None:
        """Put everything back."""
        while self._undo:
            self._undo.pop()()
        self._wrapped.clear()

    def saw_input(self, layer: Any, batch: Any) -> None:
        """An eager tensor goes into a normalisation layer."""
        self._seen.layers[id(layer)] = np.array(batch.numpy(), copy=True)

    def take_inputs(self) -> Dict[int, Any]:
        """What went into each normalisation layer since the last step, by its ``id``; as if it had not been seen."""
        taken = self._seen.layers
        self._seen = Seen({}, {})
        return taken

    def to_see(self, fetches: List[Any]) -> Seen:
        """The tensors to fetch with these, in a graph; what they turn out to be is for :meth:`saw`."""
        running = ops.ancestors(fetches)
        graph = framework.v1.get_default_graph()
        assigning: Dict[int, Set[Any]] = {}
        for tracked in self.readable():
            if not tracked.trainable and getattr(tracked.variable, "graph", None) is graph:
                assigning[id(tracked.variable)] = ops.assign_ops(tracked.variable) & running
                self.will_run(tracked, assigning[id(tracked.variable)])
        return Seen(ops.inputs_of_layers(self.layer_tensors, running), ops.sources_of(assigning, running))

    def saw(self, seen: Seen) -> None:
        """In the step that is about to end."""
        self._seen = seen

    def step(
        self, phase: str, batches: Optional[Dict[str, Any]] = None, session: Any = None, fetched: Any = None
    ) -> None:
        """A step is over: read every variable."""
        count = sum(1 for step in self.steps if step.phase == phase)
        self.steps.append(Step(phase, "%s %d" % (phase, count + 1), batches or {}, self._seen, fetched))
        self._seen = Seen({}, {})
        for tracked, value in self.values_in(session):
            if tracked.first is None:
                # In a graph the first run is the one that initialises.
                tracked.first, tracked.born = value, len(self.steps)
            else:
                tracked.values[len(self.steps) - 1] = value

    def start(self, session: Any = None) -> None:
        """Read the initial values of variables that had none yet when they were created."""
        for tracked, value in self.values_in(session):
            if tracked.first is None:
                tracked.first, tracked.born = value, len(self.steps)

    def adopt(self, variable: Any, rows: List[int]) -> None:
        """The harness made this variable for a parameter that stands in these rows."""
        tracked = self._known.get(id(variable))
        if tracked is not None:
            tracked.rows = rows

    def forget(self) -> None:
        """The variables of what was driven in vain; another object takes its place."""
        self.tracked = [tracked for tracked in self.tracked if tracked.imported]

    def layers_made(self) -> List[Tuple[Any, List[int]]]:
        """Every layer, with the rows of the user's file that made it."""
        return [(maker, rows) for maker, rows, layer in self._makers.values() if layer is maker]

    def will_run(self, tracked: Tracked, assigning: Set[Any]) -> None:
        """A session runs these ops that assign to the variable."""
        if assigning:
            self._updates.setdefault(id(tracked), set()).add(frozenset(assigning))

    def updates_of(self, tracked: Tracked) -> List[List[Any]]:
        """The ops that assign to it, by the step of a session or the traced function that they run in together."""
        found = []
        for each in self._updates.get(id(tracked), ()):
            if isinstance(each, frozenset):
                found.append(list(each))
            elif each() is not None:
                found.append(updates.assignments(tracked.variable, each()))
        return found

    def note_assignments(self) -> None:
        """From now on, each by itself; not those of a session."""
        for owner, name in ASSIGNING:
            self.wrap(owner, name, self._counting)

    def saw_assignment(self, tracked: Tracked) -> None:
        """One more in the step that is going on, or built into what is being traced."""
        number = len(self.steps)
        tracked.assigned[number] = tracked.assigned.get(number, 0) + 1
        self.saw_in_trace(tracked)

    def saw_in_trace(self, tracked: Tracked) -> None:
        """An assignment, if it is one of a function that is being traced."""
        graph = None if framework.eagerly() else framework.v1.get_default_graph()
        if hasattr(graph, "captures"):
            self._updates.setdefault(id(tracked), set()).add(weakref.ref(graph))

    def _counting(self, original: Any) -> Any:
        watch = self

        @functools.wraps(original)
        def assign(self: Any, *args: Any, **kwargs: Any) -> Any:
            tracked = watch._known.get(id(self))
            if tracked is not None:
                watch.saw_assignment(tracked)
            return original(self, *args, **kwargs)

        return assign

    def rows_now(self) -> Tuple[List[int], Any]:
        """Rows of the user's file on the stack, innermost first, and the library layer at work, if any.

        At the end those that made the averager, whose variables stand for the variables or tensors that it is given.
        """
        rows: List[int] = []
        made_by: List[int] = []
        layer: Any = None
        frame = sys._getframe(1)
        while frame is not None:
            row = self._row(frame)
            if row is not None:
                rows.append(row)
            elif not rows and layer is None:
                owner = frame.f_locals.get("self")
                made_by = self._averagers.get(id(owner), (owner, made_by))[1]
                if isinstance(owner, self._other_makers):
                    layer = owner
                maker = self._makers.get(id(owner))
                if maker is not None and not self.is_own(type(maker[0]).__module__):
                    rows.extend(maker[1])
                    layer = maker[2]
            frame = frame.f_back  # type: ignore[assignment]
        return list(dict.fromkeys(rows + made_by)), layer

    def _row(self, frame: Any) -> Optional[int]:
        filename, line = frame.f_code.co_filename, int(frame.f_lineno)
        row = self.row_of(filename, line)
        return _MAPS.get(filename, {}).get(line) if row is None else row

    def row_of(self, filename: str, line: int) -> Optional[int]:
        """The row of the user's code that this line is, negative in the file that drives it; None if it is no such."""
        return line if filename == self.path else -line if filename == self.driver else None

    def is_own(self, module: str) -> bool:
        """Whether the module of this name is the user's."""
        return module in self.modules

    def _recording_variable(self, original: Any) -> Any:
        watch = self

        @functools.wraps(original)
        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            # What assign returns in a graph is a variable too, of the same handle.
            if type(self).__name__ != "_UnreadVariable" and id(self) not in watch._known:
                watch._record(self)

        return init

    def _record(self, variable: Any) -> None:
        tracked = Tracked(variable, *self.rows_now(), len(self.steps))
        tracked.imported = self.importing
        self.tracked.append(tracked)
        self._known[id(variable)] = tracked
        # A variable lifted out of a function gets its value later.
        if framework.eagerly() and type(variable) is framework.ResourceVariable and tracked.readable:
            tracked.first = reading.value(variable)

    def _recording_layer(self, original: Any) -> Any:
        watch = self

        @functools.wraps(original)
        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            if id(self) not in watch._makers:
                watch._makers[id(self)] = (self, watch.rows_now()[0], self)
            original(self, *args, **kwargs)

        # Keras 3 looks at the parameters to make a layer's configuration.
        init.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
        return init

    def _recording_call(self, original: Any) -> Any:
        """Inside a model the batch that a layer sees is not the one the model was given."""
        watch = self

        @functools.wraps(original)
        def call(self: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            if framework.eagerly() and hasattr(inputs, "numpy"):
                watch.saw_input(self, inputs)
            elif hasattr(inputs, "graph"):
                watch.layer_tensors.setdefault(id(self), inputs)
            return original(self, inputs, *args, **kwargs)

        return call

    def _recording_saver(self, original: Any) -> Any:
        watch = self

        @functools.wraps(original)
        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            watch.savers.append((watch.rows_now()[0], self))
            original(self, *args, **kwargs)

        return init

    def _recording_averager(self, original: Any) -> Any:
        watch = self

        @functools.wraps(original)
        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            watch._averagers[id(self)] = (self, watch.rows_now()[0])
            original(self, *args, **kwargs)

        return init

    def _recording_block(self, original: Any) -> Any:
        watch = self

        @functools.wraps(original)
        def control_dependencies(self: Any, control_inputs: Any, *args: Any, **kwargs: Any) -> Any:
            rows = watch.rows_now()[0]
            if rows and control_inputs is not None:
                watch.blocks.append((rows, list(control_inputs)))
            return original(self, control_inputs, *args, **kwargs)

        return control_dependencies

    def _recording_collection(self, original: Any) -> Any:
        watch = self

        @functools.wraps(original)
        def get_collection(self: Any, name: Any, scope: Any = None) -> Any:
            found = original(self, name, scope)
            if isinstance(name, str):
                rows = watch.rows_now()[0]
                if rows and len(watch.collections) < MOST:
                    watch.collections.append((rows, self, name, scope, list(found)))
            return found

        return get_collection

    def _recording_outer_variable(self, original: Any) -> Any:
        watch = self

        @functools.wraps(original)
        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            watch._makers.setdefault(id(self), (self, *watch.rows_now()))
            original(self, *args, **kwargs)

        return init

    def _recording_op(self, original: Any) -> Any:
        """Code that autograph rewrote has no notes before its statements, but it makes ops."""
        watch = self

        @functools.wraps(original)
        def create(*args: Any, **kwargs: Any) -> Any:
            if _MAPS:
                frame = sys._getframe(1)
                while frame is not None:
                    row = _MAPS.get(frame.f_code.co_filename, {}).get(frame.f_lineno)
                    if row is not None:
                        watch.hits.add(row)
                    frame = frame.f_back  # type: ignore[assignment]
            return original(*args, **kwargs)

        return create

    def _recording_source_map(self, original: Any) -> Any:
        """Code that autograph rewrote runs from a generated file: remember where its lines came from."""

        @functools.wraps(original)
        def load_ast(*args: Any, **kwargs: Any) -> Any:
            loaded = original(*args, **kwargs)
            for line, origin in loaded[2].items():
                row = self.row_of(origin.loc.filename, origin.loc.lineno)
                if row is not None:
                    _MAPS.setdefault(line.filename, {})[line.lineno] = row
            return loaded

        return load_ast

    def listed(self) -> List[Tracked]:
        """Those that are reported."""
        return self.tracked

    def readable(self) -> List[Tracked]:
        """Those that are read after each step."""
        return [tracked for tracked in self.tracked if tracked.readable][:MOST]

    def values_in(self, session: Any) -> List[Tuple[Tracked, Any]]:
        """The values of this session's variables; None stands for eager ones."""
        readable = self.readable()
        if session is None:
            pairs = [(tracked, reading.value(tracked.variable)) for tracked in readable]
        else:
            readable = [tracked for tracked in readable if tracked.variable.graph is session.graph]
            pairs = list(zip(readable, reading.fetched([tracked.variable for tracked in readable], session)))
        return [(tracked, value) for tracked, value in pairs if value is not None]
