"""Where each CST node stands in the text, without libcst's metadata providers.

libcst's PositionProvider costs about 1.8 times the parse. Here one code generation pass notes, for
each node, the indices of its first and last token; rows and columns are worked out only when asked for.
"""

from __future__ import annotations

from itertools import accumulate

import libcst as cst
from libcst._nodes.internal import CodegenState

from bnlint.analysis.lines import Lines
from bnlint.findings import Span


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

    def record_syntactic_position(  # pyright: ignore[reportIncompatibleMethodOverride]: as a generator it is slow
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> _Mark:
        return _Mark(self, node, start_node, end_node)


class _Mark:
    """Notes between which tokens a node stands."""

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
