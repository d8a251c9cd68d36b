"""Imports TensorFlow once and forks for each experiment, so that a crash, an exit or an endless loop costs that one.

Speaks JSON lines over the pipes it was started with, which it moves out of the way of the user's ``print``.
``serve`` answers requests until its input ends; ``once`` answers one in this very process, where nothing can fork.

A child is caged before it runs any of the user's code, has no pipe but its own, and begins each of its lines with a
word that was made up for this one run.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import tempfile
from typing import IO, Any, Callable, Dict, List, Mapping, Optional, Tuple

from . import cage
from .offspring import end, listen, remove

PACKAGE = str(__package__)
LAZY = ["numpy.random"] + [
    "tensorflow.python.data.ops.%s_op" % name
    for name in ("concatenate", "flat_map", "from_tensors", "from_tensor_slices", "range", "zip", "batch", "prefetch")
]
"""What TensorFlow, Keras and NumPy import when first used: cheaper here than in each child."""

PROBE = 10.0
"""Seconds to find out what the system offers."""

Settings = Mapping[str, Any]
Send = Callable[[Dict[str, Any]], None]


def main(arguments: List[str]) -> None:
    """``serve`` or ``once``, and the settings as JSON.

    root: the folder to make temporary folders in. home: the user's. memory: bytes beyond what TensorFlow takes.
    caged: whether to cage at all. required: what the cage must reach, else nothing is run.
    """
    role, settings = arguments
    requests, replies = _private_pipes()
    run = _once if role == "once" else _serve
    run(json.loads(settings), requests, replies)


def _private_pipes() -> Tuple[IO[str], IO[str]]:
    """Standard input and output become /dev/null for whatever runs here later."""
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sink = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(sink, standard)
    os.close(sink)
    return requests, replies


def _sender(pipe: int, word: str) -> Send:
    """What sends lines that begin with ``word``. The one way out of a child."""

    def send(message: Dict[str, Any]) -> None:
        line = (word + json.dumps(message) + "\n").encode("utf-8")
        while line:
            line = line[os.write(pipe, line) :]

    return send


def _load() -> Dict[str, Any]:
    """Import TensorFlow, or say why not."""
    try:
        framework = importlib.import_module(PACKAGE + ".framework")
        importlib.import_module(PACKAGE + ".experiment")
        framework.layer_classes()
        framework.preload(LAZY)
        return {"ready": framework.versions()}
    except ImportError as error:
        missing = (getattr(error, "name", "") or "").split(".")[0]
        reason = {"tensorflow": "no-tensorflow", "tf_keras": "no-keras-2"}.get(missing, "no-tensorflow")
        return {"failed": reason, "message": str(error)}
    except Exception as error:
        return {"failed": "broken-tensorflow", "message": "%s: %s" % (type(error).__name__, error)}


def _serve(settings: Settings, requests: IO[str], replies: IO[str]) -> None:
    cage.inherit_orphans()
    reply = _sender(replies.fileno(), "")
    state = _load()
    private = [requests.fileno(), replies.fileno()]
    if "ready" in state:
        gc.collect()
        if hasattr(gc, "freeze"):
            gc.freeze()
        lines = _forked({"word": "", "timeout": PROBE}, settings, private)["lines"]
        state["isolation"] = json.loads(lines)["isolation"] if lines else []
    reply(state)
    if "failed" in state:
        return
    # Not "for line in requests": its read-ahead would be copied into the children.
    for line in iter(requests.readline, ""):
        reply(_forked(json.loads(line), settings, private))


def _forked(request: Settings, settings: Settings, private: List[int]) -> Dict[str, Any]:
    """Run one experiment in a child; returns what it said and how it ended.

    private: descriptors that are not for the child. A request without an experiment finds out about the cage alone.
    """
    folder = tempfile.mkdtemp(prefix="run-", dir=settings["root"])
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            cage.die_with_parent()
            for descriptor in [read_end, *private]:
                os.close(descriptor)
            _run(request, settings, folder, _sender(write_end, request["word"]))
        finally:
            os._exit(0)
    os.close(write_end)
    lines, ending = listen(child, read_end, request["word"], request["timeout"], folder)
    status = end(child, ending)
    remove(folder)
    return {"ending": ending if ending != "silent" else status, "lines": lines}


def _once(settings: Settings, requests: IO[str], replies: IO[str]) -> None:
    request = json.loads(requests.readline())
    folder = tempfile.mkdtemp(prefix="run-", dir=settings["root"])
    # A new user namespace needs a process of one thread, so the cage comes before TensorFlow.
    reached = _enter(request, settings, folder)
    state = _load()
    _sender(replies.fileno(), "")(dict(state, isolation=reached))
    if "ready" in state:
        _run(request, settings, folder, _sender(replies.fileno(), request["word"]), reached)
    os._exit(0)


def _enter(request: Settings, settings: Settings, folder: str) -> List[str]:
    os.environ.update(HOME=folder, TMPDIR=folder, KERAS_HOME=folder)
    tempfile.tempdir = None
    os.chdir(folder)
    if not settings["caged"]:
        return []
    seconds = int(request["timeout"]) + 5
    return cage.enter(folder, settings["home"], request.get("path", []), settings["memory"], seconds)


def _run(request: Settings, settings: Settings, folder: str, send: Send, reached: Optional[List[str]] = None) -> None:
    """The child's whole life."""
    if reached is None:
        reached = _enter(request, settings, folder)
    send({"isolation": reached})
    if "modes" not in request:
        return
    if not set(settings["required"]) <= set(reached):
        send({"refused": "no-isolation", "done": True})
        return
    seal = importlib.import_module(PACKAGE + ".seal")
    own = seal.Seal([module for name, module in sys.modules.items() if name.startswith(PACKAGE)])
    try:
        for observation in importlib.import_module(PACKAGE + ".experiment").run(request, folder):
            seal.libraries.mend()
            if own.broken():
                break
            send({"observation": observation})
    except Exception:
        if not own.broken():
            raise
    send({"refused": "tampered", "done": True} if own.broken() else {"done": True})
