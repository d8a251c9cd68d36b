"""BN205: UPDATE_OPS is read before the layers that fill it are built."""

from collections.abc import Iterator

from bnlint.analysis.prefilter import COLLECTION, LAYERS
from bnlint.findings import Confidence, Finding, Related, Severity
from bnlint.graph_edits import moved_to_first_use
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import Unchanged


def check(case: Case) -> Iterator[Finding]:
    """By program order inside one function; a reading by scope, or one that is done again later, is no mistake."""
    if case.era.tensorflow != "1":
        return
    for early in case.project.early_reads(case.module):
        scope = case.module.flow.site(early.read.call).scope
        places = [place for place in case.module.collections.places if place.scope == scope]
        yield case.finding(
            early.read.call.span,
            message="`UPDATE_OPS` is read before the layers that fill it are built",
            consequence="`get_collection` returns a copy of the list as it is now. The updates of layers that are "
            f"built later are not in it{', so it is empty' if early.is_empty else ''}; nothing runs them, and their "
            "moving statistics stay at 0 and 1.",
            remedy="read the collection after the network is built, right before the train op",
            prediction=Unchanged("train-op"),
            scope=scope,
            created=[place.span.row for place in places],
            confidence=Confidence.HIGH if early.is_empty else Confidence.MEDIUM,
            related=[Related("layers are built here, later", case.module.filename, early.builder.span)],
            fix=moved_to_first_use(case.module, early.read.call),
        )


RULE = Rule(
    code="BN205",
    name="update-ops-read-too-early",
    summary="`UPDATE_OPS` is read before the layers exist",
    severity=Severity.ERROR,
    needs=((*LAYERS, *COLLECTION),),
    check=check,
)
