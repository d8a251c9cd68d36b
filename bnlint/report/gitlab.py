"""GitLab's code quality report: a JSON array, which the merge request compares with that of the target branch."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

from bnlint.findings import FileError, Finding, Severity
from bnlint.report.paths import from_checkout
from bnlint.report.terminal import visible
from bnlint.report.words import verdict_sentence
from bnlint.reporting import Report
from bnlint.span import Span

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(report: Report, color: bool = False) -> str:
    """The findings that stand and the files that could not be checked; ``[]`` if there are none."""
    issues = [_finding(finding, report.root) for finding in report.findings if finding.stands]
    issues += [_error(error, report.root) for error in report.errors]
    seen: Counter[str] = Counter()
    for issue in issues:
        # Of equal fingerprints GitLab shows the first alone.
        name = issue["fingerprint"]
        issue["fingerprint"] = _digest(name, str(seen[name])) if seen[name] else name
        seen[name] += 1
    return json.dumps(issues, indent=2) + "\n"


def _finding(finding: Finding, root: str) -> dict[str, Any]:
    verdict = verdict_sentence(finding)
    # GitLab shows nothing but the description.
    description = f"{finding.code} {finding.name}: {finding.message}" + (f". {verdict}" if verdict else "")
    path = from_checkout(finding.filename, root)
    return {
        "description": visible(_in_cell(finding.cell, finding.span, description)),
        "check_name": finding.code,
        "fingerprint": finding.fingerprint or _digest(finding.code, path, str(finding.span)),
        "severity": _SEVERITIES[finding.severity],
        "location": {"path": path, "positions": _positions(finding.span, finding.cell)},
    }


def _error(error: FileError, root: str) -> dict[str, Any]:
    path = from_checkout(error.filename, root)
    span = error.span or Span(1, 1, 1, 1)
    return {
        "description": visible(_in_cell(error.cell, span, f"bnlint could not check this file: {error.message}")),
        "check_name": "bnlint-unchecked",
        "fingerprint": _digest("bnlint-unchecked", path, error.message),
        "severity": "major",
        "location": {"path": path, "positions": _positions(span, error.cell)},
    }


def _in_cell(cell: int | None, span: Span, description: str) -> str:
    return description if cell is None else f"cell {cell}, line {span.row}: {description}"


def _positions(span: Span, cell: int | None) -> dict[str, Any]:
    if cell is not None:
        # Rows count from the start of the cell, and GitLab's from the start of the notebook's JSON.
        span = Span(1, 1, 1, 1)
    return {
        "begin": {"line": span.row, "column": span.column},
        "end": {"line": span.end_row, "column": span.end_column},
    }


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
