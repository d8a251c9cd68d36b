"""How a claim is made and checked.

A claim quotes its lesson, line breaks apart, and names programs of the lesson, or experiments of this folder where the
programs alone do not show it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.rules.programs import Printed

Check = Callable[[Printed], bool]


@dataclass(frozen=True)
class Claim:
    """One sentence or half of one. checks: what each program must print for it to be true."""

    code: str
    quote: str
    checks: dict[str, Check]


def exactly(label: str, value: float) -> Check:
    """Every number behind the label is this one, bit for bit."""
    return lambda printed: all(number == value for number in printed.numbers(label))


def near(label: str, value: float, within: float | None = None) -> Check:
    """Every number behind the label is near this one; the batches are random, so nothing is exact."""
    off = within if within is not None else max(0.3, abs(value) / 4)
    return lambda printed: all(abs(number - value) <= off for number in printed.numbers(label))


def between(label: str, low: float, high: float) -> Check:
    return lambda printed: all(low <= number <= high for number in printed.numbers(label))


def moved(label: str) -> Check:
    """No number behind the label is an initial value."""
    return lambda printed: not {0.0, 1.0} & set(printed.numbers(label))


def pair(label: str, mean: float, variance: float, exact: bool = False, part: slice = slice(None)) -> Check:
    """Behind one label stand the means and then the variances, as many; or in that part of what stands there."""

    def check(printed: Printed) -> bool:
        numbers = printed.numbers(label)[part]
        half = len(numbers) // 2
        goals = [mean] * half + [variance] * half
        return all(n == goal if exact else abs(n - goal) <= goal / 4 for n, goal in zip(numbers, goals, strict=True))

    return check


def same(first: str, second: str) -> Check:
    """Equal but for the last digits of a float32, which depend on the processor."""
    return lambda printed: printed.numbers(first) == pytest.approx(printed.numbers(second), rel=1e-5, abs=1e-6)


def differ(first: str, second: str, by: float = 0.01) -> Check:
    """All numbers behind the two labels are further apart than this."""
    return lambda printed: all(
        abs(a - b) > by for a, b in zip(printed.numbers(first), printed.numbers(second), strict=True)
    )


def says(*texts: str) -> Check:
    return lambda printed: all(text in printed for text in texts)


def both(*checks: Check) -> Check:
    return lambda printed: all(check(printed) for check in checks)


INITIAL = both(exactly("moving mean:", 0), exactly("moving variance:", 1))
TRAINED = both(near("moving mean:", 5), near("moving variance:", 4))
INITIAL_V1 = both(exactly("moving_mean", 0), exactly("moving_variance", 1))
TRAINED_V1 = both(near("moving_mean", 5), near("moving_variance", 4))
MOVED_V1 = both(moved("moving_mean"), moved("moving_variance"))
AVERAGES = both(near("Squeeze/ExponentialMovingAverage", 5), near("Squeeze_1/ExponentialMovingAverage", 4))
UNTOUCHED = near("test output:", 4.9975, 1e-4)
CENTRED = near("test output:", 0)
WEIGHTS = "moving mean, moving variance:"
