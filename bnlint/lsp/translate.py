"""Findings in the terms of the protocol."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from lsprotocol import types
from pygls.workspace import PositionCodec

from bnlint.findings import Edit, FileError, Finding, Notice, Severity
from bnlint.frozen import dataclass
from bnlint.lsp.documents import Document
from bnlint.report.excerpt import split_rows
from bnlint.report.words import verdict_sentence
from bnlint.reporting import Report
from bnlint.span import Span

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}


@dataclass(frozen=True)
class Translator:
    """For one document that was checked.

    codec: counts columns as the editor does. others: the texts of other files by name, as far as they are known.
    opened: the addresses by which the editor knows files.
    """

    document: Document
    report: Report
    codec: PositionCodec
    others: Callable[[str], str | None]
    opened: Mapping[Path, str]
    _split: dict[tuple[str, int | None], Sequence[str]] = field(
        default_factory=dict[tuple[str, "int | None"], Sequence[str]]
    )

    def diagnostics(self) -> dict[str, list[types.Diagnostic]]:
        """By document: the file, or each cell of the notebook, also those without any."""
        found: dict[str, list[types.Diagnostic]] = {uri: [] for uri in self.document.uris}
        for finding in self.report.findings:
            if finding.stands:
                found.setdefault(self.document.uri_of(finding.cell), []).append(self._finding(finding))
        for error in self.report.errors:
            told = self._told(error, f"bnlint cannot check this: {error.message}", types.DiagnosticSeverity.Information)
            found.setdefault(self.document.uri_of(error.cell), []).append(told)
        for notice in self.report.warnings:
            if notice.filename == self.document.source.filename:
                told = self._told(notice, notice.message, types.DiagnosticSeverity.Warning)
                found.setdefault(self.document.uri_of(notice.cell), []).append(told)
        return found

    def range(self, span: Span, filename: str | None = None, cell: int | None = None) -> types.Range:
        """Where a span is in the text that the editor holds."""
        rows = self._rows(filename or self.document.source.filename, cell)
        return types.Range(
            self._position(rows, span.row, span.column), self._position(rows, span.end_row, span.end_column)
        )

    def workspace_edit(self, edits: Iterable[Edit], versioned: bool) -> types.WorkspaceEdit:
        """Edits of a fix, by document; versioned: the editor refuses them for a text that has changed since."""
        by_uri: dict[str, list[types.TextEdit]] = {}
        for edit in dict.fromkeys(edits):
            filename = edit.filename or self.document.source.filename
            changed = types.TextEdit(self.range(edit.span, filename, edit.cell), edit.content)
            by_uri.setdefault(self._uri(filename, edit.cell), []).append(changed)
        if not versioned:
            return types.WorkspaceEdit(changes=by_uri)
        return types.WorkspaceEdit(
            document_changes=[
                types.TextDocumentEdit(
                    types.OptionalVersionedTextDocumentIdentifier(
                        uri, self.document.version if uri == self.document.uri else None
                    ),
                    changes,
                )
                for uri, changes in by_uri.items()
            ]
        )

    def rows(self, uri: str) -> Sequence[str]:
        """The rows of the file or of one of its cells."""
        cell = next((number for number, each in self.document.cells.items() if each == uri), None)
        return self._rows(self.document.source.filename, cell)

    def _finding(self, finding: Finding) -> types.Diagnostic:
        verdict = verdict_sentence(finding)
        readme = next((rule.readme for rule in self.report.rules if rule.code == finding.code), None)
        related = [
            types.DiagnosticRelatedInformation(
                types.Location(self._uri(each.filename, each.cell), self.range(each.span, each.filename, each.cell)),
                each.message,
            )
            for each in finding.related
        ]
        return types.Diagnostic(
            range=self.range(finding.span, cell=finding.cell),
            message="\n".join([finding.message, finding.consequence, *([verdict] if verdict else [])]),
            severity=_SEVERITIES[finding.severity],
            code=finding.code,
            code_description=types.CodeDescription(readme.as_uri()) if readme is not None else None,
            source="bnlint",
            related_information=related or None,
            data={"fingerprint": finding.fingerprint},
        )

    def _told(self, problem: FileError | Notice, message: str, severity: types.DiagnosticSeverity) -> types.Diagnostic:
        span = problem.span or Span(1, 1, 1, 1)
        return types.Diagnostic(self.range(span, cell=problem.cell), message, severity, source="bnlint")

    def _uri(self, filename: str, cell: int | None) -> str:
        if filename == self.document.source.filename:
            return self.document.uri_of(cell)
        path = Path(os.path.abspath(filename))
        return self.opened.get(path) or path.as_uri()

    def _rows(self, filename: str, cell: int | None) -> Sequence[str]:
        if (filename, cell) not in self._split:
            self._split[filename, cell] = split_rows(self._text(filename, cell))
        return self._split[filename, cell]

    def _text(self, filename: str, cell: int | None) -> str:
        source = self.document.source
        if filename != source.filename:
            return self.others(filename) or ""
        if cell is None:
            return source.text
        return next((each.text for each in source.cells if each.number == cell), "")

    def _position(self, rows: Sequence[str], row: int, column: int) -> types.Position:
        before = rows[row - 1][: column - 1] if row <= len(rows) else ""
        return types.Position(row - 1, self.codec.client_num_units(before) if before else column - 1)
