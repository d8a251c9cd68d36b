"""Reports with everything in them, for the tests of the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bnlint.findings import Applicability, Edit, FileError, Finding, Fix, Outcome, Report, Severity, Span, Verdict

LAW = {"kind": "average", "old": 0.9, "new": 0.1, "source": "batch mean", "text": "v ← 0.9·v + 0.1·batch mean"}
STILL: dict[str, Any] = {
    "name": "Variable",
    "row": 3,
    "shape": [2],
    "initial": [0.0, 0.0],
    "after": ["call 1", "call 2", "call 3"],
    "values": [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]],
    "batch": [[3.0, 9.0], [4.0, 9.0], [5.0, 9.0]],
    "law": {"kind": "unchanged", "text": "unchanged"},
    "made": 1,
}
MOVING = {**STILL, "values": [[0.3, 0.9], [0.67, 1.7], [1.1, 2.4]], "law": LAW}
FIX = Fix(Applicability.SAFE, "assign to mean", (Edit(Span(8, 5, 8, 36), "mean.assign(0.9 * mean + 0.1 * batch)"),))


def seen(*statistics: dict[str, Any]) -> dict[str, Any]:
    return {"tensorflow": "2.21.0", "python": "3.11.7", "mode": "eager", "statistics": list(statistics)}


def whole(finding: Callable[..., Finding], report: Callable[..., Report]) -> Report:
    """Two files; findings of every severity, and of most verdicts."""
    proven = finding(
        verdict=Verdict(Outcome.CONFIRMED, None, "", seen(STILL)),
        proof=Verdict(Outcome.CONFIRMED, None, "", seen(MOVING)),
        fix=FIX,
        fingerprint="a1",
    )
    undecided = finding(
        code="BN501",
        name="swapped-momentum",
        severity=Severity.WARNING,
        message="the weights are swapped",
        filename="models/other.py",
        verdict=Verdict(Outcome.UNDECIDED, "timeout", "the code did not finish in time"),
        fingerprint="b2",
    )
    not_ours = replace(undecided, code="XY900", name="rule-of-ones-own", severity=Severity.INFO, fingerprint="c3")
    errors = (FileError("broken.py", "cannot be parsed as Python 3: '(' was never closed"),)
    return report(proven, undecided, not_ours, errors=errors)
