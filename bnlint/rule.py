"""What a rule is made of. A rule folder's ``rule.py`` defines one `RULE`; it reads facts and yields findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from bnlint.findings import Applicability, Confidence, Era, Finding, Fix, Related, Severity, VariableRef
from bnlint.frozen import dataclass
from bnlint.span import Span
from bnlint.verify.predictions import (
    Caller,
    Experiment,
    InitialValue,
    MixedLaw,
    NewPerCall,
    OneSided,
    Prediction,
    Trainable,
    Unchanged,
    WrongLaw,
    simple,
)

if TYPE_CHECKING:
    from bnlint.analysis.code.values import Call
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.module_facts.statistics import Statistic
    from bnlint.analysis.project import ProjectFacts

MOVED_OTHERWISE = (Unchanged, OneSided, WrongLaw, MixedLaw, Trainable, InitialValue, NewPerCall)
"""Predictions about what a statistic holds in training; a fix makes it hold something else."""

MOST_CALLERS = 2
"""How many places a finding names in which its function is called."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it is called, which words make a file matter to it, and the check.

    needs: groups of words; a file matters if it holds at least one word of every group.
    """

    code: str
    name: str
    summary: str
    severity: Severity
    needs: tuple[tuple[bytes, ...], ...]
    check: Callable[[Case], Iterator[Finding]]
    folder: Path = Path()

    @property
    def readme(self) -> Path:
        """The lesson."""
        return self.folder / "README.md"


@dataclass(frozen=True, slots=True)
class Case:
    """One module put before one rule: its facts, the project's, and the era that holds here."""

    rule: Rule
    module: ModuleFacts
    project: ProjectFacts
    era: Era

    def finding(
        self,
        span: Span,
        *,
        message: str,
        consequence: str,
        remedy: str,
        prediction: Prediction,
        scope: int,
        statistics: Sequence[Statistic] = (),
        created: Sequence[int] = (),
        names: Sequence[str] = (),
        confidence: Confidence = Confidence.HIGH,
        severity: Severity | None = None,
        related: Sequence[Related] = (),
        fix: Fix | None = None,
        symbol: str | None = None,
    ) -> Finding:
        """A finding of this rule.

        statistics: the variables it is about, the first of them shown; created: rows on which watched
        layers are created, where the statistics themselves are not in sight; names: of those of the layers it is about.
        symbol: what to run, if it is not the function, method or class around ``scope``.
        Raises ValueError for a finding that says nothing or stands nowhere.
        """
        if not message or not consequence or not remedy or span.row < 1:
            raise ValueError(f"{self.rule.code}: a finding needs a message, a consequence, a remedy and a place")
        enclosing, inherited = self.module.symbol(scope), self.module.inherited
        rows = tuple(sorted({*created, *(statistic.span.row for statistic in statistics)}))
        first = statistics[0] if statistics else None
        made_here = [
            Related(
                f"{statistic.name or 'the variable'} is {'inherited' if statistic in inherited else 'created'} here",
                self.module.filename,
                statistic.span,
            )
            for statistic in statistics
            if statistic.span.row != span.row
        ]
        return Finding(
            code=self.rule.code,
            name=self.rule.name,
            severity=severity or self.rule.severity,
            confidence=confidence,
            message=message,
            consequence=consequence,
            remedy=remedy,
            filename=self.module.filename,
            span=span,
            symbol=enclosing,
            era=self.era,
            experiment=Experiment(
                prediction,
                symbol or enclosing,
                rows,
                span.row,
                callers=_callers(self.project.calls_around(self.module, scope)),
                names=tuple(names),
                trainers=_callers(self.project.trainers(self.module, scope)),
            ),
            variable=VariableRef(first.name, first.span.row, first.span.column) if first is not None else None,
            related=(*made_here, *related),
            fix=self._rated(fix, prediction, statistics),
        )

    def _rated(self, fix: Fix | None, prediction: Prediction, statistics: Sequence[Statistic]) -> Fix | None:
        """A fix that moves a statistic which the output in training follows changes that output, and is not safe.

        To make a statistic move helps nobody while each call starts anew: it goes together with what makes it once, and
        where there is no such fix, it is shown and not made.
        """
        moves = any(isinstance(one, MOVED_OTHERWISE) for one in simple(prediction))
        if fix is None or fix.applicability is not Applicability.SAFE or not moves:
            return fix
        resting = any(isinstance(one, Unchanged) for one in simple(prediction))
        if resting and self.era.tensorflow != "1" and any(map(self.module.is_per_call, statistics)):
            # With it comes all of the analysis, which a run that finds everything in the cache can do without.
            from bnlint.creation_edits import kept_on_object

            together = kept_on_object(self.module).get(statistics[0].call.id)
            if together is None:
                message = f"{fix.message}, once the variable outlives the call (BN401)"
                return replace(fix, applicability=Applicability.DISPLAY, message=message)
            fix = together
        fed_back = any(self.module.is_fed_back(each, self.era.tensorflow == "1") for each in statistics)
        return replace(fix, applicability=Applicability.UNSAFE) if fed_back else fix

    def text(self, span: Span) -> str:
        """The source text of a span."""
        return self.module.text(span)


def _callers(calls: Iterable[tuple[ModuleFacts, Call]]) -> tuple[Caller, ...]:
    found = (
        Caller(home.filename, call.span.row, home.symbol(home.flow.site(call).scope))
        for home, call in islice(calls, MOST_CALLERS)
    )
    return tuple(found)
