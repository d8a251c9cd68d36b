"""What was seen of a statistic, step by step, ready to be drawn: its first channel beside that of the batches."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from bnlint.findings import VariableRef
from bnlint.frozen import dataclass
from bnlint.report import tried
from bnlint.report.evidence import law_text, name, watched
from bnlint.report.terminal import visible

START = "at the start"
_UNEXPLAINED = ("unexplained", "once")


@dataclass(frozen=True, slots=True)
class Curve:
    """One channel of one statistic.

    labels: the steps, the first of them ``START``. variable: as many values. batch: what the batch of each step has to
    offer to the variable, as far as it is known. None stands for a value that is unknown or not finite. law: in words,
    or None. made: how many such variables the line made. tried: what came of other things that were tried, in words.
    """

    name: str
    row: int | None
    labels: tuple[str, ...]
    variable: tuple[float | None, ...]
    batch: tuple[float | None, ...]
    law: str | None
    made: int
    tried: tuple[str, ...] = ()

    @property
    def range(self) -> tuple[float, float]:
        """The least and the greatest of all values."""
        known = [value for value in (*self.variable, *self.batch) if value is not None]
        return min(known), max(known)


def curves(evidence: Mapping[str, Any], variable: VariableRef | None) -> list[Curve]:
    """The statistics of which at least one step was seen. variable: what the finding calls the one that it is about."""
    drawn = [_curve(statistic, variable) for statistic in watched(evidence)]
    return [curve for curve in drawn if curve is not None]


def _curve(statistic: Mapping[str, Any], variable: VariableRef | None) -> Curve | None:
    values = [_first(value) for value in statistic.get("values") or ()]
    if not any(value is not None for value in values):
        return None
    batch = [_first(value) for value in statistic.get("batch") or ()]
    law = statistic.get("law")
    if isinstance(law, Mapping) and cast("Mapping[str, object]", law).get("kind") in _UNEXPLAINED:
        # The statistic is not one of the batch that went in, but of something that was made of it.
        batch = [None] * len(values)
    row = statistic.get("row")
    return Curve(
        visible(name(statistic, variable)),
        row if isinstance(row, int) else None,
        (START, *(visible(str(label)) for label in statistic.get("after") or ())),
        (_first(statistic.get("initial")), *values),
        (None, *batch),
        law_text(cast("Mapping[str, object]", law)) if isinstance(law, Mapping) else None,
        made if isinstance(made := statistic.get("made"), int) else 1,
        tuple(tried.with_one(statistic)),
    )


def _first(value: object) -> float | None:
    """The first channel, if it is a number that can be drawn."""
    while isinstance(value, Sequence) and not isinstance(value, str) and value:
        value = cast("Sequence[object]", value)[0]
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None
