"""BN106: inference normalises by a moving mean and a moving variance that nothing ever updates."""

from collections.abc import Iterator

from bnlint.analysis.prefilter import HAND_MADE
from bnlint.findings import Confidence, Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import Unchanged


def check(case: Case) -> Iterator[Finding]:
    """Both of a pair; where only one is left out, that is BN503's."""
    if case.module.is_test:
        return
    for pair in case.project.never_updated(case.module):
        yield case.finding(
            pair.mean.span,
            message=f"nothing ever updates `{pair.mean.name}` and `{pair.variance.name}`",
            consequence="Training normalises with the batch and leaves them as they are, so inference normalises "
            "with their initial values, which say nothing of the data.",
            remedy="update both in training: an average of the old value and the batch's, by `assign`",
            prediction=Unchanged("train-op" if case.era.tensorflow == "1" else "call"),
            scope=pair.mean.scope,
            statistics=(pair.mean, pair.variance),
            confidence=Confidence.HIGH,
        )


RULE = Rule(
    code="BN106",
    name="never-updated-statistic",
    summary="inference reads moving statistics that nothing ever updates",
    severity=Severity.ERROR,
    needs=HAND_MADE,
    check=check,
)
