"""The code blocks of a page of the documentation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parents[2] / "docs"


class Block(NamedTuple):
    """heading: of the section that it stands in. title: what is written above it, or nothing."""

    heading: str
    language: str
    title: str
    text: str


def read(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[Block]:
    """In their order; each must have a language."""
    found: list[Block] = []
    heading = ""
    pattern = r'^```(\w+)(?: title="([^"\n]+)")?\n(.*?)^```$|^## ([^\n]+)$'
    for language, title, text, section in re.findall(pattern, read(page), re.MULTILINE | re.DOTALL):
        if section:
            heading = section
        else:
            found.append(Block(heading, language, title, text))
    assert len(re.findall(r"^```", read(page), re.MULTILINE)) == 2 * len(found), f"{page}: a block is not recognised"
    return found
