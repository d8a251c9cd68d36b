"""A reader of the HTML report, and a report that has everything in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from bnlint.findings import Applicability, Edit, FileError, Finding, Fix, Outcome, Severity, Verdict
from bnlint.registry import load_rules
from bnlint.reporting import Report
from bnlint.span import Span

VOID = {"meta", "link", "input", "br", "hr", "img"}


class Page(HTMLParser):
    """A strict reader: every tag is closed in order. Collects elements, texts by tag, and addresses."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)

    def with_class(self, name: str) -> list[tuple[str, dict[str, str | None]]]:
        return [each for each in self.elements if name in (each[1].get("class") or "").split()]


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
    return report(proven, undecided, not_ours, errors=errors, rules=tuple(load_rules()))
