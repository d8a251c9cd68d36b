"""Annotations of GitHub Actions: workflow commands, one a line, that the runner turns into notes beside the code.

The runner takes ten of a type from each step and drops the rest without a word. So the ten that matter most are
written, and the others are counted; the job summary (:mod:`bnlint.report.markdown`) lists all.
"""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.findings import FileError, Finding, Notice, Outcome, Severity
from bnlint.report.paths import from_checkout
from bnlint.report.terminal import visible
from bnlint.report.words import plural, verdict_sentence, weightiest_first
from bnlint.reporting import Report
from bnlint.span import Span

MOST = 10
LONGEST_MESSAGE = 4096
_TYPES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report, color: bool = False) -> str:
    """The commands by weight, and a last line for the reader of the log if some are left out."""
    standing = [finding for finding in report.findings if finding.stands]
    commands = [(_TYPES[finding.severity], _finding(finding, report.root)) for finding in weightiest_first(standing)]
    commands += [("error", _problem("bnlint: cannot be checked", error, report.root)) for error in report.errors]
    commands += [("notice", _problem("bnlint", notice, report.root)) for notice in report.warnings]
    return "".join(f"{line}\n" for line in _limited(commands))


def _limited(commands: list[tuple[str, str]]) -> Iterator[str]:
    left_out: list[str] = []
    for kind in ("error", "warning", "notice"):
        lines = [command for each, command in commands if each == kind]
        yield from (f"::{kind} {line}" for line in lines[:MOST])
        if len(lines) > MOST:
            left_out.append(f"{MOST} of {plural(len(lines), kind)}")
    if left_out:
        yield f"bnlint: GitHub shows {', '.join(left_out)}; the job summary lists all."


def _finding(finding: Finding, root: str) -> str:
    outcome = finding.verdict.outcome
    title = f"{finding.code} {finding.name}" + ("" if outcome is Outcome.NOT_RUN else f" ({outcome.value})")
    help_ = f"help: {finding.remedy} (bnlint explain {finding.code})"
    lines = [finding.message, finding.consequence, verdict_sentence(finding), help_]
    return _command(finding.filename, finding.cell, finding.span, title, lines, root)


def _problem(title: str, problem: FileError | Notice, root: str) -> str:
    return _command(problem.filename, problem.cell, problem.span, title, [problem.message], root)


def _command(filename: str, cell: int | None, span: Span | None, title: str, lines: list[str], root: str) -> str:
    properties: dict[str, object] = {"file": from_checkout(filename, root)}
    if span is not None and cell is None:
        properties |= {"line": span.row, "endLine": span.end_row}
        if span.row == span.end_row:  # else the runner takes no columns
            properties |= {"col": span.column, "endColumn": max(span.end_column, span.column)}
    elif span is not None:
        # Rows count from the start of the cell, and GitHub's from the start of the notebook's JSON.
        lines = [f"cell {cell}, line {span.row}: {lines[0]}", *lines[1:]]
    properties["title"] = visible(title)
    text = "\n".join(visible(part) for line in lines if line for part in line.splitlines())
    named = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"{named}::{_data(text[:LONGEST_MESSAGE])}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
