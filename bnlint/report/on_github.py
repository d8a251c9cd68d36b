"""What a run adds where it is a step of GitHub Actions: annotations beside the code, and the summary of the job."""

from __future__ import annotations

import os
import secrets

from bnlint.report import render
from bnlint.reporting import Report

# Formats for people: there, annotations may follow.
_FOR_PEOPLE = ("text", "concise", "statistics")


def running() -> bool:
    """Whether this is a step of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def with_annotations(text: str, report: Report, form: str) -> str:
    """What goes to the log of the step for a report in this format."""
    if form not in _FOR_PEOPLE:
        return text
    # The text shows lines of the code, and the runner would obey those that look like commands to it.
    token = secrets.token_hex(16)
    return f"::stop-commands::{token}\n{text}::{token}::\n{render(report, 'github')}"


def add_to_summary(report: Report) -> None:
    """Append the report to the summary of the job, if there is one. Raises OSError."""
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if file:
        with open(file, "a", encoding="utf-8", errors="backslashreplace") as summary:
            summary.write(render(report, "markdown"))
