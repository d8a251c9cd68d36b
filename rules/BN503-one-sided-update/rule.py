"""BN503: of a moving mean and a moving variance that belong together, only one is updated."""

from collections.abc import Iterator

from bnlint.analysis.module_facts.pairs import OneSidedUpdate
from bnlint.analysis.prefilter import HAND_MADE
from bnlint.edits import below, safe, swapped_text
from bnlint.findings import Confidence, Finding, Fix, Related, Severity
from bnlint.graph_edits import built_beside
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import OneSided


def check(case: Case) -> Iterator[Finding]:
    """The sibling must be in sight as a whole: only read, never handed to code that could update it."""
    for one in case.module.pairs.one_sided():
        update, resting = one.update, one.resting
        if any(case.project.is_read_elsewhere(case.module, name) for name in one.handed_out):
            continue
        moving = update.statistics[0]
        yield case.finding(
            update.call.span,
            message=f"`{moving.name}` is updated here, and nothing ever updates `{resting.name}`",
            consequence=f"`{resting.name}` keeps its initial value for ever, so inference normalises with one "
            "statistic of the data and one that means nothing.",
            remedy=f"update `{resting.name}` in the same way, with the {resting.role} of the batch",
            prediction=OneSided((resting.span.row,)),
            scope=update.scope,
            statistics=(moving, resting),
            confidence=Confidence.HIGH if "normalisation" in resting.evidence else Confidence.MEDIUM,
            related=[Related("this one is never updated", case.module.filename, resting.span)],
            fix=_fix(case, one),
        )


def _fix(case: Case, one: OneSidedUpdate) -> Fix | None:
    call, statement = one.update.call, one.update.statement
    if one.swapped is None or statement is None:
        return None
    message = f"update `{one.resting.name}` too"
    if case.era.tensorflow == "1":
        edits = built_beside(case.module, one.update, swapped_text(case.module, call.span, one.swapped), one.result)
        return safe(message, *edits) if edits else None
    missing = swapped_text(case.module, statement.span, one.swapped)
    return safe(message, below(case.module, statement.span, missing)) if statement.kind == "expression" else None


RULE = Rule(
    code="BN503",
    name="one-sided-update",
    summary="only one of moving mean and moving variance is updated",
    severity=Severity.ERROR,
    needs=HAND_MADE,
    check=check,
)
