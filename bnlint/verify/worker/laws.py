"""Which law do the values of a statistic follow? ``v <- a*v + b*s``, fitted in plain Python.

The candidates for ``s`` are statistics of the batches that went in. Biased and unbiased variance differ by a
constant factor, so both fit equally well; the one whose weights sum to 1 is reported.
"""

from __future__ import annotations

import math
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence

Vector = Sequence[float]

TOLERANCE = 2e-3
"""Largest residual, relative to how far the statistic moved in one step, that still counts as explained (float32)."""

FITTED = 32
"""How many channels a law is fitted to."""


class Law(NamedTuple):
    """How a statistic moves from one step to the next.

    kind: "unchanged", "average", "zero-debiased", "constant-batch", "once" or "unexplained".
    old, new: the weights of the old value and of the source; for "zero-debiased" those of the hidden average;
    for "constant-batch" only ``old`` is known. residual: relative to the largest step.
    """

    kind: str
    old: Optional[float] = None
    new: Optional[float] = None
    source: Optional[str] = None
    residual: Optional[float] = None

    @property
    def text(self) -> str:
        """The law in words and numbers."""
        if self.kind == "average":
            return "v ← {}·v + {}·{}".format(_short(self.old), _short(self.new), self.source)
        if self.kind == "zero-debiased":
            return "v ← zero-debiased average of the {}, decay {}".format(self.source, _short(self.old))
        if self.kind == "constant-batch":
            return "v ← {}·v + constant, on a repeated batch".format(_short(self.old))
        return {
            "unchanged": "unchanged",
            "once": "moved once, in the call that made it",
            "unexplained": "not explained by the batch",
        }[self.kind]

    def as_json(self) -> Dict[str, Any]:
        """Evidence: the fields and the sentence."""
        numbers = {
            key: None if value is None else float("%.6g" % value)
            for key, value in (("old", self.old), ("new", self.new), ("residual", self.residual))
        }
        return dict(numbers, kind=self.kind, source=self.source, text=self.text)


def vector(array: Any) -> Vector:
    """The first channels of an array, as plain numbers."""
    return [float(number) for number in array.ravel()[:FITTED]]


def series(batches: Iterable[Mapping[str, Vector]]) -> Dict[str, List[Vector]]:
    """The sources of a fit, from the statistics of each batch by their names."""
    sources: Dict[str, List[Vector]] = {}
    for batch in batches:
        for name, numbers in batch.items():
            sources.setdefault(name, []).append(numbers[:FITTED])
    return sources


def fit(values: Sequence[Vector], sources: Mapping[str, Sequence[Vector]]) -> Law:
    """The law that carries ``values[t]`` to ``values[t + 1]`` with ``sources[name][t]``.

    values: steps + 1 vectors of equal length (one number a channel); sources: ``steps`` vectors each, of the same
    length or of length 1.
    """
    if len(values) < 2 or all(list(value) == list(values[0]) for value in values[1:]):
        return Law("unchanged")
    if any(not math.isfinite(number) for value in values for number in value):
        return Law("unexplained")
    laws = []
    for name, series in sources.items():
        if len(series) == len(values) - 1 and all(len(s) in (1, len(values[0])) for s in series):
            aligned = [_spread(s, len(values[0])) for s in series]
            laws.append(_average(values, aligned, name))
            laws.append(_zero_debiased(values, aligned, name))
    explained = [law for law in laws if law is not None and (law.residual or 0.0) < TOLERANCE]
    # Sources come with the most natural ones first; min keeps the first of equals.
    return min(explained, key=_preference) if explained else Law("unexplained")


def fit_constant(values: Sequence[Vector]) -> Law:
    """The old value's weight from steps that all saw the same batch: ``v[t+2] - v[t+1] = a * (v[t+1] - v[t])``.

    Needs no idea of what the source is; says nothing about the source's weight.
    """
    if len(values) < 3 or all(list(value) == list(values[0]) for value in values[1:]):
        return Law("unchanged")
    steps = [[b - a for a, b in zip(first, second)] for first, second in zip(values, values[1:])]
    before = [d for step in steps[:-1] for d in step]
    after = [d for step in steps[1:] for d in step]
    scale = max(abs(d) for d in before + after)
    norm = sum(d * d for d in before)
    if norm <= 0.0 or not math.isfinite(scale):
        return Law("unexplained")
    old = sum(p * q for p, q in zip(before, after)) / norm
    residual = max(abs(q - old * p) for p, q in zip(before, after)) / scale
    return Law("constant-batch", old, None, None, residual) if residual < 1e-2 else Law("unexplained")


def _average(values: Sequence[Vector], source: List[Vector], name: str) -> Optional[Law]:
    """Least squares over all steps and channels for the two weights."""
    rows = [(v, s, w) for old, batch, new in zip(values, source, values[1:]) for v, s, w in zip(old, batch, new)]
    vv, ss, vs = (sum(r[i] * r[j] for r in rows) for i, j in ((0, 0), (1, 1), (0, 1)))
    vw, sw = (sum(r[i] * r[2] for r in rows) for i in (0, 1))
    determinant = vv * ss - vs * vs
    if len(rows) < 3 or determinant <= 1e-12 * max(vv * ss, 1e-300):
        return None
    a = (vw * ss - sw * vs) / determinant
    b = (sw * vv - vw * vs) / determinant
    moved = max(abs(w - v) for v, _, w in rows)
    residual = max(abs(a * v + b * s - w) for v, s, w in rows) / moved
    return Law("average", a, b, name, residual)


def _zero_debiased(values: Sequence[Vector], source: List[Vector], name: str) -> Optional[Law]:
    """TensorFlow's ``assign_moving_average(zero_debias=True)``: the first step lands on the batch itself."""
    if len(values) < 4:
        return None
    # The second step gives the decay: v2 = (d*s1 + s2) / (1 + d).
    pairs = [(v2 - s1, s2 - v2) for v2, s1, s2 in zip(values[2], source[0], source[1])]
    norm = sum(p * p for p, _ in pairs)
    if norm <= 0.0:
        return None
    decay = sum(p * q for p, q in pairs) / norm
    if not 0.0 < decay < 1.0:
        return None
    moved = max(abs(w - v) for old, new in zip(values, values[1:]) for v, w in zip(old, new))
    hidden = [0.0] * len(values[0])
    residual = 0.0
    for step, (batch, seen) in enumerate(zip(source, values[1:]), start=1):
        hidden = [decay * h + (1 - decay) * s for h, s in zip(hidden, batch)]
        weight = 1 - decay**step
        residual = max([residual] + [abs(h / weight - v) / moved for h, v in zip(hidden, seen)])
    return Law("zero-debiased", decay, 1 - decay, name, residual)


def _preference(law: Law) -> Any:
    """A plain average before a debiased one; then weights that sum to 1."""
    off = abs((law.old or 0.0) + (law.new or 0.0) - 1.0)
    return (law.kind != "average", round(off, 5) if off < TOLERANCE else 1.0)


def _spread(vector: Vector, length: int) -> Vector:
    return vector if len(vector) == length else list(vector) * length


def _short(number: Optional[float]) -> str:
    """Four decimals at most; float32 noise is no news."""
    return ("%.4f" % (number or 0.0)).rstrip("0").rstrip(".") or "0"
