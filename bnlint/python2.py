"""Python 2 statements rewritten, at equal width, to what Python 3 can parse.

Much TensorFlow 1 code is Python 2, and people still run it. Every character keeps its row and column, so
that positions in the result are positions in the file: ``print x`` becomes ``(     x)``, whose
closing bracket stands where the line or its comment used to go on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bnlint.frozen import dataclass

_TOKEN = re.compile(
    r"""
    (?P<comment>\#[^\r\n]*)
  | (?P<string>[bBuUrRfF]{0,3}(?:
        \"\"\"(?:[^\\]|\\.)*?\"\"\" | '''(?:[^\\]|\\.)*?'''
      | "(?:[^"\\\r\n]|\\.)*" | '(?:[^'\\\r\n]|\\.)*'))
  | (?P<continued>\\(?:\r\n|\r|\n))
  | (?P<newline>\r\n|\r|\n)
  | (?P<space>[ \t\f]+)
  | (?P<number>0[xXoObB]\w+|\.?\d(?:[\w.]|(?<=[eE])[+-](?=\d))*)
  | (?P<name>[^\W\d]\w*)
  | (?P<operator><>|>>|[(){}\[\]`,;:]|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_STATEMENTS = frozenset({"print", "exec"})


@dataclass(slots=True)
class _Token:
    kind: str
    text: str
    start: int
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Translation:
    """A text that Python 3 may parse. ``shifts``: by 1-based row, how many columns its code moved to the right."""

    text: str
    shifts: Mapping[int, int]


def translate(text: str) -> Translation:
    """Rewrite the Python 2 statements of a text, and its tabs as Python 2 counts them."""
    return _without_tabs(_rewritten(text))


def _rewritten(text: str) -> str:
    characters = list(text)
    insertions: dict[int, str] = {}
    for line in _logical_lines(_tokens(text)):
        _simple_replacements(line, characters)
        for statement in _statements(line):
            _rewrite(statement, characters, insertions)
    for position, closing in sorted(insertions.items(), reverse=True):
        _close(characters, position, closing)
    return "".join(characters)


def _without_tabs(text: str) -> Translation:
    """Indent with spaces. Python 2 lets a tab end at the next multiple of 8; Python 3 refuses to mix the two."""
    if not _MIXED.search(text) or not _SPACED.search(text):
        return Translation(text, {})
    lines = text.split("\n")
    shifts: dict[int, int] = {}
    for index, line in enumerate(lines):
        code = line.lstrip(" \t")
        indent = line[: len(line) - len(code)]
        if "\t" in indent:
            wide = indent.expandtabs(8)
            lines[index] = wide + code
            shifts[index + 1] = len(wide) - len(indent)
    return Translation("\n".join(lines), shifts)


_MIXED = re.compile(r"^ *\t", re.MULTILINE)
_SPACED = re.compile(r"^\t* ", re.MULTILINE)


def _tokens(text: str) -> Iterator[_Token]:
    depth = 0
    for match in _TOKEN.finditer(text):
        token = _Token(match.lastgroup or "operator", match[0], match.start(), depth)
        if token.text in ("(", "[", "{"):
            depth += 1
        elif token.text in (")", "]", "}"):
            depth = max(depth - 1, 0)
            token.depth = depth
        yield token


def _logical_lines(tokens: Iterator[_Token]) -> Iterator[list[_Token]]:
    line: list[_Token] = []
    for token in tokens:
        if token.kind == "newline" and token.depth == 0:
            yield line
            line = []
        elif token.kind not in ("comment", "space", "continued", "newline"):
            line.append(token)
    yield line


def _statements(line: list[_Token]) -> Iterator[list[_Token]]:
    """The simple statements of a logical line: what stands between ``;`` and after a ``:`` that opens a suite."""
    current: list[_Token] = []
    is_compound = bool(line) and line[0].text in (
        "if", "else", "elif", "for", "while", "try", "except", "finally", "with", "def", "class",
    )  # fmt: skip
    in_lambda = 0
    for token in line:
        in_lambda += token.text == "lambda"
        opens = token.text == ":" and token.depth == 0 and is_compound
        if opens and in_lambda:
            in_lambda -= 1
            opens = False
        if (token.text == ";" and token.depth == 0) or opens:
            yield current
            current = []
            is_compound = is_compound and not opens
        else:
            current.append(token)
    yield current


def _simple_replacements(line: list[_Token], characters: list[str]) -> None:
    opened = False
    for index, token in enumerate(line):
        if token.text == "`":
            characters[token.start] = ")" if opened else "("
            opened = not opened
        elif token.text == "<>":
            characters[token.start : token.start + 2] = "!="
        elif token.kind == "number":
            digits = token.text.rstrip("lL")
            if digits.isdigit():
                digits = (digits.lstrip("0") or "0").rjust(len(digits))
            characters[token.start : token.start + len(token.text)] = digits.ljust(len(token.text))
        elif token.kind == "string" and token.text[:2].lower() == "ur":
            characters[token.start] = " "
        elif token.text in ("lambda", "def"):
            _flatten_parameters(line, index, characters)


def _flatten_parameters(line: list[_Token], index: int, characters: list[str]) -> None:
    """``lambda (a, b): …`` and ``def f(a, (b, c)): …``: the inner brackets are blanked."""
    inner = line[index].depth + (line[index].text == "def")
    previous = line[index].text if line[index].text == "lambda" else ""
    for token in line[index + 1 :]:
        if token.text == ":" and token.depth == line[index].depth:
            break
        opens_tuple = token.text == "(" and token.depth == inner and previous in ("lambda", "(", ",")
        if opens_tuple and (line[index].text == "lambda" or previous in ("(", ",")):
            closing = next(
                (t for t in line if t.start > token.start and t.text == ")" and t.depth == token.depth), None
            )
            if closing is not None:
                characters[token.start] = characters[closing.start] = " "
        previous = token.text


def _rewrite(statement: list[_Token], characters: list[str], insertions: dict[int, str]) -> None:
    if len(statement) < 2:
        return
    first, second = statement[0], statement[1]
    if first.text in _STATEMENTS and not (second.kind == "operator" and second.text in "(=.,):]}"):
        end = statement[-1].start + len(statement[-1].text)
        characters[first.start : first.start + len(first.text)] = "(".ljust(len(first.text))
        if second.text == ">>":
            characters[second.start : second.start + 2] = "  "
        insertions[end] = ")"
    elif first.text in ("raise", "except"):
        # ``raise E, "why"`` and ``except E, name``: what follows the comma does not matter here.
        comma = next((token for token in statement if token.text == "," and token.depth == 0), None)
        if comma is not None:
            end = statement[-1].start + len(statement[-1].text)
            for position in range(comma.start, end):
                if characters[position] not in "\r\n\\":
                    characters[position] = " "


def _close(characters: list[str], position: int, closing: str) -> None:
    """Put a closing bracket after a statement, into the next white space, so that what follows keeps its place."""
    characters.insert(position, closing)
    for index in range(position + 1, min(position + 4, len(characters))):
        if characters[index] in " \t":
            del characters[index]
            break
        if characters[index] != ";":
            break
