"""Comments that let findings pass: ``# bnlint: ignore[BN101] reason`` and ``# bnlint: file-ignore[BN101] reason``.

An ignore holds for the statement that one of its rows is part of, or that follows right below. Every rule in the
brackets is a code, the beginning of codes, or a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bnlint.findings import Finding, Notice, Suppression
from bnlint.layout import Comment, Layout
from bnlint.rule import Rule
from bnlint.settings import nearest
from bnlint.source import Source
from bnlint.span import Span

_MARK = b"bnlint:"
_KINDS = ("ignore", "file-ignore")
_DIRECTIVE = re.compile(
    r"#\s*bnlint:\s*(?P<kind>[\w-]+)(?P<brackets>\s*\[(?P<rules>[^\]]*)\])?\s*(?P<reason>.*?)\s*(?=#\s*bnlint:|$)"
)


def may_ignore(source: Source) -> bool:
    """Whether a file may hold such comments, by its bytes; one that was left unread holds none, see `Stamps`."""
    return _MARK in (source.held or b"")


@dataclass(slots=True)
class Ignore:
    """One directive. ``used``: the selectors that matched a finding."""

    comment: Comment
    offset: int
    whole_file: bool
    selectors: tuple[str, ...]
    reason: str
    used: set[str] = field(default_factory=set[str])

    def matches(self, code: str, name: str) -> bool:
        """Whether it names the rule; notes that it was of use."""
        matched = {each for each in self.selectors if selects(each, code, name)}
        self.used |= matched
        return bool(matched)


def selects(selector: str, code: str, name: str) -> bool:
    """Whether a code, the beginning of codes or a name means this rule."""
    return code.startswith(selector.upper()) or selector.lower() == name


def suppress(
    findings: Sequence[Finding], source: Source, layout: Layout, rules: Sequence[Rule], is_on: Callable[[Rule], bool]
) -> tuple[list[Finding], list[Notice]]:
    """Mark the findings of one file that its comments let pass; warn of comments that say nothing or match nothing.

    rules: all there are. is_on: whether a rule was used on this file; a comment for one that was not may be right.
    """
    ignores, warnings = _read(layout, source, rules)
    marked = [_suppressed(finding, ignores, layout) for finding in findings]
    for ignore in ignores:
        for selector in ignore.selectors:
            meant = [rule for rule in rules if selects(selector, rule.code, rule.name)]
            if selector not in ignore.used and all(map(is_on, meant)):
                where = "in this file" if ignore.whole_file else "here"
                warnings.append(
                    _warning(
                        source, ignore.comment, ignore.offset, f"{selector} is not found {where}: take the ignore out"
                    )
                )
    return marked, sorted(warnings, key=lambda each: each.span or Span(0, 0, 0, 0))


def _suppressed(finding: Finding, ignores: Sequence[Ignore], layout: Layout) -> Finding:
    rows = ignoring_rows(layout, finding.span.row)
    # Each comment that matches is of use, also where another has done.
    matching = [
        ignore
        for ignore in ignores
        if (ignore.whole_file or ignore.comment.row in rows) and ignore.matches(finding.code, finding.name)
    ]
    return replace(finding, suppression=Suppression("comment", matching[0].reason)) if matching else finding


def ignoring_rows(layout: Layout, row: int) -> range:
    """The rows on which a comment holds for the statement at ``row``: its own, and the comments right above."""
    statement = layout.statement(row)
    if statement is None:
        return range(row, row + 1)
    alone = {comment.row for comment in layout.comments if comment.alone}
    first = statement.row
    while first - 1 in alone:
        first -= 1
    return range(first, statement.end_row + 1)


def _read(layout: Layout, source: Source, rules: Sequence[Rule]) -> tuple[list[Ignore], list[Notice]]:
    ignores: list[Ignore] = []
    warnings: list[Notice] = []
    for comment in layout.comments:
        for match in _DIRECTIVE.finditer(comment.text):
            fault = _fault(match)
            if fault is not None:
                warnings.append(_warning(source, comment, match.start(), fault))
            if match["kind"] not in _KINDS:
                continue
            selectors = tuple(dict.fromkeys(each.strip() for each in (match["rules"] or "").split(",") if each.strip()))
            known = tuple(each for each in selectors if any(selects(each, rule.code, rule.name) for rule in rules))
            for unknown in selectors:
                if unknown not in known:
                    names = [name for rule in rules for name in (rule.code, rule.name)]
                    message = f'there is no rule "{unknown}"{nearest(unknown, names)}'
                    warnings.append(_warning(source, comment, match.start(), message))
            ignores.append(Ignore(comment, match.start(), match["kind"] == "file-ignore", known, match["reason"]))
    return ignores, warnings


def _fault(match: re.Match[str]) -> str | None:
    """What is wrong with how a directive is written; a comment that only speaks of bnlint is none."""
    kind = match["kind"]
    if kind not in _KINDS:
        hint = nearest(kind, _KINDS)
        return f'"bnlint: {kind}" means nothing{hint}' if hint or match["brackets"] else None
    if not (match["rules"] or "").replace(",", "").strip():
        return f"this {kind} names no rule; write for example: # bnlint: {kind}[BN101] and why"
    return None


def _warning(source: Source, comment: Comment, offset: int, message: str) -> Notice:
    start = comment.column + offset
    span = Span(comment.row, start, comment.row, comment.column + len(comment.text))
    cell, located = source.locate(span)
    return Notice(source.filename, message, located, cell)
