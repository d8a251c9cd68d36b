"""One request, one stream of observations: for each mode the first way of running the code that works."""

from __future__ import annotations

import signal
import sys
from typing import Any, Dict, Iterator, List, Optional

from . import calls, framework, graph, inputs, report, script
from .calls import Run
from .inputs import Variant
from .program import Program
from .targets import Hints
from .watch import Watch

ABOUT_SHAPES = {"ValueError", "TypeError", "IndexError", "InvalidArgumentError", "AssertionError", "ZeroDivisionError",
                "OperatorNotAllowedInGraphError"}  # fmt: skip


ABOUT_VARIABLES = ("singleton tf.Variables", "non-first call", "elements of state")


class TooSlow(BaseException):
    """The file's top level takes too long to be a module that is merely imported."""


def run(request: Dict[str, Any], folder: str) -> Iterator[Dict[str, Any]]:
    """Observations as JSON data; the fields are those of :func:`_observation`."""
    framework.preload(request["imports"])
    sys.path[:0] = request["path"]
    sys.argv = [request["filename"]]
    if request["dialect"] == "v1":
        framework.use_v1_names()
    if "graph" in request["modes"] or request["dialect"] == "v1":
        framework.use_v1_behaviour()
    elif framework.IS_TF1:
        framework.start_eager()
    for mode in request["modes"]:
        yield _observe(mode, request, folder)


def _observe(mode: str, request: Dict[str, Any], folder: str) -> Dict[str, Any]:
    """Climb down the rungs, trying other inputs on each, until one attempt runs or fails as predicted."""
    best: Optional[Dict[str, Any]] = None
    for rung in request["rungs"]:
        if (rung["name"] == "program") != (mode == "program"):
            continue
        for variant in inputs.variants(request["rank"]) if mode != "program" else [Variant(0)]:
            seen = _attempt(mode, rung, variant, request, folder)
            if best is None or _progress(seen) >= _progress(best):
                best = seen
            if seen["error"] is None or _as_predicted(seen["error"], request):
                return seen
            if seen["error"]["stage"] == "import" or not _about_shapes(seen["error"]):
                break
        # A slice has less in it than the module; it helps only where the module itself could not be run.
        if best is not None and best["error"]["stage"] != "import":
            break
    assert best is not None
    return best


def _progress(observation: Dict[str, Any]) -> int:
    error = observation["error"]
    return 9 if error is None else {"syntax": 0, "import": 1, "find": 2, "call": 3, "fit": 3}[error["stage"]]


def _about_shapes(error: Dict[str, Any]) -> bool:
    """Whether other inputs may help."""
    return error["type"] in ABOUT_SHAPES and not any(text in error["message"] for text in ABOUT_VARIABLES)


def _as_predicted(error: Dict[str, Any], request: Dict[str, Any]) -> bool:
    first, last = request["row"]
    return bool(set(error["types"]) & set(request["errors"])) and any(first <= row <= last for row in error["rows"])


def _attempt(mode: str, rung: Dict[str, str], variant: Variant, request: Dict[str, Any], folder: str) -> Dict[str, Any]:
    if not framework.eagerly():
        framework.v1.reset_default_graph()
    framework.seed()
    program = Program(rung["source"], request["filename"], folder, request["skip"])
    watch = Watch(program.path)
    watch.modules.add(program.name)
    attempt = Run(program, Hints(request), variant, watch)
    attempt.mode = mode
    updates: Dict[int, Dict[str, Any]] = {}
    stage = "import"
    watch.install()
    try:
        if mode == "program":
            script.drive(attempt, request["timeout"] / 3)
        else:
            watch.importing = True
            namespace = _import(program, request["timeout"] / 4)
            watch.importing = False
            stage = "call"
            if mode == "graph":
                updates = graph.drive(attempt, namespace)
            else:
                calls.drive(attempt, namespace, mode)
    except SyntaxError as error:
        attempt.fail(error, "syntax")
    except KeyError as error:
        attempt.fail(error, "find" if error.args and error.args[0] == request["symbol"].split(".")[0] else stage)
    except (Exception, SystemExit, TooSlow, RecursionError) as error:
        attempt.fail(error, stage)
    finally:
        watch.uninstall()
    return _observation(attempt, rung["name"], updates, request)


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


def _observation(
    attempt: Run, rung: str, updates: Dict[int, Dict[str, Any]], request: Dict[str, Any]
) -> Dict[str, Any]:
    """What the linter's side gets to see of an attempt.

    hits: rows of the user's file that ran. steps: how many of each phase. variables: see :mod:`report`.
    outputs: a few numbers of what each call returned.
    """
    variables = report.variables(attempt.watch, request["statistics"], updates)
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
        "notes": attempt.notes,
    }
