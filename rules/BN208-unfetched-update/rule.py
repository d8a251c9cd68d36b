"""BN208: update ops are kept for somebody else to run, and nobody in the project asks for them."""

from collections.abc import Iterator

from bnlint.analysis.module_facts.updates import Update
from bnlint.analysis.prefilter import HAND_MADE
from bnlint.edits import run_with_return
from bnlint.findings import Confidence, Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import Unchanged


def check(case: Case) -> Iterator[Finding]:
    """By name, in all files: one mention of the attribute or the collection elsewhere is enough to be silent."""
    if case.era.tensorflow != "1":
        return
    driven = case.project.programs.of(case.module).is_driven
    kept = [op for op in case.project.lost_ops if op.module is case.module and op.fate == "kept"]
    updates = [op.made for op in kept if isinstance(op.made, Update) and op.made.call is op.call]
    # A library may leave it to its users what they fetch.
    fixes = run_with_return(case.module, updates) if driven else {}
    for op in kept:
        statistics = op.made.statistics if isinstance(op.made, Update) else ()
        name = f"`{statistics[0].name}`" if statistics else "the averages"
        yield case.finding(
            op.call.span,
            message=f"the op that updates {name} is kept in {op.where}, and nothing in the project fetches it",
            consequence="In a TensorFlow 1 graph an op that is only kept does nothing. The training loop runs the "
            "train op alone, so the variable keeps its initial value."
            + ("" if driven else " (The code that runs the graph is not in view; it would have to fetch the op.)"),
            remedy="fetch it in `session.run` with the train op, or make what the layer returns depend on it",
            prediction=Unchanged("train-op"),
            scope=case.module.flow.site(op.call).scope,
            statistics=statistics,
            confidence=Confidence.MEDIUM if driven else Confidence.LOW,
            severity=Severity.WARNING if driven else Severity.INFO,
            fix=fixes.get(op.call.id),
        )


RULE = Rule(
    code="BN208",
    name="unfetched-update",
    summary="update ops are kept, and nobody in the project fetches them",
    severity=Severity.WARNING,
    needs=HAND_MADE,
    check=check,
)
