"""From sources to facts: each file parsed on its own, in processes where that pays; one bad file is one message."""

from __future__ import annotations

import gc
import os
import pickle
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_all_start_methods, get_context
from pathlib import PurePosixPath

from bnlint.analysis.facts import ModuleFacts, analyse
from bnlint.findings import FileError
from bnlint.memory import Analysed, Memory
from bnlint.progress import Progress
from bnlint.source import Source
from bnlint.span import Span

# Seconds between two looks at whether the process that gives out the work is still there.
_LOOK = 1.0
# Bytes of source from which on starting processes costs less than it saves.
_WORTH_A_PROCESS = 400_000

_TOO_DEEP = "is nested too deeply to be analysed"
# Enough for an `elif` chain of some hundred branches; the C stack holds it on every supported Python.
_RECURSION = 4000
# Of CPython's parser.
_MOST_BRACKETS = 200


def analyse_all(
    sources: Sequence[Source],
    progress: Progress | None = None,
    memory: Memory | None = None,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> tuple[dict[str, Source], list[ModuleFacts], list[FileError]]:
    """The sources as they were analysed, by name, with the facts of those that could be.

    jobs: how many processes may work on them; None for as many as there are processors. executor: what takes the work
    instead, in processes that have the same bnlint.
    """
    memory = memory or Memory()
    by_name: dict[str, Source] = {}
    modules: list[ModuleFacts] = []
    errors: list[FileError] = []
    if progress is not None:
        progress.start("checking", len(sources))
    unknown = [source for source in sources if memory.recall(source) is None]
    fresh = _handed_out(unknown, executor) if executor is not None else _in_parallel(unknown, jobs or _most())
    for given in sources:
        facts = memory.recall(given) or next(fresh)
        memory.keep(given, facts)
        if isinstance(facts, FileError):
            errors.append(facts)
        else:
            source, module = facts
            by_name[source.filename] = source
            modules.append(module)
        if progress is not None:
            progress.advance()
    return by_name, modules, errors


def _most() -> int:
    """How many processes pay: one for each processor that this one may use."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # What they find out is packed there and unpacked here, which takes half as long as to find it out: two only lose.
    return processors if processors > 2 else 1


def _handed_out(sources: Sequence[Source], executor: Executor) -> Iterator[Analysed]:
    # The largest files first, so that no process is left alone with one at the end.
    order = sorted(range(len(sources)), key=lambda index: len(sources[index].data), reverse=True)
    waiting = {index: executor.submit(_packed_facts, sources[index]) for index in order}
    return (pickle.loads(waiting.pop(index).result()) for index in range(len(sources)))


def _in_parallel(sources: Sequence[Source], jobs: int) -> Iterator[Analysed]:
    # A fork copies the caller as it is: nothing of it runs again, but it must not have threads.
    can_fork = "fork" in get_all_start_methods() and threading.active_count() == 1
    if jobs < 2 or not can_fork or sum(len(source.data) for source in sources) < _WORTH_A_PROCESS:
        yield from map(facts_of, sources)
        return
    executor = ProcessPoolExecutor(
        jobs, mp_context=get_context("fork"), initializer=_start_worker, initargs=(os.getpid(),)
    )
    try:
        # Ctrl-C reaches all processes of a terminal. Those that start here never see it; this one ends them.
        unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            facts = _handed_out(sources, executor)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        yield from facts
    finally:
        executor.shutdown(cancel_futures=True)


def _start_worker(parent: int) -> None:
    gc.disable()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """Whoever kills the process that started this one leaves this one waiting for work for ever."""
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os._exit(1)


def _packed_facts(source: Source) -> bytes:
    """The facts as bytes made here, where a value nested too deeply to be sent costs one file and not the pool."""
    try:
        return pickle.dumps(facts_of(source), pickle.HIGHEST_PROTOCOL)
    except RecursionError:
        return pickle.dumps(FileError(source.filename, _TOO_DEEP))


def facts_of(source: Source) -> Analysed:
    """What is known of one file, read as Python 3 or else as Python 2."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION))
    try:
        return source, _analysed(source)
    except (RecursionError, MemoryError):
        return FileError(source.filename, _TOO_DEEP)
    except (SyntaxError, ValueError) as error:
        if _brackets(source.text) > _MOST_BRACKETS:
            return FileError(source.filename, _TOO_DEEP)
        translated = source.as_python_3()
        try:
            return translated, _analysed(translated)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return _located(source, error)


def _analysed(source: Source) -> ModuleFacts:
    return analyse(source.text, source.filename, *module_name(source.filename))


def _located(source: Source, error: SyntaxError | ValueError) -> FileError:
    row, column, message = 1, 1, str(error)  # a null byte
    if isinstance(error, SyntaxError):
        row, column, message = error.lineno or 1, max(error.offset or 1, 1), error.msg
    cell, span = source.locate(Span(row, column, row, column))
    return FileError(source.filename, f"cannot be parsed as Python 3: {message}", span, cell)


def _brackets(text: str) -> int:
    """How deep the brackets of a text are nested at most, those in strings and comments included."""
    depth = most = 0
    for bracket in re.findall(r"[()\[\]{}]", text):
        depth = depth + 1 if bracket in "([{" else max(depth - 1, 0)
        most = max(most, depth)
    return most


def module_name(filename: str) -> tuple[str, str]:
    """The dotted names of the module and of its package, as its path suggests."""
    path = PurePosixPath(filename).with_suffix("")
    parts = [part for part in path.parts if part not in ("..", "/", ".")]
    package = parts[:-1]
    return ".".join(package if parts[-1:] == ["__init__"] else parts), ".".join(package)
