"""Checkouts of public repositories: what is found in the whole of one, and how much there was to read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bnlint.engine import check_inputs, read
from bnlint.findings import Finding, Severity
from bnlint.settings import Settings


@dataclass(frozen=True)
class Accused:
    """The errors and warnings of a checkout, the number of its notes, its files, and their lines."""

    findings: list[Finding]
    notes: int
    files: int
    lines: int


def accused(folder: Path) -> Accused:
    """Check a folder as its owner would, from inside."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        inputs = read(["."], Settings())
        report = check_inputs(inputs, inputs.sources, Settings())
    finally:
        os.chdir(before)
    found = [each for each in report.findings if each.severity in (Severity.ERROR, Severity.WARNING)]
    lines = sum(source.text.count("\n") for source in inputs.sources)
    return Accused(found, len(report.findings) - len(found), report.files, lines)
