"""One request, one stream of observations: for each mode the first way of running the code that works."""

from __future__ import annotations

import functools
import os
import signal
import sys
import time
from typing import Any, Dict, Iterator, List, Optional

from . import (
    alone,
    calls,
    command_line,
    contrib,
    framework,
    graph,
    inputs,
    old_keras,
    old_names,
    probes,
    replicas,
    report,
    script,
    seal,
    search,
    through,
)
from .calls import Run
from .inputs import Variant
from .program import Program, import_as, program_path
from .stand_ins import Log, Names
from .targets import Hints
from .watch import Watch

MOST_NOTES = 8

ENOUGH_TRAINING = 3
"""Training steps after which an error of the program no longer matters, unless one is predicted."""

PHASES = {"inference", "dependence", "phases", "flag"}
"""Probes of what the code does with its training flag off, or as a tensor."""

ABOUT_INPUTS = {"ValueError", "TypeError", "IndexError", "KeyError", "InvalidArgumentError", "AssertionError",
                "ZeroDivisionError", "OperatorNotAllowedInGraphError", "NotImplementedError"}  # fmt: skip
"""Exceptions that other arguments may avoid."""

NOT_INPUTS = ("singleton tf.Variables", "non-first call", "elements of state")


class TooSlow(BaseException):
    """The file's top level takes too long to be a module that is merely imported."""


def run(request: Dict[str, Any], folder: str) -> Iterator[Dict[str, Any]]:
    """Observations as JSON data; the fields are those of :func:`_observation`."""
    old_keras.install(request["imports"])
    framework.preload(request["imports"])
    sys.path[:0] = request["path"]
    sys.argv = [request["filename"]]
    import_as(request["others"])
    if request["dialect"] == "v1":
        framework.use_v1_names()
    if "graph" in request["modes"] or request["dialect"] == "v1":
        framework.use_v1_behaviour()
    elif framework.IS_TF1:
        framework.start_eager()
    for mode in request["modes"]:
        yield _observe(mode, request, folder)


def _observe(mode: str, request: Dict[str, Any], folder: str) -> Dict[str, Any]:
    """Climb down the rungs, searching for inputs on each, until one attempt runs or fails as predicted."""
    best: Optional[Dict[str, Any]] = None
    until = time.time() + request["timeout"] / 3
    for rung in request["rungs"]:
        if (rung["name"] == "program") != (mode == "program"):
            continue
        if best is not None and time.time() > until:
            break
        if best is not None and best["error"]["stage"] != "import":
            # A slice has less in it than the module, and helps only where the module itself could not be run.
            if rung["name"] == "slice":
                continue
            rung = dict(rung, **{key: request["rungs"][0][key] for key in ("source", "driver") if key in rung})
        seen = _on_rung(mode, rung, request, folder, until)
        if best is not None and rung["name"] == "stand-ins" and not _reaches(seen, request):
            continue  # Why the code does not run as it is tells more.
        if best is None or _progress(seen) > _progress(best):
            best = seen
        if seen["error"] is None or _as_predicted(seen["error"], request):
            return seen
    assert best is not None
    return best


def _on_rung(mode: str, rung: Dict[str, Any], request: Dict[str, Any], folder: str, until: float) -> Dict[str, Any]:
    def attempt(variant: Variant) -> Dict[str, Any]:
        return _attempt(mode, rung, variant, request, folder)

    def useful(seen: Dict[str, Any]) -> bool:
        error = seen["error"]
        about_inputs = error["type"] in ABOUT_INPUTS or error["of"] is not None
        return (
            error["stage"] in ("call", "fit")
            and about_inputs
            and not any(text in error["message"] for text in NOT_INPUTS)
        )

    found = search.climb(attempt, _variants(mode, request), useful, until)
    if rung["name"] == "stand-ins" and found["error"] is not None and found["error"]["stage"] == "call":
        partial = [variant._replace(partial=True) for variant in _variants(mode, request)[:1]]
        found = max(found, search.climb(attempt, partial, useful, until), key=search.rank)
    return found


def _variants(mode: str, request: Dict[str, Any]) -> List[Variant]:
    """What to try one after another. Where phases are compared in a graph, a flag that can be switched comes first."""
    if mode == "program":
        return [Variant(0)]
    likely = inputs.variants(request["rank"])
    if mode != "graph" or not PHASES & request["probes"].keys():
        return likely
    ranks = list(dict.fromkeys(variant.rank for variant in likely))
    switched = [Variant(rank, tensor_flag=True) for rank in ranks]
    return switched + ([] if request["probes"].get("flag") else [Variant(rank, off=True) for rank in ranks])


