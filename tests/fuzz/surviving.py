"""What must hold of any file at all, whatever is in it."""

from __future__ import annotations

import ast
import re
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from bnlint import engine, fixer
from bnlint.findings import Finding
from bnlint.report import FORMATS, render
from bnlint.reporting import Report
from bnlint.settings import Settings
from bnlint.source import Source, SourceError
from validators import validate_json

SECONDS = 10
# Others than these end no line of Python.
ROW = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class TooSlowError(BaseException):
    """Not caught by anything that catches exceptions."""


@contextmanager
def deadline(seconds: float = SECONDS) -> Iterator[None]:
    """Ends what takes longer, where the system can; in seconds of the processor, which others may keep busy."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TooSlowError(f"longer than {seconds} s")

    previous = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


def survives(name: str, data: bytes, unsafe: bool) -> int:
    """Check, report and fix a file in the working folder; returns how many findings it had.

    Nothing is raised, nothing takes too long, the report has its schema, every place is in the file, checking changes
    nothing, a fix changes nothing outside its edits, and what could be parsed still can be.
    """
    file, settings = Path(name), Settings()
    file.write_bytes(data)
    with deadline():
        report = engine.check([name], settings)
    assert file.read_bytes() == data
    assert len(report.errors) <= 1
    _is_consistent(report, name)
    for form in FORMATS if report.findings or report.errors else ("text", "json"):
        with deadline():
            text = render(report, form)
        assert text.endswith("\n") or not text
        if form == "json":
            validate_json(text)
    if report.findings:
        source = Source.read(file, name)
        for finding in report.findings:
            _edits_only_itself(source, finding)
    with deadline(3 * SECONDS):
        after, changes = fixer.fix(engine.read([name], settings), settings, unsafe=unsafe, write=True)
    if not changes:
        assert file.read_bytes() == data
    elif name.endswith(".py"):
        (change,) = changes
        assert file.read_bytes() == change.after.data
        assert parses(change.after.text) >= parses(change.before.text)
    assert len(after.findings) <= len(report.findings)
    return len(report.findings)


def parses(text: str) -> bool:
    """Whether Python can."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def _is_consistent(report: Report, name: str) -> None:
    for finding in report.findings:
        assert finding.filename == name
        text = report.sources[name if finding.cell is None else f"{name}:cell {finding.cell}"]
        rows = len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
        for span in (finding.span, *(each.span for each in finding.related if each.cell == finding.cell)):
            assert 1 <= span.row <= span.end_row <= rows
            assert (span.row, span.column) <= (span.end_row, span.end_column)


def _edits_only_itself(source: Source, finding: Finding) -> None:
    """Made by itself, the fix leaves every line as it is that none of its edits touches."""
    if finding.fix is None or not finding.fix.edits:
        return
    try:
        edited = source.edited(finding.fix.edits)
    except SourceError:
        return
    cells = [(source.text, edited.text, None)]
    if source.cells:
        pairs = zip(source.cells, edited.cells, strict=True)
        cells = [(before.text, after.text, before.number) for before, after in pairs]
    for before, after, cell in cells:
        edits = sorted({edit for edit in finding.fix.edits if edit.cell == cell}, key=lambda edit: edit.span)
        rows = ROW.findall(before)
        starts = [edit.span.row - 1 for edit in edits] + [len(rows)]
        assert after.startswith("".join(rows[: starts[0]]))
        for edit, following in zip(edits, starts[1:], strict=True):
            assert "".join(rows[edit.span.end_row : following]) in after
