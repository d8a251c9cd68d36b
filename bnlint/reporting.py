"""What a run has to say, before it is put into words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from bnlint.findings import BaselineEntry, FileError, Finding, Notice, Outcome
from bnlint.frozen import dataclass

if TYPE_CHECKING:
    from bnlint.rule import Rule


@dataclass(frozen=True, slots=True)
class Report:
    """All that one run has to say; a reporter renders it and decides nothing.

    findings: sorted, with those that are let pass, without the refuted ones unless they were asked for.
    files: discovered; analysed: those that could matter and were parsed.
    refuted: findings that running the code contradicted, dropped from ``findings`` or not.
    root: the folder that the relative file names start from.
    sources: the text to cut excerpts from, by the name of the file or of the notebook's cell (:attr:`Source.texts`).
    fixed: the findings that were there before fixes were made.
    gone: what the baseline holds and the code does not.
    rules: those that were used, by code.
    """

    findings: tuple[Finding, ...]
    errors: tuple[FileError, ...]
    files: int
    analysed: int
    refuted: int
    root: str
    sources: Mapping[str, str] = field(default_factory=dict[str, str])
    warnings: tuple[Notice, ...] = ()
    fixed: tuple[Finding, ...] = ()
    gone: tuple[BaselineEntry, ...] = ()
    rules: Iterable[Rule] = ()

    def count(self, outcome: Outcome) -> int:
        """How many findings ended with this verdict; refuted ones count although they are dropped."""
        if outcome is Outcome.REFUTED:
            return self.refuted
        return sum(finding.verdict.outcome is outcome for finding in self.findings)
