"""Applies edits to text."""

from __future__ import annotations

from collections.abc import Iterable

from bnlint.analysis.positions import Lines
from bnlint.findings import Edit, Fix


def apply_fixes(text: str, fixes: Iterable[Fix]) -> tuple[str, list[Fix]]:
    """Apply fixes in order; returns the new text and the fixes that were applied.

    A fix is applied whole or not at all: it is left out if one of its edits overlaps an edit of an earlier
    fix. Edits that several fixes share are made once.
    """
    lines = Lines(text)
    chosen: dict[Edit, None] = {}
    applied: list[Fix] = []
    for fix in fixes:
        fresh = [edit for edit in fix.edits if edit not in chosen]
        if all(not _overlap(edit, other) for edit in fresh for other in chosen):
            chosen |= dict.fromkeys(fresh)
            applied.append(fix)
    for edit in sorted(chosen, key=lambda edit: edit.span, reverse=True):
        start = lines.offset(edit.span.row, edit.span.column)
        end = lines.offset(edit.span.end_row, edit.span.end_column)
        text = text[:start] + edit.content + text[end:]
    return text, applied


def _overlap(one: Edit, other: Edit) -> bool:
    first, second = sorted((one.span, other.span))
    if first == second:
        return True
    return (second.row, second.column) < (first.end_row, first.end_column)
