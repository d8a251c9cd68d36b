"""What several formats say alike, and what they put first."""

from __future__ import annotations

from collections.abc import Iterable

from bnlint.findings import Finding, Outcome, Severity
from bnlint.report import evidence

VERDICTS = {
    Outcome.CONFIRMED: "confirmed by running it",
    Outcome.REFUTED: "refuted by running it",
    Outcome.DEFERRED: "deferred",
    Outcome.UNDECIDED: "undecided",
}
_SEVERITIES = list(Severity)


def weightiest_first(findings: Iterable[Finding]) -> list[Finding]:
    """By severity, and of one severity those that running the code confirmed first."""
    return sorted(findings, key=lambda each: (_SEVERITIES.index(each.severity), not _confirmed(each), each.order))


def verdict_sentence(finding: Finding) -> str:
    """The verdict with its reason, the measured laws and the versions, on one line; empty if nothing was run."""
    verdict = finding.verdict
    if verdict.outcome is Outcome.NOT_RUN:
        return ""
    title = VERDICTS[verdict.outcome] + (f" ({verdict.reason})" if verdict.reason else "")
    told = [" ".join(verdict.detail.split())] if verdict.detail else []
    told += [f"{name}: {law}" for name, law in evidence.laws(verdict.evidence, finding.variable)]
    sentence = f"{title}: {'; '.join(told)}" if told else title
    versions = evidence.versions(verdict.evidence)
    return f"{sentence} [{versions}]" if versions else sentence


def plural(number: int, noun: str) -> str:
    """``1 finding``, ``2 findings``."""
    return f"{number} {noun}" if number == 1 or noun == "info" else f"{number} {noun}s"


def _confirmed(finding: Finding) -> bool:
    return finding.verdict.outcome is Outcome.CONFIRMED
