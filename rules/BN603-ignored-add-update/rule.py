"""BN603: Keras 3 has no ``add_update``, and eager Keras 2 ignores the pairs that are passed to it."""

from collections.abc import Iterator

from bnlint.analysis.project_facts.added_updates import AddedUpdate
from bnlint.edits import replaced, safe
from bnlint.findings import Confidence, Finding, Fix, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import AnyOf, Raises, Unchanged


def check(case: Case) -> Iterator[Finding]:
    """A graph runs what is added; eager Keras 2 has run an ``assign`` before it is added, and drops a pair."""
    if case.era.tensorflow == "1":
        return
    third, eager = case.era.keras == "3", case.era.tensorflow == "2"
    for added in case.project.added_updates(case.module):
        if case.era.keras == "2" and not added.has_pairs:
            continue
        known = third or (eager and added.has_pairs)
        yield case.finding(
            added.call.span,
            message="`add_update` is gone in Keras 3"
            + (
                ", and Keras 2 ignores a pair of variable and value unless it builds a graph" if added.has_pairs else ""
            ),
            consequence="Under Keras 3 this line raises AttributeError."
            + (" Under TensorFlow 2 with Keras 2 the statistic is never updated." if added.has_pairs else ""),
            remedy="assign right here: `self.moving_mean.assign(new_value)`",
            prediction=AnyOf((Raises(("AttributeError",)), Unchanged("call"))),
            scope=added.scope,
            statistics=added.statistics,
            confidence=Confidence.HIGH if known else Confidence.MEDIUM,
            severity=Severity.ERROR if known else Severity.INFO,
            fix=_fix(case, added),
        )


def _fix(case: Case, added: AddedUpdate) -> Fix | None:
    if added.pair is not None:
        variable, value = (case.text(part.span) for part in added.pair)
        return safe("assign here", replaced(added.call.span, f"{variable}.assign({value})"))
    if added.alone is None or added.has_pairs:
        return None
    return safe("assign here", replaced(added.call.span, case.text(added.alone.span)))


RULE = Rule(
    code="BN603",
    name="ignored-add-update",
    summary="`add_update` is gone in Keras 3 and ignores pairs in eager Keras 2",
    severity=Severity.ERROR,
    needs=((b"add_update",),),
    check=check,
)
