"""What running a mutant decides about the findings in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bnlint.findings import Finding, Outcome, Verdict
from bnlint.verify.pool import Pool
from bnlint.verify.verifier import decide
from mutants.generator import Mutant, files, findings


@dataclass(frozen=True)
class Decided:
    """A finding of the right family in a mutant, and its verdict."""

    mutant: Mutant
    finding: Finding
    verdict: Verdict

    @property
    def is_decided(self) -> bool:
        """Confirmed, or left to a caller that is named; a mutant is wrong, so that nothing should be refuted."""
        if self.verdict.outcome is Outcome.DEFERRED:
            return bool(self.finding.experiment.callers)
        return self.verdict.outcome is Outcome.CONFIRMED

    def __str__(self) -> str:
        finding, verdict = self.finding, self.verdict
        where = f"{self.mutant.mutation.name} in {self.mutant.program.name}: {finding.filename}:{finding.span.row}"
        return f"{where} {finding.code} {verdict.outcome.value} ({verdict.reason}) {verdict.detail}"


def decided(pool: Pool, mutant: Mutant) -> Iterator[Decided]:
    """The findings of the right family, run."""
    with files(mutant.texts):
        for each in findings(mutant.texts):
            if mutant.is_found([each]):
                text = mutant.texts[each.filename]
                yield Decided(mutant, each, decide(pool, each.experiment, text, each.filename, each.era))
