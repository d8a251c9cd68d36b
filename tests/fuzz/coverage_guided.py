"""Bytes that reach into every corner of what reads files, found by following the branches that they take.

Needs atheris, which is no part of ``dev``: ``python -m pip install atheris``. Then
``python tests/fuzz/coverage_guided.py -max_total_time=600``; all options are libFuzzer's. What fails is written to a
file, which the same command takes as an argument.
"""

from __future__ import annotations

import sys
from contextlib import suppress

import atheris  # pyright: ignore[reportMissingImports]

with atheris.instrument_imports(include=["bnlint"]):
    from bnlint.layout import LayoutError, layout_of
    from bnlint.notebook_text import replace_cells
    from bnlint.source import Source, SourceError


def read(data: bytes) -> None:
    """The first byte says what the file is; whatever is in it, it is read or refused with one line."""
    name = "x.ipynb" if data[:1] >= b"\x80" else "x.py"
    try:
        source = Source.from_bytes(data[1:], name)
    except SourceError as error:
        if "\n" in str(error):
            raise
        return
    translated = source.as_python_3()
    assert translated.text.count("\n") == source.text.count("\n")
    if source.cells:
        assert replace_cells(source.data, {}) == source.data
    with suppress(LayoutError):
        layout_of(translated.text)


if __name__ == "__main__":
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
