"""The report for people: the place, what is wrong, what happens when it runs, what was seen, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from bnlint.findings import Applicability, Finding, Outcome, Severity
from bnlint.report import change, evidence
from bnlint.report.excerpt import CONTEXT, Mark, excerpt
from bnlint.report.terminal import OUTCOME_STYLES, SEVERITY_STYLES, Paint, error_place, painter, visible
from bnlint.report.words import VERDICTS, plural
from bnlint.reporting import Report
from bnlint.source import place_name
from bnlint.span import Span

_FIXES = {
    Applicability.SAFE: "fix",
    Applicability.UNSAFE: "unsafe fix",
    Applicability.DISPLAY: "fix, by hand",
}


def render(report: Report, color: bool = False) -> str:
    """Each finding with its excerpt and evidence, the files that could not be checked, and a closing line."""
    paint = painter(color)
    blocks = [describe(each, report, paint) for each in report.findings if not each.suppressed]
    labels = (paint("error:", "bold red"), paint("warning:", "bold yellow"))
    for told, label in zip((report.errors, report.warnings), labels, strict=True):
        if told:
            blocks.append("\n".join(f"{label} {error_place(each)}: {visible(each.message)}" for each in told))
    blocks.append(_summary(report, paint))
    return "\n\n".join(blocks) + "\n"


def describe(finding: Finding, report: Report, paint: Paint) -> str:
    """All about one finding of a report."""
    style = SEVERITY_STYLES[finding.severity]
    label = paint(f"{finding.severity.value}[{finding.code}]", style)
    gutter = len(str(max(finding.span.end_row + CONTEXT, *(each.span.end_row for each in finding.related), 0)))
    lines = [f"{label} {paint(visible(finding.name), 'bold')}: {visible(finding.message)}"]
    lines += _excerpts(finding, report, paint, gutter)
    lines.append(paint(f"{'':>{gutter}} |", "bold blue"))
    lines += _note("when it runs", finding.consequence, "bold", paint, gutter)
    lines += _verdict(finding, paint, gutter)
    lines += _note("help", finding.remedy, "bold cyan", paint, gutter)
    lines += _fix(finding, report, paint, gutter)
    lines += _note("see", f"bnlint explain {finding.code}", "dim", paint, gutter)
    return "\n".join(lines)


def _excerpts(finding: Finding, report: Report, paint: Paint, gutter: int) -> list[str]:
    """One excerpt for each file or cell, the finding's own first."""
    own = place_name(finding.filename, finding.cell)
    marks = {own: [Mark(finding.span, style=SEVERITY_STYLES[finding.severity], primary=True)]}
    for related in finding.related:
        place = place_name(related.filename, related.cell)
        marks.setdefault(place, []).append(Mark(related.span, visible(related.message)))
    lines: list[str] = []
    for place, placed in marks.items():
        arrow = "-->" if place == own else ":::"
        lines.append(f"{'':>{gutter}}{paint(arrow, 'bold blue')} {_position(place, placed[0].span)}")
        if place in report.sources:
            lines += excerpt(report.sources[place], placed, paint, gutter)
        else:
            lines += [f"{'':>{gutter}} {mark.label}" for mark in placed if mark.label]
    return lines


def _position(place: str, span: Span) -> str:
    return f"{visible(place)}:{span.row}:{span.column}"


def _note(title: str, text: str, style: str, paint: Paint, gutter: int) -> list[str]:
    if not text:
        return []
    first, *rest = text.splitlines()
    head = f"{'':>{gutter}} {paint('=', 'bold blue')} {paint(title + ':', style)} {visible(first)}"
    return [head, *(f"{'':>{gutter}}   {visible(line)}".rstrip() for line in rest)]


def _verdict(finding: Finding, paint: Paint, gutter: int) -> list[str]:
    verdict = finding.verdict
    if verdict.outcome is Outcome.NOT_RUN:
        return []
    told = [part for part in (verdict.detail, evidence.setting(verdict.evidence)) if part]
    title = VERDICTS[verdict.outcome] + (f" ({visible(verdict.reason)})" if verdict.reason else "")
    lines = _note(title, "\n".join(told) or " ", OUTCOME_STYLES[verdict.outcome], paint, gutter)
    return lines + [f"{'':>{gutter}}     {line}" for line in evidence.table(verdict.evidence, finding.variable, paint)]


def _fix(finding: Finding, report: Report, paint: Paint, gutter: int) -> list[str]:
    if finding.fix is None:
        return []
    lines = _note(_FIXES[finding.fix.applicability], finding.fix.message, "bold cyan", paint, gutter)
    lines += [f"{'':>{gutter}}     {line}" for line in change.lines(finding, report.sources, paint)]
    if finding.proof is not None and finding.proof.outcome is Outcome.CONFIRMED:
        lines += _note("proven", "running the fixed code shows it", "bold green", paint, gutter)
    elif finding.proof is not None:
        reason = finding.proof.detail or finding.proof.reason or finding.proof.outcome.value
        lines += _note("not fixed", reason, "bold yellow", paint, gutter)
    return lines


def _summary(report: Report, paint: Paint) -> str:
    counted = [finding for finding in report.findings if finding.stands]
    severities = [(sum(each.severity is level for each in counted), level.value) for level in Severity]
    levels = ", ".join(plural(number, name) for number, name in severities if number)
    found = f"{plural(len(counted), 'finding')} ({levels})" if counted else "No findings"
    line = f"{paint(found, 'bold')} in {plural(report.files, 'file')}"
    passed = sum(finding.suppressed for finding in report.findings)
    line += f", {passed} suppressed" if passed else ""
    outcomes = [outcome for outcome in Outcome if outcome is not Outcome.NOT_RUN]
    verdicts = ", ".join(f"{report.count(each)} {each.value}" for each in outcomes if report.count(each))
    line += f": {verdicts}." if verdicts else "."
    if report.errors:
        line += f" {plural(len(report.errors), 'path')} could not be checked."
    if report.fixed:
        line = f"Fixed {plural(len(report.fixed), 'finding')}. {line}"
    if counted and not verdicts:
        line += "\nRun it again with --verify to see what the code does when it runs."
    return line + _fixable(counted)


def _may_be_made(finding: Finding) -> bool:
    return finding.proof is None or finding.proof.outcome is Outcome.CONFIRMED


def _fixable(findings: Sequence[Finding]) -> str:
    offered = [each.fix.applicability for each in findings if each.fix is not None and _may_be_made(each)]
    safe, unsafe = offered.count(Applicability.SAFE), offered.count(Applicability.UNSAFE)
    told = [f"{safe} can be fixed with --fix"] if safe else []
    told += [f"{unsafe}{' more' if safe else ' can be fixed'} with --fix --unsafe-fixes"] if unsafe else []
    return f"\n{', '.join(told)}; --diff shows the changes." if told else ""
