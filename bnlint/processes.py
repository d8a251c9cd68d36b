"""Several processes on this machine that work on one thing."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_all_start_methods, get_context
from typing import Any, TypeVar

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
    return "fork" in get_all_start_methods() and threading.active_count() == 1


class Tally:
    """How much copies of this process have done: the progress that they tell, to be read here."""

    def __init__(self) -> None:
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
    meanwhile: what to do again and again while waiting for them.
    """

    def awaited(future: Future[Result]) -> Result:
        while wait([future], _BLINK).not_done:
            meanwhile()
        meanwhile()
        return future.result()

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
