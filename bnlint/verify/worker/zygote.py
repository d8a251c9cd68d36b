"""Imports TensorFlow once and forks for each experiment, so that a crash, an exit or an endless loop costs that one.

Speaks JSON lines over the pipes it was started with, which it moves out of the way of the user's ``print``.
``serve`` answers requests until its input ends; ``once`` answers one in this very process, where nothing can fork.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import shutil
import signal
import tempfile
import time
from typing import IO, Any, Dict, List, Tuple

from . import cage

PACKAGE = str(__package__)
LARGEST_REPLY = 8 << 20
LAZY = ["numpy.random"] + [
    "tensorflow.python.data.ops.%s_op" % name
    for name in ("concatenate", "flat_map", "from_tensors", "from_tensor_slices", "range", "zip", "batch", "prefetch")
]
"""What TensorFlow, Keras and NumPy import when first used: cheaper here than in each child."""


def main(arguments: List[str]) -> None:
    """``serve`` or ``once``."""
    requests, replies = _private_pipes()
    if arguments[:1] == ["once"]:
        _once(requests, replies)
    else:
        _serve(requests, replies)


def _private_pipes() -> Tuple[IO[str], IO[str]]:
    """Standard input and output become /dev/null for whatever runs here later."""
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sink = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(sink, standard)
    os.close(sink)
    return requests, replies


def _send(replies: IO[str], message: Dict[str, Any]) -> None:
    replies.write(json.dumps(message) + "\n")
    replies.flush()


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


def _serve(requests: IO[str], replies: IO[str]) -> None:
    state = _load()
    _send(replies, state)
    if "failed" in state:
        return
    gc.collect()
    if hasattr(gc, "freeze"):
        gc.freeze()
    # Not "for line in requests": its read-ahead would be copied into the children.
    for line in iter(requests.readline, ""):
        _send(replies, _forked(json.loads(line)))


def _forked(request: Dict[str, Any]) -> Dict[str, Any]:
    """Run one experiment in a child; returns what it said and how it ended."""
    folder = tempfile.mkdtemp(prefix="run-", dir=request["root"])
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        try:
            os.setsid()
            cage.die_with_parent()
            _run(request, folder, os.fdopen(write_end, "w", encoding="utf-8"))
        finally:
            os._exit(0)
    os.close(write_end)
    text, ending = _listen(read_end, time.time() + request["timeout"])
    status = _end(child, ending)
    shutil.rmtree(folder, ignore_errors=True)
    return {"ending": ending if ending != "silent" else status, "lines": text}


def _listen(pipe: int, deadline: float) -> Tuple[str, str]:
    """What the child writes, until it says it is done, falls silent for good, says too much or takes too long."""
    chunks: List[bytes] = []
    size = 0
    ending = "silent"
    while True:
        left = deadline - time.time()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            ending = "timeout"
            break
        chunk = os.read(pipe, 1 << 16)
        if not chunk:
            break
        chunks.append(chunk)
        size += len(chunk)
        if chunk.endswith(b'"done": true}\n'):
            ending = "done"
            break
        if size > LARGEST_REPLY:
            ending = "babble"
            break
    os.close(pipe)
    return b"".join(chunks).decode("utf-8", "replace"), ending


def _end(child: int, ending: str) -> str:
    """End the child and its process group; says how a silent one died: "exit 3", "signal 11"."""
    status = 0
    if ending == "silent":
        until = time.time() + 1.0
        done = 0
        while not done and time.time() < until:
            done, status = os.waitpid(child, os.WNOHANG)
            if not done:
                time.sleep(0.005)
        if done:
            _kill(child)
            return "signal %d" % os.WTERMSIG(status) if os.WIFSIGNALED(status) else "exit %d" % os.WEXITSTATUS(status)
    _kill(child)
    os.waitpid(child, 0)
    return "hung"


def _kill(child: int) -> None:
    for end in (os.killpg, os.kill):
        try:
            end(child, signal.SIGKILL)
        except OSError:
            continue


def _once(requests: IO[str], replies: IO[str]) -> None:
    request = json.loads(requests.readline())
    folder = tempfile.mkdtemp(prefix="run-", dir=request["root"])
    # A new user namespace needs a process of one thread, so the cage comes before TensorFlow.
    reached = _enter(request, folder)
    state = _load()
    _send(replies, state)
    if "ready" in state:
        _run(request, folder, replies, reached)
    os._exit(0)


def _enter(request: Dict[str, Any], folder: str) -> List[str]:
    os.environ.update(HOME=folder, TMPDIR=folder, KERAS_HOME=folder)
    tempfile.tempdir = None
    os.chdir(folder)
    if request["isolation"] == "none":
        return []
    return cage.enter(folder, request["memory"], int(request["timeout"]) + 5)


def _run(request: Dict[str, Any], folder: str, replies: IO[str], reached: Any = None) -> None:
    """The child's whole life."""
    if reached is None:
        reached = _enter(request, folder)
    _send(replies, {"isolation": reached})
    if request["isolation"] == "strict" and not {"no-network", "no-writes"} <= set(reached):
        _send(replies, {"refused": "no-isolation", "done": True})
        return
    experiment = importlib.import_module(PACKAGE + ".experiment")
    for observation in experiment.run(request, folder):
        _send(replies, {"observation": observation})
    _send(replies, {"done": True})
