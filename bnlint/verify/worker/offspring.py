"""A child as its parent sees it: what it says, what it takes, and its end, with all that it may have started."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import time
from typing import List, Tuple

LARGEST_REPLY = 8 << 20
LARGEST_FOLDER = 256 << 20
MOST_FILES = 5000
MOST_THREADS = 1000
LOOK = 0.1
"""Seconds between two looks at what a child takes."""


def listen(child: int, pipe: int, word: str, seconds: float, folder: str) -> Tuple[str, str]:
    """What the child writes, until it says it is done, falls silent for good, or takes too much of anything.

    word: begins each line that is the harness's own. Returns the lines and "done", "silent", "timeout", "babble" (it
    wrote too much), or "excess" (disk, files or threads).
    """
    deadline = time.monotonic() + seconds
    said = bytearray()
    ending = ""
    while not ending:
        if select.select([pipe], [], [], LOOK)[0]:
            chunk = os.read(pipe, 1 << 16)
            said += chunk
            ending = _heard(said, word, chunk)
        elif _takes_too_much(child, folder):
            ending = "excess"
        if not ending and time.monotonic() > deadline:
            ending = "timeout"
    os.close(pipe)
    return said.decode("utf-8", "replace"), ending


def _heard(said: bytearray, word: str, chunk: bytes) -> str:
    if not chunk:
        return "silent"
    if said.endswith(b'"done": true}\n') and said[said.rfind(b"\n", 0, -1) + 1 :].startswith(word.encode()):
        return "done"
    return "babble" if len(said) > LARGEST_REPLY else ""


def _takes_too_much(child: int, folder: str) -> bool:
    """Limits that the kernel does not keep: those on a folder as a whole, and on threads where the user is root."""
    with contextlib.suppress(OSError, ValueError), open("/proc/%d/stat" % child) as file:
        # The name of the program stands in parentheses and may hold anything.
        if int(file.read().rpartition(")")[2].split()[17]) > MOST_THREADS:
            return True
    size = files = 0
    try:
        for parent, folders, names in os.walk(folder):
            files += len(folders) + len(names)
            if files > MOST_FILES:
                return True
            for name in names:
                with contextlib.suppress(OSError):
                    size += os.lstat(os.path.join(parent, name)).st_blocks * 512
    except RecursionError:
        return True
    return size > LARGEST_FOLDER


def end(child: int, ending: str) -> str:
    """End the child and what it started; says how one that fell silent died: "exit 3", "signal 11" or "hung"."""
    status = _waited(child, 1.0) if ending == "silent" else None
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(child, signal.SIGKILL)
    if status is None:
        os.waitpid(child, 0)
    while _orphans():
        for orphan in _orphans():
            with contextlib.suppress(OSError):
                os.kill(orphan, signal.SIGKILL)
                os.waitpid(orphan, 0)
    if status is None:
        return "hung"
    return "signal %d" % os.WTERMSIG(status) if os.WIFSIGNALED(status) else "exit %d" % os.WEXITSTATUS(status)


def remove(folder: str) -> None:
    """Whatever is in it."""
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        _flatten(folder)
        os.rmdir(folder)


def _flatten(folder: str) -> None:
    """Remove folders nested deeper than a name can say: what is inside each is brought up to the top first."""
    number = 0
    waiting = [entry.path for entry in os.scandir(folder)]
    while waiting:
        path = waiting.pop()
        if not os.path.isdir(path) or os.path.islink(path):
            os.unlink(path)
            continue
        os.chmod(path, 0o700)
        for name in os.listdir(path):
            number += 1
            waiting.append(os.path.join(folder, "bnlint-remove-%d" % number))
            os.rename(os.path.join(path, name), waiting[-1])
        os.rmdir(path)


def _waited(child: int, seconds: float) -> "int | None":
    """Its exit status, if it ends in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(0.005)
    return None


def _orphans() -> List[int]:
    """Children of this process; where it inherits them, those that a child left behind."""
    with contextlib.suppress(OSError), open("/proc/self/task/%d/children" % os.getpid()) as file:
        return [int(number) for number in file.read().split()]
    return []
