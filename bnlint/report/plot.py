"""A curve drawn in a terminal, with plotext."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bnlint.report.curves import Curve

HEIGHT = 12
MOST_TICKS = 8


def plot(curve: Curve, paint: str, limits: tuple[float, float], columns: int, color: bool) -> list[str]:
    """The lines of a drawing: the variable as a line in the colour ``paint``, the batches as dots.

    limits: the least and the greatest value that the drawing must show. Raises ModuleNotFoundError without plotext.
    """
    import plotext  # pyright: ignore[reportMissingTypeStubs]

    # plotext has one figure, and no type annotations.
    figure: Any = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.plot_size(columns, HEIGHT)
    for values, marker, line in (
        (curve.batch, plotext.marker("•", "blue"), False),
        (curve.variable, plotext.marker("braille", paint), True),
    ):
        points = [(step, value) for step, value in enumerate(values) if value is not None]
        if points:
            signal = figure.signal([step for step, _ in points], [value for _, value in points], marker=marker)
            figure.draw(signal.lines() if line else signal)
    steps = len(curve.labels)
    ticks = list(range(0, steps, -(-steps // MOST_TICKS)))
    figure.ruler("x").ticks(ticks, ["start" if tick == 0 else str(tick) for tick in ticks])
    low, high = limits
    marks = round_numbers(low, high)
    figure.ruler("y").lim(min(low, marks[0]), max(high, marks[-1]))
    figure.ruler("y").ticks(marks, [f"{mark:g}" for mark in marks])
    for side in ("upper", "right"):
        figure.axes(False, axis="x" if side == "upper" else "y", side=side)
    text: str = figure.build().string(colorless=not color)
    return text.rstrip("\n").split("\n")


def round_numbers(low: float, high: float) -> list[float]:
    """A few numbers that are easy to read, from the last before ``low`` to the first after ``high``, evenly spaced."""
    if high - low < 1e-9 * max(abs(low), abs(high), 1e-9):
        high = low + (abs(low) or 1.0)
    span = high - low
    power = 10.0 ** math.floor(math.log10(span / 4))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= span / 4)
    return [round(number * step, 10) for number in range(math.floor(low / step), math.ceil(high / step) + 1)]
