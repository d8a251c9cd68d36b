"""BN211: ``fused_batch_norm`` returns the new statistics; here nobody stores them."""

from collections.abc import Iterator

from bnlint.findings import Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import Unchanged


def check(case: Case) -> Iterator[Finding]:
    """Calls in training mode that are given moving statistics which nothing else assigns."""
    for call in case.module.dropping_calls:
        yield case.finding(
            call.call.span,
            message="the new statistics that `fused_batch_norm` returns are dropped",
            consequence="It is a function, not a layer: it returns the new statistics and writes nothing back, not "
            "even to variables that it is given. These keep their initial values, and inference reads them.",
            remedy="assign the second and third result to the moving mean and the moving variance when training",
            prediction=Unchanged("train-op" if case.era.tensorflow == "1" else "call"),
            scope=call.scope,
            statistics=call.statistics,
        )


RULE = Rule(
    code="BN211",
    name="discarded-new-statistics",
    summary="the new statistics that `fused_batch_norm` returns are dropped",
    severity=Severity.WARNING,
    needs=((b"fused_batch_norm",),),
    check=check,
)
