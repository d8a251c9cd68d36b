"""One line a finding: ``path:line:col: error[BN101] message [verdict]``.

Editors and CI parse this line: its shape is a promise.
"""

from __future__ import annotations

from bnlint.findings import Finding, Outcome
from bnlint.report.terminal import OUTCOME_STYLES, SEVERITY_STYLES, Paint, error_place, painter, visible
from bnlint.reporting import Report
from bnlint.source import place_name


def render(report: Report, color: bool = False) -> str:
    """Findings first, then files that could not be checked and warnings; nothing at all if there is nothing to say."""
    paint = painter(color)
    lines = [_line(finding, paint) for finding in report.findings if not finding.suppressed]
    for told, label in (
        (report.errors, paint("error", "bold red")),
        (report.warnings, paint("warning", "bold yellow")),
    ):
        lines += [f"{error_place(each)}: {label}: {visible(each.message)}" for each in told]
    return "".join(f"{line}\n" for line in lines)


def _line(finding: Finding, paint: Paint) -> str:
    place = visible(place_name(finding.filename, finding.cell))
    label = paint(f"{finding.severity.value}[{finding.code}]", SEVERITY_STYLES[finding.severity])
    line = f"{place}:{finding.span.row}:{finding.span.column}: {label} {visible(finding.message)}"
    verdict = finding.verdict
    if verdict.outcome is Outcome.NOT_RUN:
        return line
    reason = f": {visible(verdict.reason)}" if verdict.reason else ""
    return f"{line} [{paint(verdict.outcome.value, OUTCOME_STYLES[verdict.outcome])}{reason}]"
