"""BN402: a batch-norm layer is created by the function that calls it, anew at every step."""

from collections.abc import Iterator

from bnlint.analysis.prefilter import LAYERS
from bnlint.creation_edits import made_once
from bnlint.findings import Confidence, Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import NewPerCall


def check(case: Case) -> Iterator[Finding]:
    """Functions that run once a step; a builder of a functional model runs once, and is right."""
    if case.era.tensorflow == "1":
        return
    for layer in case.module.layers:
        if not case.module.is_layer_per_call(layer):
            continue
        yield case.finding(
            layer.span,
            message="this batch-norm layer is created and called by the same function, so each call starts anew",
            consequence="Each call makes a layer whose statistics are 0 and 1, updates them once at most, and forgets "
            "them; with `training=False` it normalises with 0 and 1. `tf.function` and `fit` raise ValueError.",
            remedy="create the layer once, in `__init__` or outside the function, and call that one here",
            prediction=NewPerCall(),
            scope=layer.scope,
            created=[layer.span.row],
            confidence=Confidence.HIGH if case.era.tensorflow == "2" else Confidence.MEDIUM,
            fix=made_once(case.module, layer),
        )


RULE = Rule(
    code="BN402",
    name="layer-per-call",
    summary="a batch-norm layer is created by the function that calls it",
    severity=Severity.ERROR,
    needs=(LAYERS,),
    check=check,
)
