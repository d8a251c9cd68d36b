"""BN501: the moving average forgets instead of remembering, or its weights do not sum to one."""

from collections.abc import Iterator

from bnlint.analysis.prefilter import ASSIGNS, STATISTICS
from bnlint.analysis.updates import Update
from bnlint.edits import momentum_fix
from bnlint.findings import Confidence, Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import WrongLaw


def check(case: Case) -> Iterator[Finding]:
    """Updates whose weights the code shows; an old weight of 0 is a choice (statistics of the last batch only)."""
    for update in case.module.updates:
        average = update.average
        if average is None or not any(statistic.is_batch_norm for statistic in update.statistics):
            continue
        old, new = average.old_weight, average.new_weight
        if average.sums_to_one is False and not update.is_debiased:
            yield _finding(case, update, "sum", "the weights of the old and the new value do not sum to 1")
        elif old is not None and new is not None and 0 < old < 0.5:
            text = f"the old value has weight {old:.4g} and the batch {new:.4g}: the momentum is on the wrong side"
            yield _finding(case, update, "swapped", text)


def _finding(case: Case, update: Update, fault: str, message: str) -> Finding:
    swapped = fault == "swapped"
    return case.finding(
        update.call.span,
        message=message,
        consequence="The moving statistic follows the last batch instead of averaging over many: inference normalises "
        "with the noise of one batch."
        if swapped
        else "The moving statistic settles at a wrong value, or drifts away, however long one trains.",
        remedy="the old value gets the momentum: `moving * momentum + batch * (1 - momentum)`",
        prediction=WrongLaw("swapped" if swapped else "sum"),
        scope=update.scope,
        statistics=update.statistics,
        confidence=Confidence.HIGH,
        fix=momentum_fix(case.module, update),
    )


RULE = Rule(
    code="BN501",
    name="swapped-momentum",
    summary="the old value's weight is below one half, or the weights do not sum to 1",
    severity=Severity.WARNING,
    needs=(STATISTICS, ASSIGNS),
    check=check,
)
