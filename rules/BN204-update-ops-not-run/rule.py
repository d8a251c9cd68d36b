"""BN204: layers put their updates into a collection, and nothing in the program runs it."""

from collections.abc import Iterator

from bnlint.analysis.prefilter import COLLECTION, LAYERS
from bnlint.analysis.project_facts.unrun import Unrun, WaitingLayer
from bnlint.findings import Confidence, Finding, Fix, Related, Severity
from bnlint.graph_edits import under_control_dependencies
from bnlint.rule import Case, Rule
from bnlint.span import Span
from bnlint.verify.predictions import Unchanged


def check(case: Case) -> Iterator[Finding]:
    """One finding at the optimizer step; one more at the layers if they all stand in one other file.

    An error if the layers serve inference too; a warning if they only could; a note if they always use the batch, as
    some generative models mean to, or if the code that runs the train op is not in view.
    """
    for unrun in case.project.unrun:
        if unrun.is_keras:
            continue
        if unrun.module is case.module:
            yield _finding(case, unrun, unrun.steps[0].call.span, unrun.steps[0].scope)
        elif unrun.elsewhere == (case.module,) and unrun.layers_in(case.module) == unrun.layers:
            first = unrun.layers[0]
            if unrun is next(each for each in case.project.unrun if first in each.layers):
                yield _finding(case, unrun, first.span, first.scope)


def _finding(case: Case, unrun: Unrun, span: Span, scope: int) -> Finding:
    at_step = unrun.module is case.module
    sure = unrun.is_driven and unrun.has_inference
    likely = unrun.is_driven and unrun.offers_inference
    what = (
        "this train op leaves the updates of the batch norm out"
        if at_step
        else "nothing runs the updates of this batch norm"
    )
    return case.finding(
        span,
        message=f"{what}: they wait in a collection that nobody runs",
        consequence="The layers put the updates of their moving statistics into the collection `UPDATE_OPS`. Nothing "
        "in the program runs it with the train op, so inference normalises with the initial mean 0 and variance 1."
        + ("" if unrun.is_driven else " (The code that runs the train op is not in view; it would have to do it.)")
        + ("" if unrun.has_inference else " It does not show as long as the layers always use the batch."),
        remedy="build the train op under `with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):`",
        prediction=Unchanged("train-op"),
        scope=scope,
        created=sorted({row for layer in unrun.layers_in(case.module) for row in layer.rows}),
        confidence=Confidence.HIGH if sure else Confidence.MEDIUM if likely else Confidence.LOW,
        severity=Severity.ERROR if sure else Severity.WARNING if likely else Severity.INFO,
        related=list(_related(case, unrun, at_step)),
        fix=_fix(case, unrun) if at_step else None,
    )


def _related(case: Case, unrun: Unrun, at_step: bool) -> Iterator[Related]:
    if not at_step:
        yield Related("the train op is made here", unrun.module.filename, unrun.steps[0].call.span)
    shown: dict[str, WaitingLayer] = {}
    for layer in unrun.layers:
        shown.setdefault(layer.module.filename, layer)
    for name, layer in shown.items():
        if at_step or name != case.module.filename:
            yield Related("a layer whose updates wait in the collection", name, layer.span)


def _fix(case: Case, unrun: Unrun) -> Fix | None:
    control, get = case.module.name_in_code("tf.control_dependencies"), case.module.name_in_code("tf.get_collection")
    keys = case.module.name_in_code("tf.GraphKeys")
    if len(unrun.steps) != 1 or control is None or any(layer.in_branch for layer in unrun.layers):
        return None
    return under_control_dependencies(case.module, unrun.steps[0].call, f"{control}({get}({keys}.UPDATE_OPS))")


RULE = Rule(
    code="BN204",
    name="update-ops-not-run",
    summary="layers fill `UPDATE_OPS`, and nothing in the program runs it",
    severity=Severity.ERROR,
    needs=((*LAYERS, *COLLECTION),),
    check=check,
)
