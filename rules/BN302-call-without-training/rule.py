"""BN302: under Keras 3, ``fit`` tells a model that it trains only if its ``call`` takes ``training``."""

from collections.abc import Iterator

from bnlint.analysis.code.scopes import Scope
from bnlint.analysis.code.values import Parameter, is_false
from bnlint.analysis.project_facts.keras_models import ModelClass
from bnlint.edits import after, safe
from bnlint.findings import Confidence, Finding, Fix, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import Unchanged


def check(case: Case) -> Iterator[Finding]:
    """Subclassed models with a batch norm inside; Keras 2 passes the phase along by itself."""
    if case.era.tensorflow == "1" or (case.project.may_have_tape and not case.project.fits):
        return
    models = case.project.keras_models
    blamed: set[int] = set()
    for model in models.models(case.module):
        place = model.call if model.is_here else model.scope
        if model.call.parameter("training") is not None or place.id in blamed:
            continue
        misnamed = model.misnamed is not None and models.is_fitted(case.module, model.scope)
        in_keras_2 = misnamed and _is_off(model.misnamed)
        if case.era.keras == "2" and not in_keras_2:
            continue
        if not misnamed and models.knows_its_phase(case.module, model):
            continue
        blamed.add(place.id)
        yield _finding(case, model, place, model.misnamed if misnamed else None)


def _finding(case: Case, model: ModelClass, place: Scope, misnamed: Parameter | None) -> Finding:
    off = _is_off(misnamed)
    known = case.era.keras == "3" or off
    why = f"`{misnamed.name}` is not it" if misnamed is not None else "`**kwargs` does not count"
    return case.finding(
        place.definition,
        message=f"`{model.scope.name}.call` has no parameter named `training`",
        consequence=f"Keras 3's `fit` passes `training=True` only to a `call` that names the parameter ({why}), so the "
        "batch norm runs in inference mode while the model trains and its moving statistics stay at 0 and 1."
        + (" So it is in Keras 2: the default goes to the layer." if off else "")
        + ("" if known else " Keras 2 passes the phase along by itself."),
        remedy="add the parameter: `def call(self, …, training=None)`; the layers inside then learn the phase"
        if misnamed is None
        else f"name it `training` instead of `{misnamed.name}`",
        prediction=Unchanged("fit"),
        scope=place.id,
        symbol=model.scope.symbol,
        created=model.rows,
        confidence=Confidence.HIGH if known and case.project.fits else Confidence.MEDIUM,
        severity=Severity.ERROR if known else Severity.INFO,
        fix=_fix(model.call) if model.is_here and misnamed is None else None,
    )


def _is_off(flag: Parameter | None) -> bool:
    return flag is not None and is_false(flag.default)


def _fix(call: Scope) -> Fix | None:
    if call.last_parameter is None or call.has_kwargs:
        return None
    return safe("add `training=None` to `call`", after(call.last_parameter, ", training=None"))


RULE = Rule(
    code="BN302",
    name="call-without-training",
    summary="a Keras 3 model whose `call` lacks `training` never updates under `fit`",
    severity=Severity.ERROR,
    needs=((b"BatchNorm",), (b"class ",)),
    check=check,
)
