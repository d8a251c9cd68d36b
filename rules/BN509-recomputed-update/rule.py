"""BN509: ``tf.recompute_grad`` runs the block again for the gradients, and with it the update."""

from collections.abc import Iterator

from bnlint.findings import Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import SeveralUpdates


def check(case: Case) -> Iterator[Finding]:
    """Blocks that can be seen to update statistics."""
    for recomputed in case.project.streams(case.module).recomputed():
        yield case.finding(
            recomputed.span,
            message="the block that is recomputed here updates moving statistics",
            consequence="It runs once forward and once more for the gradients, and each run updates: the statistics "
            "move twice in a step, as if the momentum were its square.",
            remedy="leave the batch norm outside of the recomputed block",
            prediction=SeveralUpdates(),
            scope=recomputed.scope,
            created=recomputed.rows,
        )


RULE = Rule(
    code="BN509",
    name="recomputed-update",
    summary="a recomputed block updates its moving statistics twice in a step",
    severity=Severity.WARNING,
    needs=((b"recompute_grad",),),
    check=check,
)
