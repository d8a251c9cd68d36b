"""The data of the json report, one object a line: findings, errors, warnings, and the counts.

``type`` says what a line is: "finding", "error", "warning" or "summary". The other keys are those of
``report-1.schema.json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from bnlint.report.json import VERSION, Json, error_data, finding_data, summary_data
from bnlint.reporting import Report


def render(report: Report, color: bool = False) -> str:
    """ASCII, one line each; the last is the summary, so that its absence shows that lines are missing."""
    return "".join(json.dumps(line, allow_nan=False) + "\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[Json]:
    yield from ({"type": "finding", **finding_data(finding)} for finding in report.findings)
    yield from ({"type": "error", **error_data(error)} for error in report.errors)
    yield from ({"type": "warning", **error_data(notice)} for notice in report.warnings)
    yield {"type": "summary", "version": VERSION, **summary_data(report)}
