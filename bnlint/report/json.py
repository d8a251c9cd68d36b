"""The report as data: ``report-1.schema.json`` beside this file says what each key means.

Keys are always there, null where there is nothing to say. Within version 1 keys may be added, never taken away.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, cast

from bnlint import __version__
from bnlint.findings import FileError, Finding, Fix, Outcome, Related, Report, Span

Json = dict[str, Any]


def render(report: Report, color: bool = False) -> str:
    """One object, in ASCII: any reader and any encoding of the output will do."""
    return json.dumps(envelope(report), indent=2, allow_nan=False) + "\n"


def envelope(report: Report) -> Json:
    """The whole report as JSON data."""
    counts = {outcome.value: report.count(outcome) for outcome in Outcome if outcome is not Outcome.NOT_RUN}
    return {
        "version": 1,
        "tool": {"name": "bnlint", "version": __version__},
        "findings": [_finding(finding) for finding in report.findings],
        "errors": [_error(error) for error in report.errors],
        "summary": {
            "files": report.files,
            "analysed": report.analysed,
            "findings": sum(finding.verdict.outcome is not Outcome.REFUTED for finding in report.findings),
            **counts,
        },
    }


def _finding(finding: Finding) -> Json:
    variable, verdict = finding.variable, finding.verdict
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        "consequence": finding.consequence,
        "remedy": finding.remedy,
        "filename": finding.filename,
        "cell": finding.cell,
        **_locations(finding.span),
        "symbol": finding.symbol,
        "era": {
            "tensorflow": finding.era.tensorflow,
            "keras": finding.era.keras,
            "evidence": list(finding.era.evidence),
        },
        "variable": variable
        and {"name": variable.name, "cell": variable.cell, "row": variable.row, "column": variable.column},
        "related": [_related(related) for related in finding.related],
        "fix": finding.fix and _fix(finding.fix),
        "url": None,
        "fingerprint": finding.fingerprint,
        "suppressed": finding.suppressed,
        "verification": {
            "verdict": verdict.outcome.value,
            "reason": verdict.reason,
            "detail": verdict.detail,
            "evidence": _finite(verdict.evidence),
        },
    }


def _locations(span: Span) -> Json:
    return {
        "location": {"row": span.row, "column": span.column},
        "end_location": {"row": span.end_row, "column": span.end_column},
    }


def _related(related: Related) -> Json:
    return {
        "message": related.message,
        "filename": related.filename,
        "cell": related.cell,
        **_locations(related.span),
    }


def _fix(fix: Fix) -> Json:
    edits = [{"content": edit.content, **_locations(edit.span)} for edit in fix.edits]
    return {"applicability": fix.applicability.value, "message": fix.message, "edits": edits}


def _error(error: FileError) -> Json:
    location = error.span and {"row": error.span.row, "column": error.span.column}
    return {"filename": error.filename, "cell": error.cell, "location": location, "message": error.message}


def _finite(value: object) -> object:
    """JSON has no NaN and no infinity; a measured one becomes the string "nan", "inf" or "-inf"."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in cast("Mapping[object, object]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in cast("list[object]", value)]
    return value
