"""Copies of this process that work at once: what they return, tell and raise, and that none is left."""

from __future__ import annotations

import os
import sys
import time

import pytest

from bnlint.processes import Tally, can_fork, forked

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="copies of a process are of POSIX")


def test_results_come_in_order_and_from_other_processes() -> None:
    seen = object()

    def work(number: int) -> tuple[int, int, bool]:
        time.sleep(0.05 if number == 0 else 0)
        return number, os.getpid(), seen is not None

    with forked(work, 6, 2, lambda: None) as results:
        found = list(results)
    assert [number for number, _, _ in found] == list(range(6))
    assert os.getpid() not in {process for _, process, _ in found}
    for _, process, _ in found:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_what_is_done_is_seen_while_it_is_done() -> None:
    tally, seen = Tally(), list[int]()

    def work(number: int) -> int:
        for _ in range(5):
            time.sleep(0.1)
            tally.advance()
        return number

    with forked(work, 2, 2, lambda: seen.append(tally.new())) as results:
        assert list(results) == [0, 1]
    assert sum(seen) == 10
    assert len([some for some in seen if some]) > 2


def test_what_goes_wrong_there_is_raised_here() -> None:
    def work(number: int) -> int:
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"), forked(work, 2, 2, lambda: None) as results:
        list(results)


def test_a_process_with_threads_is_not_copied() -> None:
    import threading

    assert can_fork() == (sys.platform != "win32" and threading.active_count() == 1)
    other = threading.Thread(target=time.sleep, args=(0.3,))
    other.start()
    assert not can_fork()
    other.join()
