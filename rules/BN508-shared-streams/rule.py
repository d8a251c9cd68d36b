"""BN508: one step calls a batch norm on several inputs, so its statistics are a mixture of all of them."""

from collections.abc import Iterator

from bnlint.analysis.prefilter import LAYERS
from bnlint.findings import Confidence, Finding, Related, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import SeveralUpdates


def check(case: Case) -> Iterator[Finding]:
    """A note only: for inputs of one kind, as in a siamese network, the mixture is what one wants."""
    for stream in case.project.streams(case.module).shared():
        yield case.finding(
            stream.call.span,
            message=f"`{stream.place}` is called in training mode a second time in this step",
            consequence="Each call moves the statistics of its batch norms. Fed with inputs of two kinds they settle "
            "between them, and fit neither at inference.",
            remedy="call it once on both inputs together, or on one of them with `training=False`, or give each kind "
            "its own batch norm",
            prediction=SeveralUpdates(),
            scope=stream.scope,
            confidence=Confidence.LOW,
            related=[Related("the first call", case.module.filename, stream.first.span)],
        )


RULE = Rule(
    code="BN508",
    name="shared-streams",
    summary="one batch norm is fed by several streams in one training step",
    severity=Severity.INFO,
    needs=(LAYERS, (b"GradientTape",)),
    check=check,
)
