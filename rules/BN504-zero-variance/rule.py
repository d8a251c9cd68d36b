"""BN504: the moving variance starts at 0, so inference before or early in training divides by almost nothing."""

from collections.abc import Iterator

from bnlint.analysis.module_facts.statistics import Statistic
from bnlint.analysis.prefilter import HAND_MADE
from bnlint.edits import replaced, safe
from bnlint.findings import Finding, Fix, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import InitialValue


def check(case: Case) -> Iterator[Finding]:
    """Variances that are averaged; one that is debiased, or that the first batch replaces, may start at 0."""
    for statistic in case.module.statistics:
        if statistic.role != "variance" or "average" not in statistic.evidence:
            continue
        # A name that ends in "var" may as well mean a variable.
        if not statistic.evidence & {"normalisation", "moments"} and "variance" not in statistic.name:
            continue
        if case.module.creation(statistic).initial != 0 or case.module.is_debiased(statistic):
            continue
        yield case.finding(
            statistic.span,
            message=f"`{statistic.name}` is a variance and starts at 0",
            consequence="Inference divides by its root. Before training only epsilon is left there, so the output is "
            "far too large, and it stays too large until the average has forgotten the 0.",
            remedy="start the variance at 1 and the mean at 0",
            prediction=InitialValue(0.0),
            scope=statistic.scope,
            statistics=[statistic],
            fix=_fix(case, statistic),
        )


def _fix(case: Case, statistic: Statistic) -> Fix | None:
    value = case.module.creation(statistic).initial_value
    if value is None:
        return None
    text = case.text(value.span)
    ones = text.replace("zeros", "ones", 1).replace("Zeros", "Ones", 1)
    return safe("start at 1", replaced(value.span, ones)) if ones != text else None


RULE = Rule(
    code="BN504",
    name="zero-variance",
    summary="the moving variance starts at 0",
    severity=Severity.WARNING,
    needs=HAND_MADE,
    check=check,
)
