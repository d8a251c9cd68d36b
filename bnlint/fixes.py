"""Applies edits to text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from bnlint.analysis.code.lines import Lines
from bnlint.findings import Edit, Fix

_BREAK = re.compile(r"\r\n|\r|\n")
_SPACES = " " * 4
# The first row that opens a block, and how much further than it the next one is indented.
_UNIT = re.compile(r"^([ \t]*)[^\s#\"'].*:[ \t]*(?:#.*)?(?:\r\n|\r|\n)\1([ \t]+)\S", re.MULTILINE)


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
    """Make edits that do not overlap, equal ones once.

    New rows come as rules write them, with line feeds and four spaces a level, and take on the line breaks and the
    indentation of the place they go to.
    """
    lines = Lines(text)
    for edit in sorted(dict.fromkeys(edits), key=lambda edit: edit.span, reverse=True):
        start = lines.offset(edit.span.row, edit.span.column)
        end = lines.offset(edit.span.end_row, edit.span.end_column)
        content = edit.content
        if "\n" in content or "\r" in content:
            content = _BREAK.sub(_line_break(lines.text, start), _indented(content, lines, edit.span.row))
        text = text[:start] + content + text[end:]
    return text


def indent_unit(text: str) -> str:
    """The white space by which a file indents a block."""
    found = _UNIT.search(text)
    return found[2] if found is not None else _SPACES


def _indented(content: str, lines: Lines, row: int) -> str:
    """Rows after the first with the white space that the file indents with; rows that the file has stay as they are."""
    line = lines.line(row)
    lead = line[: len(line) - len(line.lstrip(" \t"))]
    unit = indent_unit(lines.text)
    if unit == _SPACES and "\t" not in lead:
        return content
    known = set(_BREAK.split(lines.text))
    first, *rest = _BREAK.split(content)
    return "\n".join([first, *(each if each in known else _reindented(each, lead, unit) for each in rest)])


def _reindented(line: str, lead: str, unit: str) -> str:
    code = line.lstrip(" ")
    deeper = len(line) - len(code) - len(lead)
    return line if deeper < 0 or deeper % len(_SPACES) else lead + unit * (deeper // len(_SPACES)) + code


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


def differences(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """What `difflib.SequenceMatcher.get_opcodes` says of two texts in rows, of which most are the same.

    difflib takes the square of their number; here only the rows between the first and the last change are compared.
    """
    shorter = min(len(old), len(new))
    head = next((row for row in range(shorter) if old[row] != new[row]), shorter)
    tail = next((row for row in range(shorter - head) if old[-1 - row] != new[-1 - row]), shorter - head)
    yield "equal", 0, head, 0, head
    between = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False)
    for tag, *rows in between.get_opcodes():
        i, i_end, j, j_end = (head + row for row in rows)
        yield tag, i, i_end, j, j_end
    yield "equal", len(old) - tail, len(old), len(new) - tail, len(new)
