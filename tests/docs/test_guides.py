"""The programs of the guides print what the guides say, under each Keras, and bnlint finds what they say it finds."""

from __future__ import annotations

import importlib.util
import re
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from bnlint.engine import check_sources
from bnlint.settings import Settings
from bnlint.source import Source
from tests.docs.pages_of_docs import Block, blocks, read
from tests.rules.programs import NUMBER, output

PAGES = ("updating.md", "keras3.md")
PROGRAMS = [
    (page, index, block) for page in PAGES for index, block in enumerate(blocks(page)) if block.language == "python"
]
NAMES = [f"{page}-{block.title}" for page, _, block in PROGRAMS]
KERAS = {"Keras 2": "import tf_keras as keras\n", "Keras 3": "import keras\n"}


def shown(page: str, index: int) -> list[Block]:
    """The outputs that stand below a program."""
    return list(takewhile(lambda block: block.language == "text", blocks(page)[index + 1 :]))


def alike(printed: str, written: str) -> bool:
    """The same words, and nearly the same numbers: weights and the order of the examples are random.

    The average of ten batches' variances has a standard deviation of 2 %; 12 % is never reached.
    """
    numbers, goals = ([float(each) for each in NUMBER.findall(text)] for text in (printed, written))
    if words(printed) != words(written):
        return False
    # What the page says to be 0 was never touched.
    return all(abs(a - b) <= abs(b) / 8 for a, b in zip(numbers, goals, strict=True))


def words(text: str) -> str:
    return re.sub(r"\s+", "", NUMBER.sub("0", text))


def told(printed: str) -> str:
    """Without the lines that TensorFlow and NumPy add of their own accord."""
    return "\n".join(line for line in printed.splitlines() if not line.startswith(("WARNING", "INFO", "I0000")))


@pytest.mark.parametrize(("page", "index", "program"), PROGRAMS, ids=NAMES)
def test_its_output_is_shown(page: str, index: int, program: Block) -> None:
    titles = [block.title for block in shown(page, index)]
    assert titles == (list(KERAS) if page == "keras3.md" else ["it prints"])


@pytest.mark.tensorflow
@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed")
@pytest.mark.skipif(sys.platform == "win32", reason="runs the programs in forks")
@pytest.mark.parametrize(("page", "index", "program"), PROGRAMS, ids=NAMES)
def test_it_prints_what_is_shown(page: str, index: int, program: Block, tmp_path: Path) -> None:
    for block in shown(page, index):
        text = program.text
        if block.title in KERAS:
            assert text.count(KERAS["Keras 3"]) == 1
            text = text.replace(KERAS["Keras 3"], KERAS[block.title])
        file = tmp_path / f"{block.title.replace(' ', '')}_{program.title}"
        file.write_text(text, encoding="utf-8")
        printed = told(output(file))
        assert alike(printed, block.text), printed


@pytest.mark.parametrize(("page", "index", "program"), PROGRAMS, ids=NAMES)
def test_bnlint_finds_what_is_linked(page: str, index: int, program: Block) -> None:
    """In a right program nothing; in one that Keras 3 changes, the rule that the table names."""
    expected: set[tuple[str, str]] = set()
    if page == "keras3.md":
        row = next(row for row in rows() if anchor(program.heading) in row and flag(program) in row)
        code = re.findall(r"\bBN\d{3}\b", row)[0]
        expected = {("3", code)} if program.title != "flag_true.py" else {("2", code)}
        # It raises in Keras 2, which is a finding as well.
        expected |= {("2", code)} if program.title == "plus.py" else set()
    found: set[tuple[str, str]] = set()
    for version, line in zip("23", KERAS.values(), strict=True):
        text = program.text.replace(KERAS["Keras 3"], line) if page == "keras3.md" else program.text
        settings = Settings(keras=version) if page == "keras3.md" else Settings()
        report = check_sources([Source.from_bytes(text.encode(), program.title)], settings)
        assert not report.errors
        found |= {(version, finding.code) for finding in report.findings}
    assert found == expected


def rows() -> list[str]:
    return [line for line in read("keras3.md").splitlines() if line.startswith("| [")]


def anchor(heading: str) -> str:
    explicit = re.search(r"\{ #([\w-]+) \}", heading)
    return f"#{explicit[1] if explicit else re.sub(r'[^a-z0-9 ]', '', heading.lower()).replace(' ', '-')})"


def flag(program: Block) -> str:
    """Two programs share a section; this tells their rows apart."""
    return next((each for each in ("training=False)", "training=True)") if f"(inputs, {each}" in program.text), "|")


def test_the_table_says_what_the_programs_print() -> None:
    by_row = {row: [] for row in rows()}
    for page, index, program in PROGRAMS:
        if page == "keras3.md":
            row = next(row for row in rows() if anchor(program.heading) in row and flag(program) in row)
            by_row[row].append((index, program))
    for row, programs in by_row.items():
        ((index, _),) = programs
        cells = row.split("|")[2:4]
        for cell, block in zip(cells, shown("keras3.md", index), strict=True):
            (claimed,) = re.findall(r"`([^`]+)`", cell)
            assert claimed in block.text, row
