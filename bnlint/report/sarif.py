"""SARIF 2.1.0, for code scanning on GitHub and for viewers in editors."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from bnlint import __version__
from bnlint.findings import (
    Applicability,
    Edit,
    FileError,
    Finding,
    Fix,
    Notice,
    Outcome,
    Related,
    Severity,
    Suppression,
)
from bnlint.report.json import Json, verdict_data
from bnlint.report.paths import from_checkout
from bnlint.report.words import verdict_sentence
from bnlint.reporting import Report
from bnlint.rule import Rule
from bnlint.span import Span

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PROBLEMS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "recommendation"}
# GitHub takes no longer descriptions.
_LONGEST = 1000
_LOOKS_LIKE_A_LINK = re.compile(r"\[(?=[^\]]*\]\(\d+\))")


def render(report: Report, color: bool = False) -> str:
    """One run; ASCII, as for the json format."""
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report)]}, indent=2, allow_nan=False) + "\n"


def _run(report: Report) -> Json:
    indices = {rule.code: index for index, rule in enumerate(report.rules)}
    problems = [_notification(error, "error", report.root) for error in report.errors]
    problems += [_notification(notice, "warning", report.root) for notice in report.warnings]
    return {
        "tool": {
            "driver": {
                "name": "bnlint",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in report.rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The folder that holds the repository."}}},
        "invocations": [
            {
                "executionSuccessful": not report.errors or len(report.errors) < report.files,
                "toolExecutionNotifications": problems,
            }
        ],
        "results": [_result(finding, indices, report.root) for finding in report.findings],
    }


def _rule(rule: Rule) -> Json:
    lesson = rule.readme.read_text(encoding="utf-8")
    # The first section of every lesson says what the rule does.
    first = re.search(r"^## .*\n+((?:.+\n?)+)", lesson, re.MULTILINE)
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary[:_LONGEST]},
        "fullDescription": {"text": (" ".join(first[1].split()) if first else rule.summary)[:_LONGEST]},
        "help": {"text": f"{rule.summary}. Read the lesson with: bnlint explain {rule.code}", "markdown": lesson},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": ["correctness", "tensorflow", "batch-normalization"],
            "problem.severity": _PROBLEMS[rule.severity],
        },
    }


def _result(finding: Finding, indices: dict[str, int], root: str) -> Json:
    refuted = finding.verdict.outcome is Outcome.REFUTED
    result: Json = {
        "ruleId": finding.code,
        "kind": "pass" if refuted else "fail",
        "level": "none" if refuted else _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [_location(finding.filename, finding.span, finding.cell, root) | _logical(finding)],
        "partialFingerprints": {"bnlint/v1": finding.fingerprint},
        "properties": {
            "confidence": finding.confidence.value,
            "bnlint/verification": verdict_data(finding.verdict),
        },
    }
    if finding.code in indices:
        result["ruleIndex"] = indices[finding.code]
    if finding.related:
        related = enumerate(finding.related, start=1)
        result["relatedLocations"] = [_related(each, root) | {"id": number} for number, each in related]
        result["codeFlows"] = [{"threadFlows": [{"locations": _flow(finding, root)}]}]
    if finding.fix is not None and _applicable(finding.fix):
        result["fixes"] = [_fix(finding.fix, finding.filename, root)]
    if finding.suppression is not None:
        result["suppressions"] = [_suppression(finding.suppression)]
    return result


def _message(finding: Finding) -> str:
    """GitHub takes the first sentence as the title."""
    cell = f"Cell {finding.cell}, line {finding.span.row}: " if finding.cell is not None else ""
    parts = [f"{cell}{finding.message}.", finding.consequence, verdict_sentence(finding), f"Help: {finding.remedy}."]
    text = _LOOKS_LIKE_A_LINK.sub(r"\\[", "\n".join(part for part in parts if part))
    links = [f"[{_in_link(related.message)}]({number})" for number, related in enumerate(finding.related, start=1)]
    return f"{text}\nSee: {', '.join(links)}." if links else text


def _in_link(text: str) -> str:
    return re.sub(r"([\\\[\]])", r"\\\1", text)


def _location(filename: str, span: Span | None, cell: int | None, root: str) -> Json:
    physical: Json = {"artifactLocation": _artifact(filename, root)}
    if cell is not None:
        # Rows count from the start of the cell, and a region from the start of the notebook's JSON.
        physical["region"] = {"startLine": 1}
    elif span is not None:
        physical["region"] = _region(span)
    return {"physicalLocation": physical}


def _artifact(filename: str, root: str) -> Json:
    path = from_checkout(filename, root)
    if os.path.isabs(path) or path.startswith("../"):
        return {"uri": Path(os.path.normpath(os.path.join(root, filename))).as_uri()}
    return {"uri": quote(os.fsencode(path)), "uriBaseId": "%SRCROOT%"}


def _region(span: Span) -> Json:
    return {"startLine": span.row, "startColumn": span.column, "endLine": span.end_row, "endColumn": span.end_column}


def _logical(finding: Finding) -> Json:
    names = [{"fullyQualifiedName": finding.symbol, "kind": "function"}] if finding.symbol else []
    names += [{"fullyQualifiedName": f"cell {finding.cell}", "kind": "member"}] if finding.cell is not None else []
    return {"logicalLocations": names} if names else {}


def _related(related: Related, root: str) -> Json:
    return _location(related.filename, related.span, related.cell, root) | {"message": {"text": related.message}}


def _flow(finding: Finding, root: str) -> list[Json]:
    """The places in the order in which one reads them: those above the finding, the finding, the others."""

    def above(related: Related) -> bool:
        return related.filename == finding.filename and (related.cell or 0, related.span) < (
            finding.cell or 0,
            finding.span,
        )

    here = Related(finding.message, finding.filename, finding.span, finding.cell)
    before = sorted((each for each in finding.related if above(each)), key=lambda each: (each.cell or 0, each.span))
    steps = [*before, here, *(each for each in finding.related if not above(each))]
    return [
        {"location": _related(step, root), "importance": "essential" if step is here else "important"} for step in steps
    ]


def _applicable(fix: Fix) -> bool:
    return fix.applicability is not Applicability.DISPLAY and all(edit.cell is None for edit in fix.edits)


def _fix(fix: Fix, filename: str, root: str) -> Json:
    def file(edit: Edit) -> str:
        return edit.filename or filename

    changes = [
        {"artifactLocation": _artifact(name, root), "replacements": _replacements(edits)}
        for name, edits in groupby(sorted(fix.edits, key=file), key=file)
    ]
    return {"description": {"text": fix.message}, "artifactChanges": changes}


def _replacements(edits: Iterable[Edit]) -> list[Json]:
    return [{"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.content}} for edit in edits]


def _suppression(suppression: Suppression) -> Json:
    kind = {"comment": "inSource", "baseline": "external"}[suppression.kind]
    reason: Json = {"justification": suppression.reason} if suppression.reason else {}
    return {"kind": kind, "status": "accepted", **reason}


def _notification(problem: FileError | Notice, level: str, root: str) -> Json:
    location = _location(problem.filename, problem.span, problem.cell, root)
    return {"level": level, "message": {"text": problem.message}, "locations": [location]}
