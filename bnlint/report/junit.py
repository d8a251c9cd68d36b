"""JUnit XML, for anything that shows test results: each finding is a failed test of its file."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from xml.etree import ElementTree as ET

from bnlint.findings import FileError, Finding
from bnlint.report.paths import from_checkout
from bnlint.report.terminal import error_place, visible
from bnlint.report.words import verdict_sentence
from bnlint.reporting import Report
from bnlint.source import place_name


def render(report: Report, color: bool = False) -> str:
    """One suite a file. Findings that are let pass are skipped tests, files that could not be checked are errors."""
    root = ET.Element("testsuites", name="bnlint")
    for filename, findings in groupby(report.findings, key=lambda each: each.filename):
        suite = _suite(root, from_checkout(filename, report.root))
        seen: Counter[str] = Counter()
        for finding in findings:
            name = f"{finding.code} {finding.name}" + (f" in {finding.symbol}" if finding.symbol else "")
            seen[name] += 1
            # GitLab tells the tests of two branches apart by their names.
            _case(suite, name if seen[name] == 1 else f"{name} ({seen[name]})", finding)
    for error in report.errors:
        _error(_suite(root, from_checkout(error.filename, report.root)), error)
    if not len(root):
        ET.SubElement(_suite(root, "bnlint"), "testcase", name="no findings", classname="bnlint", time="0")
    for suite in root:
        _count(suite, [suite])
    _count(root, list(root))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(root: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(root, "testsuite", name=visible(name))


def _case(suite: ET.Element, name: str, finding: Finding) -> None:
    place = f"{place_name(suite.attrib['name'], finding.cell)}:{finding.span.row}:{finding.span.column}"
    case = ET.SubElement(suite, "testcase", name=visible(name), classname=suite.attrib["name"], time="0")
    if not finding.stands:
        ET.SubElement(case, "skipped", message=visible(_why_skipped(finding)))
        return
    lines = [place, finding.message, finding.consequence, verdict_sentence(finding), f"help: {finding.remedy}"]
    failure = ET.SubElement(case, "failure", message=visible(finding.message), type=finding.severity.value)
    failure.text = "\n".join(visible(part) for line in lines if line for part in line.splitlines())


def _why_skipped(finding: Finding) -> str:
    if finding.suppression is None:
        return verdict_sentence(finding)
    how = {"comment": "ignored by a comment", "baseline": "in the baseline"}[finding.suppression.kind]
    return f"{how}: {finding.suppression.reason}" if finding.suppression.reason else how


def _error(suite: ET.Element, error: FileError) -> None:
    case = ET.SubElement(suite, "testcase", name="can be checked", classname=suite.attrib["name"], time="0")
    told = ET.SubElement(case, "error", message=visible(error.message), type="error")
    told.text = f"{error_place(error)}: {visible(error.message)}"


def _count(element: ET.Element, suites: list[ET.Element]) -> None:
    kinds = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    for name, tag in kinds.items():
        element.set(name, str(sum(1 for suite in suites for _ in suite.iter(tag))))
    element.set("time", "0")
