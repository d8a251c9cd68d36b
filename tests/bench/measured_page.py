"""The part of a page of docs/ that a benchmark writes."""

from __future__ import annotations

from pathlib import Path

_BEGIN, _END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


def put(page: Path, measured: str) -> None:
    """Write what was measured between the marks of a page, in place of what stood there."""
    before, _, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    page.write_text(before + _BEGIN + measured + _END + rest.partition(_END)[2], encoding="utf-8")
