"""Source lines with a gutter and underlined places. Rows and columns are those of :class:`bnlint.findings.Span`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from bnlint.frozen import dataclass
from bnlint.report.terminal import Paint, visible_character
from bnlint.span import Span

CONTEXT = 2
TAB = 4
LONGEST_LINE = 180
MOST_ROWS = 6


@dataclass(frozen=True, slots=True)
class Mark:
    """A place to underline: with ``^`` if it is what the finding is about, else with ``-`` and its label."""

    span: Span
    label: str = ""
    style: str = "bold blue"
    primary: bool = False


def excerpt(text: str, marks: Sequence[Mark], paint: Paint, gutter: int) -> list[str]:
    """The marked lines of ``text`` and some around the primary mark; ``gutter`` is the width of the row numbers."""
    lines = split_rows(text)
    result = [_margin("", gutter, paint)]
    previous = 0
    for row in _shown_rows(lines, marks):
        if previous and row > previous + 1:
            result.append(paint("...", "bold blue"))
        previous = row
        result += _row(lines[row - 1], row, marks, paint, gutter)
    return result


def split_rows(text: str) -> list[str]:
    """Rows as Python counts them, without line breaks; str.splitlines would also break at form feeds and others."""
    return re.split(r"\r\n|\r|\n", text)


def shown(line: str) -> str:
    """A row as it is shown: without what could command a terminal, and not too long."""
    return "".join(_pieces(line[:LONGEST_LINE])) + ("…" if len(line) > LONGEST_LINE else "")


def _margin(label: str, gutter: int, paint: Paint) -> str:
    return paint(f"{label:>{gutter}} |", "bold blue")


def _shown_rows(lines: Sequence[str], marks: Sequence[Mark]) -> list[int]:
    rows: set[int] = set()
    for mark in marks:
        marked = _marked_rows(mark.span)
        rows.update(marked)
        if mark.primary:
            rows.update(_context(lines, range(marked[0] - 1, marked[0] - 1 - CONTEXT, -1)))
            rows.update(_context(lines, range(marked[-1] + 1, marked[-1] + 1 + CONTEXT)))
    # A gap of one line is shown: the dots would take as much room.
    rows.update(row + 1 for row in list(rows) if row + 2 in rows)
    return sorted(row for row in rows if 1 <= row <= len(lines))


def _context(lines: Sequence[str], rows: Iterable[int]) -> list[int]:
    """Of these rows, going away from the mark, those up to the last that is not blank."""
    inside = [row for row in rows if 1 <= row <= len(lines)]
    while inside and not lines[inside[-1] - 1].strip():
        inside.pop()
    return inside


def _marked_rows(span: Span) -> list[int]:
    rows = list(range(span.row, max(span.row, span.end_row) + 1))
    return rows if len(rows) <= MOST_ROWS else [*rows[: MOST_ROWS - 1], rows[-1]]


def _row(line: str, row: int, marks: Sequence[Mark], paint: Paint, gutter: int) -> list[str]:
    here = [(mark, *_columns(line, row, mark.span)) for mark in marks if row in _marked_rows(mark.span)]
    start = _crop(line, min((first for _, first, _ in here), default=0))
    pieces = _pieces(line[start : start + LONGEST_LINE])
    dots = "…" if start else ""
    code = dots + "".join(pieces) + ("…" if len(line) > start + LONGEST_LINE else "")
    result = [f"{_margin(str(row), gutter, paint)} {code}".rstrip()]
    for mark, first, last in sorted(here, key=lambda each: not each[0].primary):
        if not line.strip() and row != mark.span.row:
            continue
        indent = cell_len(dots + "".join(pieces[: first - start]))
        width = max(1, cell_len("".join(pieces[first - start : last - start])))
        underline = ("^" if mark.primary else "-") * width
        label = f" {mark.label}" if mark.label and row == _marked_rows(mark.span)[-1] else ""
        result.append(f"{_margin('', gutter, paint)} {' ' * indent}{paint(underline + label, mark.style)}")
    return result


def _columns(line: str, row: int, span: Span) -> tuple[int, int]:
    """The marked part of a row, as 0-based character offsets."""
    first = span.column - 1 if row == span.row else len(line) - len(line.lstrip())
    last = span.end_column - 1 if row == span.end_row else len(line.rstrip())
    return min(first, len(line)), min(last, len(line))


def _crop(line: str, first: int) -> int:
    """Where to begin with a line that is too long to show: a little before what matters."""
    return 0 if len(line) <= LONGEST_LINE else max(0, min(first - 20, len(line) - LONGEST_LINE))


def _pieces(line: str) -> list[str]:
    """What is shown for each character: tabs become spaces, what is not printable its escape."""
    pieces: list[str] = []
    width = 0
    for character in line:
        piece = " " * (TAB - width % TAB) if character == "\t" else visible_character(character)
        pieces.append(piece)
        width += cell_len(piece)
    return pieces
