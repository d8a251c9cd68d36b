"""Programs broken at random: checked, fixed and reported without a crash, and never made worse.

``BNLINT_FUZZ=2000 python -m pytest tests/fuzz`` is the nightly run; ``BNLINT_FUZZ_SEED`` starts it elsewhere. A failure
names the seed of its program, which makes the same one again.
"""

from __future__ import annotations

import ast
import os
import random
import re
import warnings
from pathlib import Path

import pytest

from bnlint import engine, fixer
from bnlint import report as reports
from bnlint.registry import builtin_folder
from bnlint.settings import Settings

COUNT = int(os.environ.get("BNLINT_FUZZ", "40"))
FIRST = int(os.environ.get("BNLINT_FUZZ_SEED", "0"))
FORMATS = ("text", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit", "markdown", "statistics")
PROGRAMS = sorted(builtin_folder().glob("*/*.py"))
STRANGE = (
    "(",
    ")",
    "]",
    ":",
    "\\",
    "'''",
    "\t",
    "\r",
    "\0",
    "\x0c",
    "\u2028",
    "é😀",
    "lambda *a: ",
    "async ",
    "# ",
    "print x",
)
TOKEN = re.compile(r"\w+|[^\w\s]")
PIECE = re.compile(r"\w+|[^\w\s]|\s+")


def mutant(seed: int) -> str:
    """A program with one to six changes: lines, words and characters lost, doubled, moved, or from another program."""
    choose = random.Random(seed)
    text = choose.choice(PROGRAMS).read_text(encoding="utf-8")
    for _ in range(choose.randint(1, 6)):
        lines = text.splitlines(keepends=True) or [""]
        first, second = choose.randrange(len(lines)), choose.randrange(len(lines))
        match choose.randrange(8):
            case 0:
                del lines[first]
            case 1:
                lines.insert(first, lines[second])
            case 2:
                lines[first], lines[second] = lines[second], lines[first]
            case 3:
                other = choose.choice(PROGRAMS).read_text(encoding="utf-8").splitlines(keepends=True)
                start = choose.randrange(len(other))
                lines[first:first] = other[start : start + choose.randint(1, 12)]
            case 4:
                lines[first] = choose.choice(("    ", "\t", "")) + lines[first].lstrip()
            case 5:
                lines[first] = "".join(
                    choose.choice((word, choose.choice(TOKEN.findall(text)))) for word in PIECE.findall(lines[first])
                )
            case 6:
                place = choose.randrange(len(lines[first]) + 1)
                lines[first] = lines[first][:place] + choose.choice(STRANGE) + lines[first][place:]
            case _:
                lines = lines[: first + 1]
        text = "".join(lines)
    return text


def parses(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError):
            return False
    return True


@pytest.mark.parametrize("part", range(4))
def test_broken_programs(part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file, settings = Path("x.py"), Settings()
    for seed in range(FIRST + part, FIRST + COUNT, 4):
        text = mutant(seed)
        file.write_bytes(text.encode())
        before = file.read_bytes()
        report = engine.check(["x.py"], settings)
        assert len(report.errors) <= 1, seed
        assert all(finding.span.row <= text.count("\n") + text.count("\r") + 1 for finding in report.findings), seed
        for form in FORMATS:
            assert isinstance(reports.render(report, form), str), seed
        assert file.read_bytes() == before, seed
        after, changes = fixer.fix(engine.read(["x.py"], settings), settings, unsafe=bool(seed % 2), write=True)
        if not changes:
            assert file.read_bytes() == before, seed
        elif parses(text):
            assert parses(file.read_bytes().decode()), seed
            assert len(after.findings) <= len(report.findings), seed
