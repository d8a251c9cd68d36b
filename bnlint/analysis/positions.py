"""Where each CST node stands in the text, without libcst's metadata providers.

libcst's PositionProvider costs about 1.8 times the parse. Here one code generation pass notes, for
each node, the indices of its first and last token; rows and columns are worked out only when asked for.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

import libcst as cst
from libcst._nodes.internal import CodegenState

from bnlint.findings import Span

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Recorder(CodegenState):
    """Notes for each node between which tokens its own text stands (surrounding white space left out)."""

    def __init__(self, module: cst.Module) -> None:
        super().__init__(module.default_indent, module.default_newline)
        self.marks: dict[int, tuple[int, int]] = {}
        self._starts: list[int] = []

    def before_codegen(self, node: cst.CSTNode) -> None:
        self._starts.append(len(self.tokens))

    def after_codegen(self, node: cst.CSTNode) -> None:
        start, key = self._starts.pop(), id(node)
        if key not in self.marks:
            self.marks[key] = (start, len(self.tokens))

    def record_syntactic_position(
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> _Mark:
        return _Mark(self, node, start_node, end_node)


class _Mark:
    """Notes where the tokens of a node begin and end; as a generator it would take most of the time."""

    __slots__ = ("_end_node", "_node", "_recorder", "_start", "_start_node")

    def __init__(
        self, recorder: _Recorder, node: cst.CSTNode, start_node: cst.CSTNode | None, end_node: cst.CSTNode | None
    ) -> None:
        self._recorder, self._node, self._start_node, self._end_node = recorder, node, start_node, end_node
        self._start = 0

    def __enter__(self) -> None:
        self._start = len(self._recorder.tokens)

    def __exit__(self, *_: object) -> None:
        start, end = self._start, len(self._recorder.tokens)
        marks = self._recorder.marks
        if self._start_node is not None:
            start = marks[id(self._start_node)][0]
        if self._end_node is not None:
            end = marks[id(self._end_node)][1]
        marks[id(self._node)] = (start, end)


class Lines:
    """The line table of a text: offsets to 1-based rows and columns, and spans back to text."""

    def __init__(self, text: str) -> None:
        self.text = text
        lines: Sequence[str] = text.splitlines(keepends=True) if not _odd_breaks(text) else _python_lines(text)
        self._starts = [0, *accumulate(len(line) for line in lines)]

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
    lines = text.replace("\r\n", "\r\0").replace("\r", "\n").split("\n")
    return [line.replace("\0", "") + "x" * (1 + line.count("\0")) for line in lines[:-1]] + lines[-1:]


class Positions:
    """Spans of the nodes of one parsed module."""

    def __init__(self, module: cst.Module) -> None:
        recorder = _Recorder(module)
        module._codegen(recorder)  # pyright: ignore[reportPrivateUsage]: the only way to see each node printed
        self._marks = recorder.marks
        self._offsets = [0, *accumulate(map(len, recorder.tokens))]
        self.lines = Lines("".join(recorder.tokens))

    def span(self, node: cst.CSTNode) -> Span:
        """Where a node of this module stands."""
        first, last = self._marks[id(node)]
        return self.between(self._offsets[first], self._offsets[last])

    def between(self, start: int, end: int) -> Span:
        """The span between two offsets."""
        return Span(*self.lines.place(start), *self.lines.place(end))
