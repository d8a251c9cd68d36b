"""BN406: a batch-norm layer is built, or its output is made, and then dropped."""

from collections.abc import Iterator

from bnlint.analysis.module_facts.discarded import DiscardedLayer
from bnlint.analysis.prefilter import LAYERS
from bnlint.edits import before, unsafe, wrapped
from bnlint.findings import Finding, Fix, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import NotInModel


def check(case: Case) -> Iterator[Finding]:
    """Layers that nothing can hold any more; calling a stored layer for its side effect is no case of this."""
    for layer in case.module.discarded_layers if not case.module.is_test else ():
        yield case.finding(
            layer.call.span,
            message="the output of this batch-norm layer is dropped"
            if layer.is_called
            else "this batch-norm layer is built and then dropped",
            consequence="The model goes on with what it had before: it has no batch normalisation here, and no moving "
            "statistics.",
            remedy="use the output: `x = BatchNormalization()(x)`"
            if layer.is_called
            else "call it on the tensor, or add it to the model: `model.add(BatchNormalization())`",
            prediction=NotInModel(),
            scope=layer.scope,
            created=[layer.created.span.row],
            fix=_fix(case, layer),
        )


def _fix(case: Case, layer: DiscardedLayer) -> Fix | None:
    if layer.data is not None:
        return unsafe("use the output", before(layer.statement.span, f"{layer.data} = "))
    if layer.model is not None:
        return unsafe("add it to the model", *wrapped(case.module, layer.call.span, f"{layer.model}.add("))
    return None


RULE = Rule(
    code="BN406",
    name="discarded-layer",
    summary="a batch-norm layer is built, or its output made, and then dropped",
    severity=Severity.WARNING,
    needs=(LAYERS,),
    check=check,
)
