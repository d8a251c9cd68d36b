"""The lesson of a rule: its page, cut at the headings, and the programs that show the mistake and put it right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path

from bnlint.frozen import dataclass
from bnlint.report.excerpt import split_rows
from bnlint.rule import Rule

HEADINGS = (
    "What it does",
    "Why it is wrong",
    "What you will observe",
    "Bad",
    "Good",
    "Eras",
    "How bnlint decides",
    "How it is confirmed",
    "When to ignore",
    "References",
)
"""What every lesson speaks of, in this order."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """page: the lesson in Markdown. sections: its parts by heading. programs: texts by file name, wrong ones first."""

    rule: Rule
    page: str
    sections: Mapping[str, str]
    programs: Mapping[str, str]

    @property
    def pairs(self) -> dict[str, tuple[str, str]]:
        """The names of each wrong program and of the right one beside it, by variant: "" is the plainest, "v1" …"""
        wrong = [name for name in self.programs if name.startswith("bad")]
        pairs = {name[len("bad") : -len(".py")].lstrip("_"): (name, name.replace("bad", "good", 1)) for name in wrong}
        return {variant: pair for variant, pair in pairs.items() if pair[1] in self.programs}

    def change(self, wrong: str, right: str) -> str:
        """The unified diff from one program to another."""
        before, after = (self.programs[name].splitlines(keepends=True) for name in (wrong, right))
        return "".join(difflib.unified_diff(before, after, wrong, right))


def load(rule: Rule) -> Lesson:
    """Read a rule's lesson; a rule of one's own without one has its summary. Raises OSError."""
    summary = f"# {rule.code} {rule.name}\n\n{rule.summary}\n"
    page = rule.readme.read_text(encoding="utf-8") if rule.readme.is_file() else summary
    files = [path for path in rule.folder.glob("*.py") if path.name != "rule.py"]
    programs = {path.name: path.read_text(encoding="utf-8") for path in sorted(files, key=_by_kind)}
    return Lesson(rule, page, _sections(page), programs)


def differing_rows(before: str, after: str) -> tuple[list[int], list[int]]:
    """The rows of each text that the other one has not, blank ones apart."""
    old, new = split_rows(before), split_rows(after)
    gone: list[int] = []
    come: list[int] = []
    for tag, i, i_end, j, j_end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            gone += [row + 1 for row in range(i, i_end) if old[row].strip()]
            come += [row + 1 for row in range(j, j_end) if new[row].strip()]
    return gone, come


def _by_kind(path: Path) -> tuple[int, int, str]:
    kinds = ("bad", "good", "same_text")
    kind = next((number for number, name in enumerate(kinds) if path.stem.startswith(name)), len(kinds))
    return kind, len(path.stem), path.stem


def _sections(page: str) -> dict[str, str]:
    _, *parts = re.split(r"(?m)^## (.+)\n", page)
    return {heading: text.strip() for heading, text in zip(parts[::2], parts[1::2], strict=True)}
