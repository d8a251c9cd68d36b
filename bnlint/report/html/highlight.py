"""Source with the colours of Pygments, line by line, and the marked places in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from markupsafe import Markup, escape

from bnlint.findings import Finding
from bnlint.frozen import dataclass
from bnlint.report.excerpt import split_rows
from bnlint.report.terminal import visible
from bnlint.source import place_name
from bnlint.span import Span

AROUND = 4
LONGEST = 2000
"""Characters of a row that are shown: what is longer was not written by hand."""

MOST_ROWS = 60
STYLES = {"light": "default", "dark": "github-dark"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of source. number: None stands for rows that are left out. mark: "here", "related" or ""."""

    number: int | None
    code: Markup
    mark: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Rows of one file or cell. place: its name; row: the first marked one."""

    place: str
    row: int
    rows: tuple[Row, ...]


def style_sheet() -> str:
    """The colours of code, for light and for dark surroundings."""
    light, dark = (_formatter(style).get_style_defs(".code") for style in (STYLES["light"], STYLES["dark"]))
    return f"{_tokens(light)}\n@media screen and (prefers-color-scheme: dark) {{\n{_tokens(dark)}\n}}\n"


def _tokens(sheet: str) -> str:
    return "\n".join(line for line in sheet.splitlines() if line.startswith(".code ."))


def highlighted(code: str, language: str = "python") -> Markup:
    """A piece of code as spans."""
    return Markup("\n").join(_lines(code, language))


@cache
def _formatter(style: str = "default") -> Any:
    # pygments has no complete type annotations.
    html: Any = import_module("pygments.formatters.html")
    return html.HtmlFormatter(nowrap=True, style=style, nobackground=True)


@cache
def _lines(text: str, language: str = "python") -> tuple[Markup, ...]:
    pygments: Any = import_module("pygments")
    lexers: Any = import_module("pygments.lexers")
    rows = [visible(row.expandtabs(4)[:LONGEST]) for row in split_rows(text)]
    lexer = lexers.get_lexer_by_name(language, stripnl=False, ensurenl=False)
    # Rows are put together again by line feeds alone, so that each has its own line in the result.
    return tuple(map(Markup, pygments.highlight("\n".join(rows), lexer, _formatter()).split("\n")))


def excerpts(finding: Finding, sources: Mapping[str, str]) -> Iterator[Excerpt]:
    """The rows around the finding, and those of the places that belong to it; its own file first."""
    own = place_name(finding.filename, finding.cell)
    marks: dict[str, list[tuple[Span, str]]] = {own: [(finding.span, "")]}
    for related in finding.related:
        marks.setdefault(place_name(related.filename, related.cell), []).append((related.span, related.message))
    for place, marked in marks.items():
        if place in sources:
            main = finding.span if place == own else None
            yield Excerpt(place, marked[0][0].row, tuple(_rows(sources[place], marked, main)))


def _rows(text: str, marks: Sequence[tuple[Span, str]], main: Span | None) -> Iterator[Row]:
    lines, texts = _lines(text), split_rows(text)
    here = set(_numbers(main)) if main is not None else set[int]()
    labels = {span.row: label for span, label in marks if label}
    marked = {row for span, _ in marks for row in _numbers(span)}
    around = {row + off for row in marked for off in range(-AROUND, AROUND + 1)}
    shown = _trimmed(sorted(row for row in around if 1 <= row <= len(texts))[:MOST_ROWS], texts)
    previous = shown[0] - 1 if shown else 0
    for row in shown:
        if row != previous + 1:
            yield Row(None, escape(""))
        previous = row
        mark = "here" if row in here else "related" if row in marked else ""
        yield Row(row, lines[row - 1] if row <= len(lines) else escape(""), mark, visible(labels.get(row, "")))


def _trimmed(rows: list[int], texts: Sequence[str]) -> list[int]:
    """Without the blank rows at both ends."""
    while rows and not texts[rows[0] - 1].strip():
        rows = rows[1:]
    while rows and not texts[rows[-1] - 1].strip():
        rows = rows[:-1]
    return rows


def _numbers(span: Span) -> Iterable[int]:
    return range(span.row, max(span.row, span.end_row) + 1)
