"""Answers to what an editor asks about a checked document: actions, explanations, and runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeGuard

from lsprotocol import types

from bnlint import lessons
from bnlint.findings import Applicability, Finding, Fix, Outcome, Verdict
from bnlint.fixes import compatible
from bnlint.frozen import dataclass
from bnlint.ignoring import comment_edits
from bnlint.lsp.documents import Document
from bnlint.lsp.translate import Translator
from bnlint.registry import load_rules
from bnlint.report import evidence
from bnlint.report.terminal import painter
from bnlint.report.words import verdict_sentence
from bnlint.reporting import Report
from bnlint.source import SourceError

RUN = "bnlint.run"
FIX_ALL = "source.fixAll.bnlint"
_IN_COMMENT = re.compile(r"#\s*bnlint:.*")
_CODE = re.compile(r"BN\d{3}", re.IGNORECASE)


@dataclass(frozen=True)
class Checked:
    """What the last check of a document said."""

    document: Document
    report: Report
    translator: Translator

    def with_verdict(self, finding: Finding, verdict: Verdict) -> Checked:
        """The same, after one finding was run."""
        run = replace(finding, verdict=self.document.source.located_verdict(verdict))
        findings = tuple(run if each is finding else each for each in self.report.findings)
        report = replace(self.report, findings=findings)
        return Checked(self.document, report, replace(self.translator, report=report))

    def finding(self, fingerprint: str) -> Finding | None:
        """The finding with this name."""
        return next((each for each in self.report.findings if each.fingerprint == fingerprint), None)

    def standing(self, uri: str) -> list[tuple[Finding, types.Range]]:
        """What is found in a document, the file or a cell, and where."""
        return [
            (finding, self.translator.range(finding.span, cell=finding.cell))
            for finding in self.report.findings
            if finding.stands and self.document.uri_of(finding.cell) == uri
        ]


def code_actions(checked: Checked, params: types.CodeActionParams, versioned: bool) -> list[types.CodeAction]:
    """What can be done about the findings in a range, and the fixes of the whole document."""
    uri = params.text_document.uri
    actions = [
        action
        for finding, place in checked.standing(uri)
        if _touch(place, params.range)
        for action in _about(checked, uri, finding, place, params.context.diagnostics, versioned)
    ]
    actions += _fix_all(checked, versioned)
    only = params.context.only
    return [action for action in actions if not only or any(_is_kind(action.kind, each) for each in only)]


def code_lenses(checked: Checked, uri: str) -> list[types.CodeLens]:
    """Above each finding, the way to run it, or what running it showed."""
    lenses: list[types.CodeLens] = []
    for finding, place in checked.standing(uri):
        seen = verdict_sentence(finding)
        title = f"{finding.code}: {seen}" if seen else f"Run it, to see whether {finding.code} is true"
        command = types.Command(title, RUN, arguments=[checked.document.uri, finding.fingerprint])
        lenses.append(types.CodeLens(types.Range(place.start, place.start), command))
    return lenses


def hover(checked: Checked, uri: str, position: types.Position) -> types.Hover | None:
    """All about the findings at a place and their rules, or about the rule that an ignore comment names there."""
    here = types.Range(position, position)
    found = [(finding, place) for finding, place in checked.standing(uri) if _touch(place, here)]
    if found:
        told = [_described(finding, _lesson(checked, finding.code)) for finding, _ in found]
        return types.Hover(_markdown("\n\n---\n\n".join(told)), found[0][1])
    named = _named_in_comment(checked, uri, position)
    return types.Hover(_markdown(_lesson(checked, named))) if named else None


def evidence_lines(finding: Finding) -> list[str]:
    """What was seen when it ran, as a small table."""
    seen = finding.verdict.evidence
    setting = evidence.setting(seen)
    return [*([setting] if setting else []), *evidence.table(seen, finding.variable, painter(False))]


def _about(
    checked: Checked,
    uri: str,
    finding: Finding,
    place: types.Range,
    diagnostics: Sequence[types.Diagnostic],
    versioned: bool,
) -> Iterator[types.CodeAction]:
    mine = [each for each in diagnostics if each.code == finding.code and each.range == place]
    if _offered(finding.fix):
        safe = finding.fix.applicability is Applicability.SAFE
        yield types.CodeAction(
            f"{finding.fix.message} ({finding.code})" + ("" if safe else "; this may change training"),
            types.CodeActionKind.QuickFix,
            mine,
            is_preferred=safe,
            edit=checked.translator.workspace_edit(finding.fix.edits, versioned),
        )
    try:
        ignoring = comment_edits(checked.document.source, [finding])
    except SourceError:
        ignoring = []
    if ignoring:
        edit = checked.translator.workspace_edit(ignoring, versioned)
        yield types.CodeAction(f"Ignore {finding.code} here", types.CodeActionKind.QuickFix, mine, edit=edit)
    command = types.Command(f"Run {finding.code}", RUN, arguments=[checked.document.uri, finding.fingerprint])
    title = f"Run it, to see whether {finding.code} is true"
    yield types.CodeAction(title, types.CodeActionKind.QuickFix, mine, command=command)


def _fix_all(checked: Checked, versioned: bool) -> Iterator[types.CodeAction]:
    own = checked.document.source.filename
    fixes = [
        replace(each.fix, edits=tuple(replace(edit, filename=edit.filename or own) for edit in each.fix.edits))
        for each in checked.report.findings
        if each.stands and _offered(each.fix) and each.fix.applicability is Applicability.SAFE
    ]
    together = compatible(dict.fromkeys(fixes))
    if together:
        edit = checked.translator.workspace_edit((edit for fix in together for edit in fix.edits), versioned)
        yield types.CodeAction(f"Make all safe fixes of bnlint ({len(together)})", FIX_ALL, edit=edit)


def _offered(fix: Fix | None) -> TypeGuard[Fix]:
    return fix is not None and fix.applicability is not Applicability.DISPLAY and bool(fix.edits)


def _described(finding: Finding, lesson: str) -> str:
    parts = [f"**{finding.code} {finding.name}**: {finding.message}", f"**When it runs:** {finding.consequence}"]
    if finding.verdict.outcome is not Outcome.NOT_RUN:
        parts.append(f"**Run:** {verdict_sentence(finding)}")
        parts.append("\n".join(["```text", *evidence_lines(finding), "```"]))
    return "\n\n".join([*parts, f"**Help:** {finding.remedy}", "---", lesson])


def _lesson(checked: Checked, code: str) -> str:
    rules = {rule.code: rule for rule in (*load_rules(), *checked.report.rules)}
    return lessons.load(rules[code]).page if code in rules else f"There is no rule {code}."


def _named_in_comment(checked: Checked, uri: str, position: types.Position) -> str | None:
    rows = checked.translator.rows(uri)
    row = rows[position.line] if position.line < len(rows) else ""
    comment = _IN_COMMENT.search(row)
    for code in _CODE.finditer(row, comment.start()) if comment is not None else ():
        start, end = (checked.translator.codec.client_num_units(row[:offset]) for offset in code.span())
        if start <= position.character <= end:
            return code[0].upper()
    return None


def _markdown(text: str) -> types.MarkupContent:
    return types.MarkupContent(types.MarkupKind.Markdown, text)


def _touch(one: types.Range, other: types.Range) -> bool:
    return one.start <= other.end and other.start <= one.end


def _is_kind(kind: str | None, wanted: str) -> bool:
    return kind is not None and (kind == wanted or kind.startswith(f"{wanted}."))
