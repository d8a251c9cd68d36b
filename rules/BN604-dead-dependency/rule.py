"""BN604: the layers update in place, so the block that waits for UPDATE_OPS waits for nothing."""

from collections.abc import Iterator

from bnlint.analysis.prefilter import COLLECTION
from bnlint.findings import Confidence, Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import EmptyCollection


def check(case: Case) -> Iterator[Finding]:
    """Only where every layer of the program is in sight."""
    if case.era.tensorflow != "1":
        return
    for control in case.project.dead_dependencies(case.module):
        yield case.finding(
            control.block.header,
            message="this block waits for `UPDATE_OPS`, which nothing in the program fills",
            consequence="The layers run their updates in place, with their output. The block lists nothing and does "
            "nothing; the updates run once, as they should.",
            remedy="remove the block, or let the layers fill the collection and keep it",
            prediction=EmptyCollection(),
            scope=control.block.scope,
            statistics=[statistic for statistic in case.module.statistics if statistic.is_batch_norm],
            confidence=Confidence.MEDIUM,
        )


RULE = Rule(
    code="BN604",
    name="dead-dependency",
    summary="a block waits for `UPDATE_OPS`, while the layers update in place",
    severity=Severity.INFO,
    needs=(COLLECTION, (b"control_dependencies",)),
    check=check,
)
