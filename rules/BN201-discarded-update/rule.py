"""BN201: in a graph, the op that ``assign`` returns must be run; here its result is dropped."""

from collections.abc import Iterator

from bnlint.analysis.prefilter import ASSIGNS, CONSTRUCTORS, STATISTICS
from bnlint.edits import run_with_return
from bnlint.findings import Confidence, Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import Unchanged


def check(case: Case) -> Iterator[Finding]:
    """Only in TensorFlow 1 graph code: eager code and ``tf.function`` run every assignment."""
    if case.era.tensorflow != "1":
        return
    dropped = [
        update
        for update in case.module.updates
        if update.use != "used" and update.average is not None and not case.module.runs_eagerly(update.scope)
    ]
    fixes = run_with_return(case.module, dropped)
    for update in dropped:
        variable = update.statistics[0]
        yield case.finding(
            update.call.span,
            message=f"the op that updates `{variable.name}` is built, and then nothing can run it",
            consequence="In a TensorFlow 1 graph `assign` only adds an op. Nothing that is returned, stored or run "
            "depends on this one, so the variable keeps its initial value.",
            remedy="make what the caller runs depend on it: `with tf.control_dependencies([update]):` around what is "
            "returned, or add the op to `tf.GraphKeys.UPDATE_OPS` and run that collection with the train op",
            prediction=Unchanged("train-op"),
            scope=update.scope,
            statistics=update.statistics,
            confidence=Confidence.HIGH if variable.is_batch_norm else Confidence.MEDIUM,
            fix=fixes.get(update.call.id),
        )


RULE = Rule(
    code="BN201",
    name="discarded-update",
    summary="in a graph, the op that updates a moving statistic is dropped",
    severity=Severity.ERROR,
    needs=(CONSTRUCTORS, STATISTICS, ASSIGNS),
    check=check,
)
