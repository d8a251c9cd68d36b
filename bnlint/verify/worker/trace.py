"""Runs a program as Python would, and looks on: ``python path/to/worker trace SPEC FILE|-m MODULE ARGUMENTS``.

Nothing is kept apart here: it is the user's own program, which they start themselves. SPEC is a JSON file:

results    where to write what was seen, now and then and at the end, see :meth:`Recorder.save`
steps      training steps after which to stop, or 0
marked     by path, first and last rows of statements that are noted when they run
wanted     by path, rows whose variables are looked at whatever they are
"""

from __future__ import annotations

import atexit
import importlib
import importlib.machinery
import json
import os
import re
import runpy
import sys
import time
import traceback
import types
from typing import Any, Dict, List, Optional, Set

from .arrivals import Arrivals
from .places import Places
from .program import lacking, tidy

HERE = os.path.dirname(os.path.abspath(__file__))
EARLY = 24
"""How many times it is saved after each step that was looked at, whatever that takes."""

_KEPT: List[Any] = []
"""The module that was ``__main__``: a module that is gone takes its globals along."""


class Recorder:
    """What becomes of the program, on disk, so that it outlives a program that is killed."""

    def __init__(self, spec: Dict[str, Any]) -> None:
        self.spec = spec
        self.places = Places(HERE)
        self.hits: Set[int] = set()
        self.error: Optional[Dict[str, Any]] = None
        self.stopped = False
        self.ended = False
        self._hooks: Any = None
        self._process = os.getpid()
        self._saves = 0
        self._saved = 0.0
        self._cost = 0.0

    def arrived(self, name: str) -> None:
        """TensorFlow or a Keras has been imported."""
        if "tensorflow" not in sys.modules or not hasattr(sys.modules["tensorflow"], "Variable"):
            return
        try:
            self._install()
        except Exception as error:
            # The program must run, whatever this TensorFlow is like.
            self._note("cannot watch %s: %s: %s" % (name, type(error).__name__, error))

    def _install(self) -> None:
        framework = importlib.import_module(str(__package__) + ".framework")
        framework.loads_keras = False
        if self._hooks is None:
            witness = importlib.import_module(str(__package__) + ".witness")
            hooks = importlib.import_module(str(__package__) + ".hooks")
            wanted = {self.places.row(path, row) for path, rows in self.spec["wanted"].items() for row in rows}
            seen = witness.Witness(self.places, self.hits, wanted - {None})
            self._hooks = hooks.Hooks(seen, self.spec["steps"], self.after_step)
            self._hooks.on_tensorflow()
        if framework.keras_modules():
            self._hooks.on_keras()

    def after_step(self, looked: bool) -> None:
        """Save it, if that takes little of the program's time."""
        since = time.time() - self._saved
        early = looked and self._saves < EARLY
        if early or since > max(10 * self._cost, 0.0 if looked else 2.0):
            self.save()

    def end_look(self) -> None:
        """The program is over, and what it made is still there."""
        if self._hooks is not None:
            self._hooks.last_look()

    def save(self) -> None:
        """Write what was seen: {versions, files, steps, hits, variables, error, stopped, ended, notes}."""
        if os.getpid() != self._process:
            return  # a child of the program
        start = time.time()
        found: Dict[str, Any] = {"versions": {}, "files": list(self.places.paths), "steps": {}, "variables": []}
        found["hits"] = sorted(self.hits)
        if self._hooks is not None:
            framework = importlib.import_module(str(__package__) + ".framework")
            found.update(self._hooks.witness.data(), versions=framework.versions())
        found.update(error=self.error, stopped=self.stopped, ended=self.ended, notes=self._notes())
        partial = self.spec["results"] + ".part"
        with open(partial, "w") as file:
            json.dump(found, file)
        os.replace(partial, self.spec["results"])
        self._saves += 1
        self._saved = time.time()
        self._cost = self._saved - start

    def save_at_exit(self) -> None:
        """The last time."""
        try:
            self.save()
        except Exception as error:
            self._note("%s: %s" % (type(error).__name__, error))

    def failed(self, error: BaseException) -> None:
        """The program raised this."""
        message = str(error)
        frames = [(f.filename, f.lineno or 0) for f in traceback.extract_tb(error.__traceback__)][::-1]
        if isinstance(error, SyntaxError) and error.filename:
            frames.insert(0, (error.filename, error.lineno or 0))
        # Autograph raises a fresh exception and quotes the user's lines in its message.
        quoted = [(path, int(row)) for path, row in re.findall(r'File "([^"]+)", line (\d+)', message)]
        rows = [self.places.row(path, row) for path, row in quoted[::-1] + frames]
        self.error = {
            "type": type(error).__name__,
            "types": [cls.__name__ for cls in type(error).__mro__ if cls is not object],
            "message": tidy(message),
            "rows": list(dict.fromkeys(row for row in rows if row is not None)),
            "stage": "call",
            "of": lacking(error),
        }

    def _note(self, text: str) -> None:
        self.spec.setdefault("notes", []).append(text)

    def _notes(self) -> List[str]:
        return self.spec.get("notes", []) + (self._hooks.troubles if self._hooks is not None else [])


