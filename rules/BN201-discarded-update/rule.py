"""BN201: in a graph, the op that ``assign`` returns must be run; here its result is dropped."""

from collections.abc import Iterator

from bnlint.analysis.module_facts.updates import Update
from bnlint.analysis.prefilter import HAND_MADE
from bnlint.edits import run_with_return
from bnlint.findings import Confidence, Finding, Related, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import Unchanged


def check(case: Case) -> Iterator[Finding]:
    """Only in TensorFlow 1 graph code: eager code and ``tf.function`` run every assignment."""
    if case.era.tensorflow != "1":
        return
    lost = [op for op in case.project.lost_ops if op.module is case.module and op.fate == "dropped"]
    updates = {op.call.id: op.made for op in lost if isinstance(op.made, Update) and op.made.call is op.call}
    fixes = run_with_return(case.module, list(updates.values()))
    for op in lost:
        if not isinstance(op.made, Update):
            continue
        variable = op.made.statistics[0]
        here = op.made.call is op.call
        yield case.finding(
            op.call.span,
            message=f"the op that updates `{variable.name}` is built, and then nothing can run it"
            if here
            else f"this call makes the op that updates `{variable.name}`, and then nothing can run it",
            consequence="In a TensorFlow 1 graph `assign` only adds an op. Nothing that is returned, stored or run "
            "depends on this one, so the variable keeps its initial value.",
            remedy="make what the caller runs depend on it: `with tf.control_dependencies([update]):` around what is "
            "returned, or add the op to `tf.GraphKeys.UPDATE_OPS` and run that collection with the train op",
            prediction=Unchanged("train-op"),
            scope=case.module.flow.site(op.call).scope,
            statistics=op.made.statistics if op.home is case.module else (),
            confidence=Confidence.HIGH if variable.is_batch_norm else Confidence.MEDIUM,
            related=[] if here else [Related("the op is made here", op.home.filename, op.made.call.span)],
            fix=fixes.get(op.call.id),
        )


RULE = Rule(
    code="BN201",
    name="discarded-update",
    summary="in a graph, the op that updates a moving statistic is dropped",
    severity=Severity.ERROR,
    needs=HAND_MADE,
    check=check,
)
