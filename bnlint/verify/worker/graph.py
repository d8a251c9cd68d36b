"""The harness of TensorFlow 1: build once, run what came back, a training step, and the updates left to the caller.

That a statistic kept its value proves nothing by itself here: an assign op may stand in a collection, or in a list that
the caller runs.
"""

from __future__ import annotations

import functools
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from . import framework, inputs, ops, reload, report, targets
from .calls import REPEATS, Run
from .inputs import Argument
from .probes import AGAIN, compare_batches, compare_phases, kinds_held

NOT_UPDATES = {"variables", "trainable_variables", "local_variables", "model_variables", "moving_average_variables",
               "train_op", "losses", "regularization_losses", "summaries", "cond_context", "while_context"}  # fmt: skip


def drive(run: Run, namespace: Dict[str, Any]) -> None:
    """Build the symbol's graph and run everything in it that somebody may run."""
    run.mode = "graph"
    v1 = framework.v1
    given: Dict[str, Any] = {}

    def tensor(argument: Argument) -> Any:
        given[targets.MADE + argument.name] = _placeholder(argument)
        return given[targets.MADE + argument.name]

    seen = set(run.program.hits)

    def reached() -> bool:
        return bool((run.program.hits - seen) & set(run.rows))

    finder = targets.Finder(namespace, run.entry.path, run.hints, run.variant, tensor, run.log, reached)
    target = finder.find()
    targets.mark_cut(run.watch, run.log)
    values = _placeholders(target)
    variables = {
        a.name: v1.get_variable("bnlint_" + a.name, initializer=targets.statistic_value(a), trainable=False)
        for a in target.arguments
        if a.kind == "statistic"
    }
    targets.adopt(run.watch, run.hints, variables)
    sessions: List[Any] = []
    unwrap = framework.wrap(framework.BaseSession, "run", functools.partial(_noting, sessions))
    try:
        result = _call(run, target, dict(values, **variables))
    finally:
        unwrap()
    built = targets.of_result(result, run.variant, run.program.folder)
    if built is not None:
        target, values = built, _placeholders(built)
        result = _call(run, target, values)
    if "both phases" in run.wanted and not reached():
        # As its caller does who serves what was trained.
        with v1.variable_scope(v1.get_variable_scope(), reuse=v1.AUTO_REUSE):
            _call(run, target, dict(values, **variables), off=True)
    run.shapes = target.shapes
    if type(result).__name__ == "EstimatorSpec":
        # An estimator trains by running the train op, and what hooks run besides.
        run.probes["estimator"] = {"hooks": bool(result.training_hooks or result.training_chief_hooks)}
    built_graph = _Graph(run, target, dict(values, **given), result, namespace)
    if sessions and not built_graph.returned:
        # It trained by itself and gave back nothing to run; looking on while the program runs shows more.
        run.notes.append("the code ran its own sessions")
        return
    built_graph.run_all()


def _noting(sessions: List[Any], original: Any) -> Any:
    @functools.wraps(original)
    def run(session: Any, *args: Any, **kwargs: Any) -> Any:
        sessions.append(session)
        return original(session, *args, **kwargs)

    return run


def _call(run: Run, target: targets.Target, values: Dict[str, Any], off: bool = False) -> Any:
    """off: with the training flag off, if there is one; so it is for some variants."""
    fixed = targets.constants(target.arguments)
    if off or run.variant.off:
        fixed.update({a.name: a.off for a in target.arguments if a.off is not None and a.kind == "constant"})
    positional, named = target.bind(dict(fixed, **values))
    if not run.hints.symbol.rpartition(".")[2].startswith("_"):
        return target.function(*positional, **named)
    # A scope at the root may not begin with an underscore, as helpers do.
    with framework.v1.name_scope("bnlint"):
        return target.function(*positional, **named)


def _placeholders(target: targets.Target) -> Dict[str, Any]:
    return {a.name: _placeholder(a) for a in target.arguments if a.kind in ("batch", "flag")}


def _placeholder(argument: Argument) -> Any:
    """Of a batch with its size left open; or a training flag that is a tensor."""
    v1, name = framework.v1, "bnlint_" + argument.name
    if argument.kind == "flag":
        return v1.placeholder_with_default(True, [], name=name)
    open_shape = [None, *argument.shape[1:]] if len(argument.shape) > 1 else list(argument.shape)
    return v1.placeholder(argument.dtype, open_shape, name=name)


