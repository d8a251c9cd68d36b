"""BN302: under Keras 3, ``fit`` tells a model that it trains only if its ``call`` takes ``training``."""

from collections.abc import Iterator

from bnlint.analysis.prefilter import LAYERS
from bnlint.analysis.scopes import Scope
from bnlint.edits import after, safe
from bnlint.findings import Confidence, Finding, Fix, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import Unchanged


def check(case: Case) -> Iterator[Finding]:
    """Subclassed models that hold a batch-norm layer; Keras 2 passes the phase along by itself."""
    if case.era.keras == "2" or case.era.tensorflow == "1":
        return
    for keras_class in case.module.keras_classes:
        call = keras_class.call
        if not keras_class.is_model or call is None or not keras_class.layers or call.parameter("training") is not None:
            continue
        if not case.module.relies_on_call_context(keras_class):
            continue
        if case.project.has_tape and not case.project.fits:
            continue
        known = case.era.keras == "3"
        yield case.finding(
            call.definition,
            message=f"`{keras_class.scope.name}.call` has no parameter named `training`",
            consequence="Keras 3's `fit` passes `training=True` only to a `call` that names the parameter (`**kwargs` "
            "does not count), so the batch norm runs in inference mode while the model trains and its moving "
            "statistics stay at 0 and 1." + ("" if known else " Keras 2 passes the phase along by itself."),
            remedy="add the parameter: `def call(self, …, training=None)`; the layers inside then learn the phase",
            prediction=Unchanged("fit"),
            scope=call.id,
            symbol=keras_class.scope.symbol,
            created=[layer.span.row for layer in keras_class.layers],
            confidence=Confidence.HIGH if known and case.project.fits else Confidence.MEDIUM,
            severity=Severity.ERROR if known else Severity.INFO,
            fix=_fix(call),
        )


def _fix(call: Scope) -> Fix | None:
    if call.last_parameter is None or call.has_kwargs:
        return None
    return safe("add `training=None` to `call`", after(call.last_parameter, ", training=None"))


RULE = Rule(
    code="BN302",
    name="call-without-training",
    summary="a Keras 3 model whose `call` lacks `training` never updates under `fit`",
    severity=Severity.ERROR,
    needs=(LAYERS, (b"def call",)),
    check=check,
)
