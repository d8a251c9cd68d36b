"""Several processes on this machine that work on one thing.

What makes them is loaded only for that: a small run does without, and loading it takes as long as several files.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

Result = TypeVar("Result")

# Seconds between two looks at whether the process that gives out the work is still there, and at what is done.
_LOOK = 1.0
_BLINK = 0.1

# What a process that was started here does with the number it is given.
_work: Callable[[int], Any]


def available() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def can_fork() -> bool:
    """Whether copies of this process can be made: nothing of it runs again in them, but it must not have threads."""
    return hasattr(os, "fork") and threading.active_count() == 1


class ProcessKilledError(Exception):
    """A process was killed, most likely for want of memory."""


class Tally:
    """How much copies of this process have done: the progress that they tell, to be read here."""

    def __init__(self) -> None:
        from multiprocessing import get_context

        self._done: Any = get_context("fork").Value("L", 0)
        self._seen = 0

    def start(self, stage: str, total: int) -> None:
        """Nothing to do: whoever reads it knows."""

    def announce(self, sentence: str) -> None:
        """Nothing to do: these processes run no code of others."""

    def advance(self) -> None:
        """One step is done."""
        with self._done.get_lock():
            self._done.value += 1

    def new(self) -> int:
        """How many steps are done since this was last asked."""
        seen, self._seen = self._seen, self._done.value
        return self._seen - seen


@contextmanager
def forked(
    work: Callable[[int], Result], count: int, jobs: int, meanwhile: Callable[[], None]
) -> Generator[Iterator[Result]]:
    """What ``work`` makes of 0, 1, 2 … in copies of this process, which see all that it sees; in that order.

    They are at work when the block begins. What they return is sent back and must be picklable.
    meanwhile: what to do again and again while waiting for them. Raises ProcessKilledError if one of them was killed.
    """
    from concurrent.futures import ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    def awaited(future: Future[Result]) -> Result:
        while wait([future], _BLINK).not_done:
            meanwhile()
        meanwhile()
        try:
            return future.result()
        except BrokenProcessPool as error:
            raise ProcessKilledError from error

    executor = ProcessPoolExecutor(
        jobs, mp_context=get_context("fork"), initializer=_start_worker, initargs=(os.getpid(), work)
    )
    try:
        # Ctrl-C reaches all processes of a terminal. Those that start here never see it; this one ends them.
        unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            waiting = [executor.submit(_worked, number) for number in range(count)]
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        yield map(awaited, waiting)
    finally:
        executor.shutdown(cancel_futures=True)


def _start_worker(parent: int, work: Callable[[int], Any]) -> None:
    global _work
    _work = work
    gc.disable()
    # What all processes share is not copied because the collector looks at it.
    gc.freeze()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _worked(number: int) -> Any:
    return _work(number)


def _end_with(parent: int) -> None:
    """Whoever kills the process that started this one leaves this one waiting for work for ever."""
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os._exit(1)
