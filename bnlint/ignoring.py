"""Writes ignore comments for findings, so that they pass from now on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bnlint import changes, engine
from bnlint.changes import Change
from bnlint.findings import Edit, Finding, Notice
from bnlint.layout import Layout, LayoutError, layout_of
from bnlint.progress import Progress
from bnlint.python2 import translate
from bnlint.report.excerpt import split_rows
from bnlint.reporting import Report
from bnlint.settings import Settings
from bnlint.source import Source, SourceError
from bnlint.span import Span
from bnlint.suppressions import ignoring_rows

_IGNORE = re.compile(r"#\s*bnlint:\s*ignore\s*\[([^\]]*)\]")


def add_ignores(
    inputs: engine.Inputs, settings: Settings, progress: Progress | None = None
) -> tuple[Report, list[Change]]:
    """Put a comment behind each statement with findings that stand, write the files, and report what is left.

    A statement that has an ignore comment gets the codes added to it. A file in which that would change more than
    comments, or that cannot be written, stays as it is, and the report says why.
    """
    report = engine.check_inputs(inputs, inputs.sources, settings, progress)
    sources = {source.filename: source for source in inputs.sources}
    made: list[Change] = []
    notices: list[Notice] = []
    for name in dict.fromkeys(finding.filename for finding in report.findings if finding.stands):
        standing = [finding for finding in report.findings if finding.stands and finding.filename == name]
        try:
            made.append(Change(sources[name], _with_comments(sources[name], standing)))
        except SourceError as error:
            notices.append(Notice(name, f"{error}, so it is left as it is"))
    left = changes.write(made)
    notices += [Notice(name, why) for name, why in left.items()]
    made = [change for change in made if change.filename not in left]
    now = sources | {change.filename: change.after for change in made}
    after = engine.check_inputs(inputs, list(now.values()), settings, progress)
    return replace(after, warnings=(*after.warnings, *notices)), made


def comment_edits(source: Source, findings: Iterable[Finding]) -> list[Edit]:
    """Edits that put comments behind the statements of these findings. Raises SourceError."""
    by_cell: dict[int | None, list[Finding]] = {}
    for finding in findings:
        by_cell.setdefault(finding.cell, []).append(finding)
    edits: list[Edit] = []
    for number, own in by_cell.items():
        cell = next((cell for cell in source.cells if cell.number == number), None)
        layout = _layout(source.text if cell is None else cell.code)
        rows = split_rows(source.text if cell is None else cell.text)
        edits += [replace(edit, cell=number) for edit in _edits(own, layout, rows)]
    return edits


def _with_comments(source: Source, findings: Iterable[Finding]) -> Source:
    edited = source.edited(comment_edits(source, findings))
    if _code(source) != _code(edited):
        raise SourceError("a comment would change what the code says")
    return edited


def _edits(findings: Sequence[Finding], layout: Layout, rows: Sequence[str]) -> list[Edit]:
    """For each statement one: codes for the brackets it has, or a comment at its end."""
    codes: dict[int, set[str]] = {}
    for finding in findings:
        statement = layout.statement(finding.span.row)
        last = statement.end_row if statement is not None else finding.span.row
        codes.setdefault(last, set()).add(finding.code)
    edits: list[Edit] = []
    for last, wanted in codes.items():
        present = [comment for comment in layout.comments if comment.row in ignoring_rows(layout, last)]
        brackets = [(comment, match) for comment in present if (match := _IGNORE.search(comment.text))]
        if brackets:
            comment, match = brackets[0]
            column = comment.column + match.end(1)
            known = {each.strip() for each in match[1].split(",") if each.strip()}
            content = ", ".join(["", *sorted(wanted - known)] if known else sorted(wanted))
            edits.append(Edit(Span(comment.row, column, comment.row, column), content))
        else:
            end = len(rows[last - 1].rstrip()) + 1
            content = f"  # bnlint: ignore[{', '.join(sorted(wanted))}]"
            edits.append(Edit(Span(last, end, last, len(rows[last - 1]) + 1), content))
    return edits


def _layout(text: str) -> Layout:
    for each in (text, translate(text).text):
        try:
            return layout_of(each)
        except LayoutError:
            continue
    raise SourceError("its statements cannot be told apart")


def _code(source: Source) -> list[str]:
    texts = [cell.code for cell in source.cells] or [source.text]
    return [statement.text for text in texts for statement in _layout(text).statements]
