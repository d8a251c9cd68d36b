"""How often each rule finds something, the most frequent first."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from bnlint.findings import Applicability, Finding, Outcome
from bnlint.report.terminal import SEVERITY_STYLES, painter, visible
from bnlint.reporting import Report


def render(report: Report, color: bool = False) -> str:
    """One line a rule: how many findings stand, its code and name, how many were confirmed, how many can be fixed."""
    paint = painter(color)
    standing = sorted((finding for finding in report.findings if finding.stands), key=lambda each: each.code)
    rules = [list(group) for _, group in groupby(standing, key=lambda each: each.code)]
    rules.sort(key=len, reverse=True)
    number = max((len(str(len(rule))) for rule in rules), default=0)
    name = max((len(visible(rule[0].name)) for rule in rules), default=0)
    lines: list[str] = []
    for rule in rules:
        code = paint(rule[0].code, SEVERITY_STYLES[min(rule, key=_severity).severity])
        lines.append(f"{len(rule):>{number}}  {code}  {visible(rule[0].name):<{name}}  {_told(rule)}".rstrip())
    return "".join(f"{line}\n" for line in lines)


def _told(rule: list[Finding]) -> str:
    outcomes = Counter(finding.verdict.outcome for finding in rule)
    told = [f"{outcomes[each]} {each.value}" for each in Outcome if outcomes[each] and each is not Outcome.NOT_RUN]
    fixable = sum(each.fix is not None and each.fix.applicability is not Applicability.DISPLAY for each in rule)
    return ", ".join([*told, *([f"{fixable} with a fix"] if fixable else [])])


def _severity(finding: Finding) -> int:
    return list(SEVERITY_STYLES).index(finding.severity)
