"""BN510: on several replicas, Keras 3 keeps the statistics of the first replica."""

from collections.abc import Iterator

from bnlint.analysis.prefilter import LAYERS
from bnlint.edits import unsafe, with_keyword
from bnlint.findings import Confidence, Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import FirstReplica


def check(case: Case) -> Iterator[Finding]:
    """A note only: with shuffled data every replica sees the same distribution. Keras 2 takes the mean."""
    if case.era.keras == "2" or case.era.tensorflow == "1":
        return
    for layer in case.project.replicated(case.module):
        edit = with_keyword(case.module, layer, "synchronized", "True")
        yield case.finding(
            layer.span,
            message="on several replicas this layer keeps the statistics of the first one only",
            consequence="In Keras 3 each replica normalises with its own part of the batch, and the moving statistics "
            "are those of the first: noisier than they need be, and wrong if the replicas see different data.",
            remedy="pass `synchronized=True`, so that the statistics are those of the whole batch",
            prediction=FirstReplica(),
            scope=case.module.flow.site(layer).scope,
            created=[layer.span.row],
            confidence=Confidence.MEDIUM if case.era.keras == "3" else Confidence.LOW,
            fix=unsafe("synchronise the replicas", edit) if edit is not None else None,
        )


RULE = Rule(
    code="BN510",
    name="replica-local",
    summary="a default batch norm under a distribution strategy keeps one replica's statistics",
    severity=Severity.INFO,
    needs=(LAYERS,),
    check=check,
)
