"""Applies edits to text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bnlint.analysis.positions import Lines
from bnlint.findings import Edit, Fix

_BREAK = re.compile(r"\r\n|\r|\n")


def apply_fixes(text: str, fixes: Iterable[Fix]) -> tuple[str, list[Fix]]:
    """Apply fixes of one text in order; returns the new text and the fixes that were applied, see `compatible`."""
    applied = compatible(fixes)
    return apply_edits(text, (edit for fix in applied for edit in fix.edits)), applied


def compatible(fixes: Iterable[Fix]) -> list[Fix]:
    """The fixes that can be made together.

    A fix is made whole or not at all: it is left out if one of its edits overlaps an edit of an earlier fix. Edits that
    several fixes share are no overlap.
    """
    chosen: dict[Edit, None] = {}
    together: list[Fix] = []
    for fix in fixes:
        fresh = [edit for edit in fix.edits if edit not in chosen]
        if all(not _overlap(edit, other) for edit in fresh for other in chosen):
            chosen |= dict.fromkeys(fresh)
            together.append(fix)
    return together


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Make edits that do not overlap, equal ones once; line breaks become those of the place they go to."""
    lines = Lines(text)
    for edit in sorted(dict.fromkeys(edits), key=lambda edit: edit.span, reverse=True):
        start = lines.offset(edit.span.row, edit.span.column)
        end = lines.offset(edit.span.end_row, edit.span.end_column)
        content = edit.content
        if "\n" in content or "\r" in content:
            content = _BREAK.sub(_line_break(lines.text, start), content)
        text = text[:start] + content + text[end:]
    return text


def _line_break(text: str, offset: int) -> str:
    """The line break that ends this row, or the row before the last."""
    following = _BREAK.search(text, offset)
    breaks = [following[0]] if following is not None else _BREAK.findall(text)
    return breaks[-1] if breaks else "\n"


def _overlap(one: Edit, other: Edit) -> bool:
    if (one.filename, one.cell) != (other.filename, other.cell):
        return False
    first, second = sorted((one.span, other.span))
    if first == second:
        return True
    return (second.row, second.column) < (first.end_row, first.end_column)
