"""How long each phase of a run takes, for ``--timings``."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager

_spent: dict[str, float] = {}


@contextmanager
def phase(name: str) -> Generator[None]:
    """Add the time that the block takes to a phase; a phase inside another is counted in both."""
    start = time.perf_counter()
    try:
        yield
    finally:
        _spent[name] = _spent.get(name, 0.0) + time.perf_counter() - start


def spent() -> dict[str, float]:
    """Seconds by phase, in the order in which they ended."""
    return dict(_spent)


def add(more: Mapping[str, float]) -> None:
    """Count what another process spent."""
    for name, seconds in more.items():
        _spent[name] = _spent.get(name, 0.0) + seconds


def forget() -> None:
    """Start anew."""
    _spent.clear()


def table(total: float) -> str:
    """One line a phase, in the order in which they ended, with seconds and the share of the whole run."""
    rows = [*_spent.items(), ("total", total)]
    width = max(len(name) for name, _ in rows)
    return "".join(f"{name:<{width}}  {spent:8.3f} s  {spent / total:4.0%}\n" for name, spent in rows)
