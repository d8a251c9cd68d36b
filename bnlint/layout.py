"""The comments, statements and long strings of a text, by row, as Python's own tokenizer sees them."""

from __future__ import annotations

import io
import tokenize
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from tokenize import TokenInfo

from bnlint.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment. ``alone``: no code stands on its row."""

    row: int
    column: int
    text: str
    alone: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """A simple statement, or the head of a compound one.

    row: where it starts, decorators included. end_row: its last row.
    text: its code without comments, on one line and without the decorators.
    """

    row: int
    end_row: int
    text: str


@dataclass(frozen=True, slots=True)
class Layout:
    """All in the order of the file. long_strings: the literals, or parts of them, that go over several rows."""

    comments: tuple[Comment, ...]
    statements: tuple[Statement, ...]
    long_strings: tuple[str, ...]

    def statement(self, row: int) -> Statement | None:
        """The statement that this row is part of."""
        index = bisect_right(self.statements, row, key=lambda each: each.row) - 1
        if index < 0 or row > self.statements[index].end_row:
            return None
        return self.statements[index]


class LayoutError(Exception):
    """A text that the tokenizer of the running Python cannot read."""


def layout_of(text: str, until: int | None = None) -> Layout:
    """Tokenize a text, whatever its line ends. Raises LayoutError.

    until: the row of the last statement that somebody asks about, where they ask about nothing else.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    tokens: list[TokenInfo] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline="\n").readline):
            tokens.append(token)
            if until is not None and token.type == tokenize.NEWLINE and token.start[0] >= until:
                break
    except (tokenize.TokenError, SyntaxError) as error:
        raise LayoutError(str(error)) from error
    long_strings = tuple(token.string for token in tokens if token.type in _STRINGS and "\n" in token.string)
    return Layout(tuple(_comments(tokens, text.split("\n"))), tuple(_statements(tokens)), long_strings)


def _comments(tokens: list[TokenInfo], lines: list[str]) -> Iterator[Comment]:
    for token in tokens:
        if token.type == tokenize.COMMENT:
            row, offset = token.start
            yield Comment(row, offset + 1, token.string, not lines[row - 1][:offset].strip())


_LAYOUT = frozenset(
    {tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.NEWLINE, tokenize.ENDMARKER}
)


# Python 3.12 and later see the text of an f-string as a token of its own.
_STRINGS = (tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING))


def _statements(tokens: list[TokenInfo]) -> Iterator[Statement]:
    first: int | None = None
    code: list[TokenInfo] = []
    for token in tokens:
        if token.type not in _LAYOUT:
            code.append(token)
        elif token.type == tokenize.NEWLINE and code:
            first = first or code[0].start[0]
            if code[0].string != "@":
                yield Statement(first, token.start[0], _joined(code))
                first = None
            code = []


def _joined(code: list[TokenInfo]) -> str:
    """The tokens, with a space where there was white space or a line break."""
    parts = [code[0].string]
    for last, token in pairwise(code):
        parts.append(token.string if last.end == token.start else f" {token.string}")
    return "".join(parts)
