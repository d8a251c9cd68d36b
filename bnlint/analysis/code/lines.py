"""The line table of a text, as Python counts lines."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from bnlint.span import Span


class Lines:
    """The line table of a text: offsets to 1-based rows and columns, and spans back to text."""

    def __init__(self, text: str) -> None:
        self.text = text
        lines: Sequence[str] = text.splitlines(keepends=True) if not _odd_breaks(text) else _python_lines(text)
        # A list would hold as many objects, which a large tree has millions of.
        self._starts = array("Q", accumulate(map(len, lines), initial=0))

    def place(self, offset: int) -> tuple[int, int]:
        """The 1-based (row, column) of a 0-based offset."""
        row = bisect_right(self._starts, offset)
        if row == len(self._starts) and offset == len(self.text) and not self.text.endswith(("\n", "\r")) and row > 1:
            row -= 1
        return row, offset - self._starts[row - 1] + 1

    def offset(self, row: int, column: int) -> int:
        """The 0-based offset of a 1-based (row, column)."""
        return self._starts[min(row, len(self._starts)) - 1] + column - 1

    def slice(self, span: Span) -> str:
        """The text that a span covers."""
        return self.text[self.offset(span.row, span.column) : self.offset(span.end_row, span.end_column)]

    def line(self, row: int) -> str:
        """The text of a row, without its line break."""
        start = self._starts[row - 1]
        end = self._starts[row] if row < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


def _odd_breaks(text: str) -> bool:
    """Whether str.splitlines would break where Python does not (form feed, U+2028, ...)."""
    return any(mark in text for mark in "\v\f\x1c\x1d\x1e\x85\u2028\u2029")


def _python_lines(text: str) -> list[str]:
    lines = text.replace("\r\n", "\0\n").replace("\r", "\n").split("\n")
    return [line.replace("\0", "") + "x" * (1 + line.count("\0")) for line in lines[:-1]] + lines[-1:]
