"""The report as data: ``report-1.schema.json`` beside this file says what each key means.

Keys are always there, null where there is nothing to say. Within version 1 keys may be added, never taken away.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, cast

from bnlint import __version__
from bnlint.findings import FileError, Finding, Fix, Notice, Outcome, Related, Verdict
from bnlint.reporting import Report
from bnlint.span import Span

Json = dict[str, Any]
VERSION = 1


def render(report: Report, color: bool = False) -> str:
    """One object, in ASCII: any reader and any encoding of the output will do."""
    return json.dumps(envelope(report), indent=2, allow_nan=False) + "\n"


def envelope(report: Report) -> Json:
    """The whole report as JSON data."""
    return {
        "version": VERSION,
        "tool": {"name": "bnlint", "version": __version__},
        "findings": [finding_data(finding) for finding in report.findings],
        "errors": [error_data(error) for error in report.errors],
        "warnings": [error_data(notice) for notice in report.warnings],
        "summary": summary_data(report),
    }


def summary_data(report: Report) -> Json:
    """The counts."""
    counts = {outcome.value: report.count(outcome) for outcome in Outcome if outcome is not Outcome.NOT_RUN}
    return {
        "files": report.files,
        "analysed": report.analysed,
        "findings": sum(finding.stands for finding in report.findings),
        "suppressed": sum(finding.suppressed for finding in report.findings),
        "fixed": len(report.fixed),
        **counts,
    }


def finding_data(finding: Finding) -> Json:
    """One finding."""
    variable = finding.variable
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
        "fix": finding.fix and _fix(finding.fix, finding.filename),
        "url": None,
        "fingerprint": finding.fingerprint,
        "suppressed": finding.suppressed,
        "suppression": finding.suppression and {"kind": finding.suppression.kind, "reason": finding.suppression.reason},
        "verification": verdict_data(finding.verdict),
        "proof": finding.proof and verdict_data(finding.proof),
    }


def verdict_data(verdict: Verdict) -> Json:
    """What running the code showed."""
    return {
        "verdict": verdict.outcome.value,
        "reason": verdict.reason,
        "detail": verdict.detail,
        "evidence": _finite(verdict.evidence),
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


def _fix(fix: Fix, own: str) -> Json:
    edits = [
        {"content": edit.content, "filename": edit.filename or own, "cell": edit.cell, **_locations(edit.span)}
        for edit in fix.edits
    ]
    return {"applicability": fix.applicability.value, "message": fix.message, "edits": edits}


def error_data(error: FileError | Notice) -> Json:
    """One file that could not be checked, or what someone should look at."""
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
