"""BN209: in a TensorFlow 1 graph a Keras layer keeps its updates to itself, and nothing fetches them."""

from collections.abc import Iterator

from bnlint.analysis.prefilter import LAYERS
from bnlint.analysis.project_facts.unrun import Unrun
from bnlint.edits import replaced, safe
from bnlint.findings import Confidence, Finding, Fix, Related, Severity
from bnlint.rule import Case, Rule
from bnlint.span import Span
from bnlint.verify.predictions import Unchanged


def check(case: Case) -> Iterator[Finding]:
    """One finding where the layer is called, if one file calls it all; one at the train op if that is elsewhere."""
    told: set[Span] = set()
    for unrun in case.project.unrun:
        if not unrun.is_keras:
            continue
        first = unrun.layers[0]
        at_layer = all(each.module is first.module for each in unrun.layers) and not first.in_keras_class
        if at_layer and first.module is case.module and first.span not in told:
            told.add(first.span)
            yield _finding(case, unrun, first.span, first.scope)
        if unrun.module is case.module and not (at_layer and first.module is case.module):
            yield _finding(case, unrun, unrun.steps[0].call.span, unrun.steps[0].scope)


def _finding(case: Case, unrun: Unrun, span: Span, scope: int) -> Finding:
    at_layer = any(layer.span == span for layer in unrun.layers_in(case.module))
    told = any(layer.is_told for layer in unrun.layers)
    sure = unrun.is_driven and unrun.has_inference
    places = [Related("the train op is made here", unrun.module.filename, unrun.steps[0].call.span)]
    if not at_layer:
        places = [Related("a Keras layer is called here", e.module.filename, e.span) for e in unrun.layers[:3]]
    return case.finding(
        span,
        message="nothing fetches the updates of this Keras layer, and `UPDATE_OPS` does not hold them"
        if at_layer
        else "this train op leaves out the updates of Keras layers, which `UPDATE_OPS` does not hold",
        consequence="In a TensorFlow 1 graph a Keras layer keeps its updates in `layer.updates`, where `fit` looks for "
        "them; the collection stays empty. A loop of `session.run` never runs them, so the moving statistics "
        "stay at 0 and 1."
        + ("" if told else " Nothing tells the layer that it trains, either: pass it `training=`.")
        + ("" if unrun.is_driven else " (The code that runs the train op is not in view.)"),
        remedy="make the train op depend on `layer.updates` (of a model: `model.get_updates_for(inputs)`), or train "
        "with `fit`; Keras 3 layers cannot be trained in such a graph",
        prediction=Unchanged("train-op"),
        scope=scope,
        created=sorted({layer.created.row for layer in unrun.layers_in(case.module)}),
        confidence=Confidence.HIGH if sure else Confidence.LOW,
        severity=Severity.ERROR if sure else Severity.INFO,
        related=places,
        fix=_fix(case, unrun) if at_layer else None,
    )


def _fix(case: Case, unrun: Unrun) -> Fix | None:
    """Wait for the updates of the only layer, which a local name holds, in place of the empty collection."""
    if not all(each.is_told for each in unrun.layers):
        return None
    layers = [layer for layer in case.module.layers if any(layer.span == each.created for each in unrun.layers)]
    reads = [read for read in case.module.collections.reads if read.key == "update_ops" and read.used]
    if len(layers) != 1 or len(reads) != 1 or len(layers[0].paths) != 1 or case.module.collections.places:
        return None
    name = next(iter(layers[0].paths))
    if not name.isidentifier() or case.module.flow.site(reads[0].call).scope != layers[0].scope:
        return None
    return safe("run the updates of the layer itself", replaced(reads[0].call.span, f"{name}.updates"))


RULE = Rule(
    code="BN209",
    name="keras-layer-in-graph",
    summary="in a TensorFlow 1 graph, nothing fetches the updates of a Keras layer",
    severity=Severity.ERROR,
    needs=((*LAYERS, b".updates", b"get_updates_for"),),
    check=check,
)
