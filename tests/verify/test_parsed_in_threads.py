"""Plans are made in threads, and CPython 3.11 loses count of how deep it is where threads parse at the same time."""

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bnlint.verify import plan, surroundings

TEXT = Path(plan.__file__).read_text(encoding="utf-8")


@pytest.fixture
def restless() -> Iterator[None]:
    """Collections that run Python code, in which the threads take turns."""
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()

    def linger(_phase: str, _info: dict[str, int]) -> None:
        list(range(300))

    gc.callbacks.append(linger)
    gc.set_threshold(200)
    sys.setswitchinterval(1e-4)
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*thresholds)
    gc.callbacks.remove(linger)


@pytest.mark.usefixtures("restless")
def test_threads_do_not_disturb_one_another() -> None:
    def at_depth(depth: int) -> bool:
        return at_depth(depth - 1) if depth else surroundings.parsed(TEXT) is not None

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(at_depth, [0, 5, 10, 15] * 2))