def _reaches(observation: Dict[str, Any], request: Dict[str, Any]) -> bool:
    """Whether the finding's line ran, if it is known."""
    first, last = request["row"]
    return not last or any(first <= row <= last for row in observation["hits"])


def _progress(observation: Dict[str, Any]) -> int:
    error = observation["error"]
    return 9 if error is None else {"syntax": 0, "import": 1, "find": 2, "call": 3, "fit": 3}[error["stage"]]


def _as_predicted(error: Dict[str, Any], request: Dict[str, Any]) -> bool:
    first, last = request["row"]
    return bool(set(error["types"]) & set(request["errors"])) and any(first <= row <= last for row in error["rows"])


def _attempt(mode: str, rung: Dict[str, str], variant: Variant, request: Dict[str, Any], folder: str) -> Dict[str, Any]:
    if not framework.eagerly():
        framework.v1.reset_default_graph()
    framework.seed()
    calls_on = request["row"] if "results" in request["probes"] else None
    lenient = rung["name"] == "stand-ins"
    log = Log(program_path(request["filename"], folder), flag=not variant.off)
    shims: Dict[str, None] = {}
    if request["dialect"] == "v1":
        old_names.install(shims)
        contrib.install(log if lenient else None, shims)
    names = Names(log) if lenient else None
    program = Program(rung["source"], request["filename"], folder, request["skip"], calls_on, names, request["package"])
    entry = _entry(program, rung, request, names)
    watch = Watch(program.path, program.hits)
    watch.modules.update([program.name, entry.name])
    hints = Hints(dict(request, symbol=rung.get("symbol", request["symbol"])))
    attempt = Run(program, entry, hints, variant, watch, request["probes"], log, request["row"], request["steps"])
    attempt.mode = mode
    stage = "import"
    watch.install()
    if "assignments" in attempt.wanted:
        watch.counting = True
    eager = "through" in attempt.wanted and framework.eagerly()
    undo = through.install(watch, attempt.wanted["through"]) if eager else []
    undo.append(functools.partial(command_line.forget, command_line.defined()))
    if entry is not program:
        # Whose variables are none of the finding's business, unless they are asked for.
        watch.driver = entry.path if any(row < 0 for row in request["statistics"]) else ""
        undo.append(program.stand_for(request["driver"]["imports"], request["path"], watch.modules))
    strategies: List[Any] = []
    if mode == "replicas":
        strategies, unmirror = replicas.prepare()
        undo.append(unmirror)
    try:
        if mode == "program":
            script.drive(attempt, request["timeout"] / 3, request["row"])
            if "alone" in attempt.wanted:
                alone.build(watch, request["statistics"])
        else:
            watch.importing = True
            namespace = _import(entry, request["timeout"] / 4)
            attempt.notes += command_line.parse(request["switches"])
            watch.importing = False
            stage = "call"
            _drive(mode, attempt, namespace, strategies)
    except SyntaxError as error:
        attempt.fail(error, "syntax")
    except KeyError as error:
        attempt.fail(error, "find" if error.args and error.args[0] == request["symbol"].split(".")[0] else stage)
    except (Exception, SystemExit, TooSlow, RecursionError) as error:
        attempt.fail(error, stage)
    finally:
        while undo:
            undo.pop()()
        watch.uninstall()
        seal.libraries.mend()
    if mode == "program" and not request["errors"]:
        _pass_over_late_error(attempt)
    if attempt.error is None or mode == "program":
        # A layer follows its law whatever becomes of the program, which may want data that is not here.
        _note_laws(attempt, request)
    attempt.notes += ["stands in for what TensorFlow 2 has not: %s" % name for name in list(shims)[:MOST_NOTES]]
    return _observation(attempt, rung["name"], request)


def _entry(program: Program, rung: Dict[str, str], request: Dict[str, Any], names: Optional[Names]) -> Program:
    """The file that holds what is driven, where it is another one."""
    if "driver" not in rung:
        return program
    folder = os.path.join(program.folder, "driver")
    os.makedirs(folder, exist_ok=True)
    filename = request["driver"]["filename"]
    return Program(rung["driver"], filename, folder, builtin_names=names, package=request["package"])


def _note_laws(attempt: Run, request: Dict[str, Any]) -> None:
    """Those that the steps did not show."""
    try:
        if attempt.mode != "replicas":
            # Ops do not tell whose data they are fed.
            report.note_laws(attempt.watch)
        if "alone" in attempt.wanted and alone.note_laws(attempt.watch, request["statistics"]):
            attempt.notes.append("a copy of the layer was trained by itself")
    except Exception as error:
        attempt.notes.append("the update by itself: %s: %s" % (type(error).__name__, str(error).split("\n")[0][:200]))


