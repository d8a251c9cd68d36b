"""BN401: the function that updates a statistic also creates it, anew at every call."""

from collections.abc import Iterator

from bnlint.analysis.prefilter import HAND_MADE
from bnlint.creation_edits import kept_on_object
from bnlint.findings import Confidence, Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import NewPerCall


def check(case: Case) -> Iterator[Finding]:
    """Not in a TensorFlow 1 graph, where the function builds the graph once; not where creation is guarded."""
    if case.era.tensorflow == "1":
        return
    per_call = [statistic for statistic in case.module.statistics if case.module.is_per_call(statistic)]
    fixes = kept_on_object(case.module)
    for statistic in per_call:
        yield case.finding(
            statistic.span,
            message=f"`{statistic.name}` is created by the function that updates it, so each call starts anew",
            consequence="Each call makes a fresh variable, updates that, and forgets it; inference reads the initial "
            "value. Under `tf.function` the second trace raises ValueError.",
            remedy="create the variable once, in `__init__` or `build` of a layer or `tf.Module`, and update it here",
            prediction=NewPerCall(),
            scope=statistic.scope,
            statistics=[statistic],
            confidence=Confidence.HIGH if case.era.tensorflow == "2" else Confidence.MEDIUM,
            fix=fixes.get(statistic.call.id),
        )


RULE = Rule(
    code="BN401",
    name="statistic-per-call",
    summary="a moving statistic is created by the function that updates it",
    severity=Severity.ERROR,
    needs=HAND_MADE,
    check=check,
)
