"""Changes the code of a notebook's cells in its JSON text, and nothing else of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from json.decoder import scanstring  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]
from typing import NamedTuple, cast

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
BOM = "\ufeff"


class _Value(NamedTuple):
    """Where a JSON value stands in the text."""

    start: int
    end: int


def replace_cells(data: bytes, texts: Mapping[int, str]) -> bytes:
    """The notebook with the code of some cells replaced, by the numbers that :func:`bnlint.notebook.read_cells` gives.

    Only the strings of changed lines are written anew. Raises ValueError for cells that are not there.
    """
    document = data.decode("utf-8")
    plain = data.isascii()
    sources = dict(enumerate(_sources(document), start=1))
    for number in sorted(texts, reverse=True):
        source = sources.get(number)
        if source is None:
            raise ValueError(f"there is no code in cell {number}")
        written = _written(document[source.start : source.end], texts[number], plain)
        document = document[: source.start] + written + document[source.end :]
    return document.encode("utf-8")


def _sources(document: str) -> Iterator[_Value | None]:
    """Where the code of each cell is, in the order in which cells are counted; None for a cell without."""
    start = len(BOM) if document.startswith(BOM) else 0
    top = _members(document, start)
    holders = [top]
    if "worksheets" in top:
        holders += [_members(document, sheet.start) for sheet in _elements(document, top["worksheets"].start)]
    for holder in holders:
        for cell in _elements(document, holder["cells"].start) if "cells" in holder else ():
            members = _members(document, cell.start)
            yield members.get("source", members.get("input"))


def _members(document: str, start: int) -> dict[str, _Value]:
    """The values of an object by key; of keys that occur twice the last one counts, as for ``json``."""
    members: dict[str, _Value] = {}
    index = _next(document, start)
    if document[index] != "{":
        return members
    index = _next(document, index + 1)
    while document[index] != "}":
        key, index = cast("tuple[str, int]", scanstring(document, index + 1, True))
        value = _value(document, _next(document, index) + 1)
        members[key] = value
        index = _next(document, value.end)
        if document[index] == ",":
            index = _next(document, index + 1)
    return members


def _elements(document: str, start: int) -> list[_Value]:
    elements: list[_Value] = []
    index = _next(document, start)
    if document[index] != "[":
        return elements
    index = _next(document, index + 1)
    while document[index] != "]":
        value = _value(document, index)
        elements.append(value)
        index = _next(document, value.end)
        if document[index] == ",":
            index = _next(document, index + 1)
    return elements


def _value(document: str, index: int) -> _Value:
    start = _next(document, index)
    return _Value(start, _DECODER.raw_decode(document, start)[1])


def _next(document: str, index: int) -> int:
    match = _SPACE.match(document, index)
    return match.end() if match is not None else index


def _written(old: str, text: str, plain: bool) -> str:
    """The JSON of a cell's code, in the shape of the old one: one string, or one a line."""

    def encoded(line: str) -> str:
        return json.dumps(line, ensure_ascii=plain or any("\ud800" <= character <= "\udfff" for character in line))

    if not old.startswith("["):
        return encoded(text)
    elements = _elements(old, 0)
    known = {json.loads(old[each.start : each.end]): old[each.start : each.end] for each in reversed(elements)}
    lines = re.findall(r"[^\n]*\n|[^\n]+\Z", text)
    opening, comma, closing = "[", ", ", "]"
    if elements:
        opening, closing = old[: elements[0].start], old[elements[-1].end :]
        comma = old[elements[0].end : elements[1].start] if len(elements) > 1 else "," + opening[1:]
    return opening + comma.join(known.get(line) or encoded(line) for line in lines) + closing
