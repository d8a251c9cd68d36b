"""BN202: a control dependency block in which no op is built makes nothing wait."""

from collections.abc import Iterator

from bnlint.analysis.prefilter import ASSIGNS
from bnlint.edits import safe, wrapped
from bnlint.findings import Confidence, Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import Unchanged


def check(case: Case) -> Iterator[Finding]:
    """Only in TensorFlow 1 graph code; blocks that wait for updates of statistics or for UPDATE_OPS."""
    if case.era.tensorflow != "1":
        return
    for control in case.module.control_blocks:
        if not control.empty or not (control.updates or control.waits_for_collection):
            continue
        statistics = [statistic for update in control.updates for statistic in update.statistics]
        returned = [statement for statement in control.leaving if statement.kind == "return"]
        name = case.module.name_in_code("tf.identity")
        fix = None
        if len(returned) == 1 and len(control.leaving) == 1 and name is not None:
            fix = safe("build an op inside the block", *wrapped(case.module, returned[0].value.span, f"{name}("))
        yield case.finding(
            control.block.header,
            message="no op is built inside this control dependency block, so nothing waits for the updates",
            consequence="Only ops that are created inside the block depend on the updates. A tensor that existed "
            "before does not, so running it leaves the moving statistics at their initial values.",
            remedy="create the op inside the block, e.g. `return tf.identity(output)`",
            prediction=Unchanged("train-op"),
            scope=control.block.scope,
            statistics=statistics,
            confidence=Confidence.HIGH if control.updates else Confidence.MEDIUM,
            fix=fix,
        )


RULE = Rule(
    code="BN202",
    name="empty-control-block",
    summary="nothing is built inside `control_dependencies`, so the updates never run",
    severity=Severity.ERROR,
    needs=((b"control_dependencies",), (*ASSIGNS, b"UPDATE_OPS")),
    check=check,
)
