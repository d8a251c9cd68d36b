"""BN502: the moving variance is fed the mean or a standard deviation, or the moving mean the variance."""

from collections.abc import Iterator

from bnlint.analysis.module_facts.pairs import MixedUpdate
from bnlint.analysis.prefilter import HAND_MADE
from bnlint.edits import replaced, safe
from bnlint.findings import Confidence, Finding, Fix, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import MixedLaw

_NAMES = {"mean": "mean", "variance": "variance", "deviation": "standard deviation"}


def check(case: Case) -> Iterator[Finding]:
    """Updates whose source can be seen to be another statistic of the batch than the variable's own."""
    for mixed in case.module.pairs.mixed():
        update, statistic = mixed.update, mixed.update.statistics[0]
        if not statistic.is_batch_norm:
            continue
        yield case.finding(
            update.call.span,
            message=f"`{statistic.name}` holds the {update.role} and is fed the {_NAMES[mixed.fed]} of the batch",
            consequence=f"It settles at the {_NAMES[mixed.fed]} of the data. Training looks right, because there the "
            f"batch's own {update.role} is used; inference normalises with the wrong number.",
            remedy=f"feed it the batch's {update.role}" + (f", `{mixed.right}`" if mixed.right else ""),
            prediction=MixedLaw(mixed.fed),
            scope=update.scope,
            statistics=update.statistics,
            confidence=Confidence.HIGH if "normalisation" in statistic.evidence else Confidence.MEDIUM,
            fix=_fix(mixed),
        )


def _fix(mixed: MixedUpdate) -> Fix | None:
    if mixed.right is None:
        return None
    return safe(f"use `{mixed.right}`", replaced(mixed.source.span, mixed.right))


RULE = Rule(
    code="BN502",
    name="mixed-statistics",
    summary="a moving statistic is fed with the batch's statistic of another kind",
    severity=Severity.ERROR,
    needs=HAND_MADE,
    check=check,
)