def main(arguments: List[str]) -> None:
    """Run the program in this process, which ends as it would by itself."""
    with open(arguments[1], encoding="utf-8") as file:
        spec = json.load(file)
    recorder = Recorder(spec)
    arrivals = Arrivals(spec["marked"], recorder.places, recorder.hits, recorder.arrived)
    sys.meta_path.insert(0, arrivals)  # type: ignore[arg-type]
    # What is registered first is called last.
    atexit.register(recorder.save_at_exit)
    try:
        _run(arguments[2:], arrivals)
    except BaseException as error:
        if type(error).__name__ == "Enough" and type(error).__module__.startswith(str(__package__)):
            recorder.stopped = True
            return
        if not isinstance(error, SystemExit):
            recorder.failed(error)
            _hide_own_frames()
        raise
    finally:
        recorder.ended = True
        recorder.end_look()


def _run(command: List[str], arrivals: Arrivals) -> None:
    """As ``python FILE …`` and ``python -m MODULE …`` do."""
    module = types.ModuleType("__main__")
    _KEPT.append(sys.modules["__main__"])
    sys.modules["__main__"] = module
    if "__annotations__" in vars(_KEPT[0]):
        module.__annotations__ = {}
    searched = not (sys.flags.isolated or getattr(sys.flags, "safe_path", False))
    if command[0] == "-m":
        sys.argv = ["-m", *command[2:]]
        if searched:
            sys.path.insert(0, os.getcwd())
        runpy._run_module_as_main(command[1])  # type: ignore[attr-defined]
        return
    sys.argv = list(command)
    path = os.path.abspath(command[0]) if sys.version_info >= (3, 9) else command[0]
    if searched:
        sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    with open(path, "rb") as file:
        source = file.read()
    loader = importlib.machinery.SourceFileLoader("__main__", path)
    module.__dict__.update(__file__=path, __cached__=None, __loader__=loader, __builtins__=__builtins__)
    exec(arrivals.compiled(source, path), module.__dict__)


def _hide_own_frames() -> None:
    """From the traceback that Python is about to print."""
    show = sys.excepthook

    def excepthook(kind: Any, error: Any, trace: Any) -> None:
        known: List[Any] = []
        waiting = [error]
        while waiting:
            each = waiting.pop()
            if each is not None and all(each is not other for other in known):
                known.append(each)
                each.__traceback__ = _without_own(each.__traceback__)
                waiting += [each.__cause__, each.__context__]
        show(kind, error, error.__traceback__)

    sys.excepthook = excepthook


def _without_own(trace: Any) -> Any:
    frames = []
    while trace is not None:
        frames.append(trace)
        trace = trace.tb_next
    own = [frame.tb_frame.f_code.co_filename.startswith(HERE) for frame in frames]
    # What comes before the first is how Python started this.
    first = own.index(True) if True in own else 0
    frames = [frame for number, frame in enumerate(frames) if number >= first and not own[number]]
    for first, second in zip(frames, [*frames[1:], None]):
        first.tb_next = second
    return frames[0] if frames else None