def _pass_over_late_error(attempt: Run) -> None:
    """What a program raises once it has trained, such as an assertion about the result, takes nothing back."""
    trained = sum(step.phase in ("train-op", "fit") for step in attempt.watch.steps)
    if attempt.error is not None and trained >= ENOUGH_TRAINING:
        attempt.notes.append("after %d training steps the program raised %s" % (trained, attempt.error["type"]))
        attempt.error = None


def _drive(mode: str, attempt: Run, namespace: Dict[str, Any], strategies: List[Any]) -> None:
    if mode == "graph":
        graph.drive(attempt, namespace)
    elif mode == "replicas":
        replicas.drive(attempt, namespace, strategies)
    else:
        driven = calls.drive(attempt, namespace, mode)
        if driven is not None:
            probes.run_all(attempt, driven)
            _trace(attempt, driven)


def _trace(attempt: Run, driven: calls.Driven) -> None:
    """Call it once more, traced, where no batch that went in explains how a statistic moved.

    Only ops tell what is made of something inside the code, such as what a convolution gives. What nothing but this
    call makes or runs leaves no trace in the watch.
    """
    watch = attempt.watch
    if attempt.mode != "eager" or not report.unexplained(watch, "call"):
        return
    known, hits = list(watch.tracked), set(watch.hits)
    try:
        attempt.traced = framework.tf.function(lambda: driven(driven.target.arrays(attempt.steps)))
        attempt.traced.get_concrete_function()
    except Exception as error:
        attempt.notes.append("traced: %s: %s" % (type(error).__name__, str(error).split("\n")[0][:200]))
    finally:
        watch.tracked[:] = known
        watch.hits.intersection_update(hits)


def _import(program: Program, seconds: float) -> Dict[str, Any]:
    """The module's globals; a top level that trains a model is cut short."""
    if not hasattr(signal, "setitimer"):
        return program.execute(as_main=False)

    def stop(*_: Any) -> None:
        raise TooSlow("the top level of the file ran for more than %d s" % seconds)

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return program.execute(as_main=False)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _observation(attempt: Run, rung: str, request: Dict[str, Any]) -> Dict[str, Any]:
    """What the linter's side gets to see of an attempt.

    hits: rows of the user's file that ran. steps: how many of each phase. variables: see :mod:`report`.
    outputs: of each call, a few numbers of each value that it returned, see :func:`report.digest`. probes: what was
    tried besides, see :mod:`probes`.
    """
    stand_ins = _stand_ins(attempt)
    variables = report.variables(attempt.watch, request["statistics"])
    if attempt.program.results is not None:
        attempt.probes["results"] = attempt.program.results
    phases: List[str] = [step.phase for step in attempt.watch.steps]
    return {
        "mode": attempt.mode,
        "rung": rung,
        "dialect": request["dialect"],
        "error": attempt.error,
        "inputs": attempt.shapes,
        "outputs": attempt.outputs,
        "steps": {phase: phases.count(phase) for phase in dict.fromkeys(phases)},
        "hits": sorted(attempt.program.hits),
        "variables": variables,
        "probes": attempt.probes,
        "stand_ins": stand_ins,
        "suspects": _suspects(attempt),
        "sizes": _sizes(attempt),
        "notes": attempt.notes,
    }


def _stand_ins(attempt: Run) -> Dict[str, Any]:
    """What the stand-ins had a say in; a watched thing that one was given is marked as such."""
    log = attempt.log
    leaves = framework.flatten(log.passed)
    given = {id(leaf) for leaf in leaves}
    for tracked in attempt.watch.tracked:
        if id(tracked.variable) in given or id(tracked.layer) in given:
            tracked.facts["given"] = True
    return {
        "used": list(log.used)[:MOST_NOTES],
        "branches": sorted(log.branches),
        "flag": log.asked,
        "numbers": log.numbers > 0,
        "tensors": any(framework.tf.is_tensor(leaf) for leaf in leaves),
    }


def _sizes(attempt: Run) -> List[int]:
    """How many channels the statistics have that the file itself made, told by nobody."""
    made = [tracked.shape or [] for tracked in attempt.watch.tracked if tracked.imported]
    return [size for size in dict.fromkeys(shape[0] for shape in made if len(shape) == 1) if size]


def _suspects(attempt: Run) -> List[str]:
    """The parameters that an error may be about."""
    error = attempt.error
    if error is None or error["stage"] != "call" or not error["rows"]:
        return []
    names = {
        name
        for name in attempt.hints.parameters
        if not any(flag.match(name) for flag in (inputs.TRAINING, inputs.INFERENCE, inputs.MODE))
        and attempt.hints.roles.get(name) != "statistic"
    }
    return search.suspects(attempt.program.tree, error["rows"], names)