class _Graph:
    """A built graph: what was returned, what else can be run, and by whom."""

    def __init__(
        self, run: Run, target: targets.Target, feeds: Dict[str, Any], result: Any, namespace: Dict[str, Any]
    ) -> None:
        self.run = run
        self.target = target
        self.feeds = feeds
        self.owner = target.owner if target.owner is not None else getattr(target.function, "__self__", None)
        self.returned = ops.fetchable(framework.flatten(result))
        self.groups = {"returned": self.returned, **self._collections(), **self._held(namespace), **self._passed()}
        self.outputs = [fetch for fetch in self.returned if not ops.trains([fetch])]
        self.flags = [a.name for a in [*target.arguments, *target.made_with] if a.kind == "flag"]
        self.number = 0

    def _collections(self) -> Dict[str, List[Any]]:
        graph = framework.v1.get_default_graph()
        keys = [framework.v1.GraphKeys.UPDATE_OPS]
        keys += [key for key in graph.get_all_collection_keys() if key not in keys]
        groups = {
            "collection " + key: ops.fetchable(framework.flatten(graph.get_collection(key)))
            for key in keys
            if isinstance(key, str) and key not in NOT_UPDATES
        }
        return {name: group for name, group in groups.items() if group}

    def _held(self, namespace: Dict[str, Any]) -> Dict[str, List[Any]]:
        """What an object or the module holds, and so may run."""
        held = list(vars(self.owner).values()) if hasattr(self.owner, "__dict__") else []
        held += [value for name, value in namespace.items() if not name.startswith("__")]
        group = ops.fetchable(framework.flatten(held))
        return {"held": group} if group else {}

    def _passed(self) -> Dict[str, List[Any]]:
        """What stand-ins were given, and may have been meant to run."""
        group = ops.fetchable(framework.flatten(self.run.log.passed))
        return {"stand-ins": group} if group else {}

    def run_all(self) -> None:
        """Initialise, take every kind of step, and then probe."""
        v1, run = framework.v1, self.run
        phases = self._phases()
        with v1.Session(
            config=v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        ) as session:
            initializers = [v1.global_variables_initializer(), v1.local_variables_initializer()]
            session.run(initializers, self._fed(self.target.arrays(0), initializers))
            run.watch.start(session)
            for phase, group in phases:
                # What an object holds may be meant for other inputs, and is nothing that the code was asked for.
                fetches = self._runnable(session, group) if phase == "held" else group
                for _ in range(AGAIN if phase == "inference" else run.steps):
                    self._step(session, phase, fetches)
                repeated = any(step.phase.startswith("repeat") for step in run.watch.steps)
                if phase not in ("train-op", "inference") and not repeated and report.unexplained(run.watch, phase):
                    for _ in range(REPEATS):
                        again = "repeat" if phase == "call" else "repeat of " + phase
                        self._step(session, again, fetches, moving=False)
            self._probe(session)
        reached = {name: ops.ancestors(group) for name, group in self.groups.items()}
        for tracked in run.watch.tracked:
            tracked.facts.update(ops.reaching(tracked.variable, reached))
        fetched = [fetch for group in self.groups.values() for fetch in group]
        report.note_updates(run.watch, [run.rows[0], run.rows[-1]] if run.rows else [0, 0], fetched)
        self._count_assignments(phases)

    def _phases(self) -> List[Tuple[str, List[Any]]]:
        if self.run.variant.off:
            return [("inference", self.outputs)]
        phases = [("call", self.outputs)]
        train = self._train_ops()
        if train:
            phases.append(("train-op", self.outputs + train))
        others = [(name, group) for name, group in self.groups.items() if name != "returned" and ops.assigning(group)]
        return phases + others

    def _train_ops(self) -> List[Any]:
        """The code's own train ops; else an optimizer step on a loss made of what was returned, and nothing more."""
        own = [fetch for group in self.groups.values() for fetch in group if ops.trains([fetch])]
        if own:
            return list(dict.fromkeys(own))
        v1, tf = framework.v1, framework.tf
        outputs = ops.floats(self.outputs)
        if not outputs or not v1.trainable_variables():
            return []
        loss = tf.add_n([tf.reduce_mean(tf.square(tf.cast(fetch, tf.float32))) for fetch in outputs])
        try:
            return [v1.train.GradientDescentOptimizer(1e-3).minimize(loss)]
        except ValueError:
            return []

    def _fed(self, arrays: Dict[str, Any], fetches: List[Any], on: bool = True) -> Dict[Any, Any]:
        """Every placeholder that these fetches need: the harness's own, and those that the code made."""
        fed = {self.feeds[name]: array for name, array in arrays.items()}
        fed.update({self.feeds[name]: on for name in self.flags})
        known = {ops.op_of(tensor) for tensor in fed}
        for tensor in ops.placeholders(fetches):
            if tensor.op not in known:
                fed[tensor] = inputs.for_placeholder(tensor, self.number, on)
        return fed

    def _step(self, session: Any, phase: str, fetches: List[Any], moving: bool = True) -> None:
        on = phase != "inference"
        arrays = self.target.arrays(self.number)
        wanted = self.run.watch.to_see(fetches)
        fed = self._fed(arrays, fetches, on)
        outputs, seen = session.run([fetches, wanted], fed)
        if phase == "call":
            self.run.outputs.append(report.digest(outputs, [ops.is_statistic(each) for each in fetches]))
        self.run.watch.saw(seen)
        shown = arrays or {ops.op_of(key).name: value for key, value in fed.items() if np.ndim(value)}
        self.run.watch.step(phase, shown, session)
        self.number += moving

    def _runnable(self, session: Any, group: List[Any]) -> List[Any]:
        """Those that can be run by themselves; all of them if they can be run together."""

        def runs(fetches: List[Any]) -> bool:
            try:
                session.run(fetches, self._fed(self.target.arrays(self.number), fetches))
            except framework.tf.errors.OpError:
                return False
            return True

        return group if runs(group) else [fetch for fetch in group if runs([fetch])]

    def _probe(self, session: Any) -> None:
        run = self.run
        flagged = any(a.off is not None for a in [*self.target.arguments, *self.target.made_with])
        # What a stand-in said about the phase is part of the graph.
        flagged = flagged or run.log.asked
        switchable = run.variant.off or (bool(self.flags) and not run.log.asked)
        fetches = ops.floats(self.outputs)

        def outputs(arrays: Dict[str, Any], on: bool) -> List[Any]:
            return report.arrays_in(session.run(fetches, self._fed(arrays, fetches, on)))

        if "inference" in run.wanted and not run.variant.off and (switchable or not flagged):
            for _ in range(AGAIN):
                self._step(session, "inference", self.outputs)
        if "dependence" in run.wanted and (switchable or not flagged):
            run.probes["dependence"] = compare_batches(lambda arrays: outputs(arrays, False), self.target.arrays)
        if "dependence in training" in run.wanted:
            key = "dependence in training"
            run.probes[key] = compare_batches(lambda arrays: outputs(arrays, True), self.target.arrays)
        if "phases" in run.wanted and (switchable or not flagged):
            arrays = self.target.arrays(self.number)
            run.probes["phases"] = compare_phases(lambda on: outputs(arrays, on), bool(self.flags))
        if "attributes" in run.wanted:
            run.probes["attributes"] = kinds_held(self.owner, run.wanted["attributes"])
        if "guarded step" in run.wanted and self.flags:
            run.probes["guarded step"] = self._guarded_step(session)
        if "waiting" in run.wanted:
            run.probes["waiting"] = ops.waiting(run.watch.blocks, run.wanted["waiting"], self.returned)
        if "update ops" in run.wanted:
            run.probes["update ops"] = ops.update_ops(session.graph, run.watch.blocks, run.wanted["update ops"])
        if "saver" in run.wanted:
            reload.by_savers(run, session)

    def _guarded_step(self, session: Any) -> Dict[str, bool]:
        """Whether an optimizer step that waits for UPDATE_OPS changes a weight, with the flag on and off."""
        v1, tf = framework.v1, framework.tf
        weight = v1.get_variable("bnlint_weight", initializer=1.0)
        loss = tf.add_n([tf.reduce_mean(tf.square(tf.cast(each, tf.float32))) for each in ops.floats(self.outputs)])
        with v1.control_dependencies(v1.get_collection(v1.GraphKeys.UPDATE_OPS)):
            train = v1.train.GradientDescentOptimizer(1e-2).minimize(loss * weight, var_list=[weight])
        session.run(weight.initializer)
        changed = {}
        for phase, on in (("on", True), ("off", False)):
            before = session.run(weight)
            session.run(train, self._fed(self.target.arrays(self.number), [train], on))
            changed[phase] = bool(session.run(weight) != before)
        return changed

    def _count_assignments(self, phases: List[Tuple[str, List[Any]]]) -> None:
        train: Optional[List[Any]] = dict(phases).get("train-op")
        if "assignments" not in self.run.wanted or train is None:
            return
        self.run.watch.counting = True
        reached = ops.ancestors(train)
        for tracked in self.run.watch.tracked:
            count = len(ops.assign_ops(tracked.variable) & reached)
            tracked.assigned = {number: count for number, _ in enumerate(self.run.watch.steps)}
