"""BN103: ``moving_mean += …`` makes a new tensor, or raises; it never updates the variable."""

from collections.abc import Iterator

from bnlint.analysis.code.values import Op
from bnlint.analysis.module_facts.updates import Rebinding
from bnlint.analysis.prefilter import HAND_MADE
from bnlint.edits import to_assign_call
from bnlint.findings import Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import AnyOf, Raises, Unchanged

_METHODS = {"+": "assign_add", "-": "assign_sub"}


def check(case: Case) -> Iterator[Finding]:
    """Augmented assignments to something that holds a variable."""
    graph = case.era.tensorflow == "1"
    for rebinding in case.module.rebindings:
        binding = rebinding.binding
        if binding.kind != "augmented" or not isinstance(binding.value, Op) or not _is_moving(rebinding):
            continue
        operator = binding.value.op
        method = _METHODS.get(operator)
        fix = to_assign_call(case.module, binding, method, keep_name=graph) if method is not None else None
        yield case.finding(
            rebinding.span,
            message=f"`{binding.path} {operator}= …` does not update the variable",
            consequence="On a keras.Variable (Keras 3) or a TensorFlow 1 reference variable the name silently becomes "
            "a tensor and the variable keeps its initial value; on another tf.Variable it raises RuntimeError.",
            remedy=f"use `{binding.path}.{method}(...)`" if method else f"use `{binding.path}.assign(...)`",
            prediction=AnyOf(
                (Unchanged("train-op" if graph else "call"), Raises(("RuntimeError", "AttributeError", "TypeError")))
            ),
            scope=binding.scope,
            statistics=rebinding.statistics,
            confidence=rebinding.confidence,
            fix=fix,
        )


def _is_moving(rebinding: Rebinding) -> bool:
    """Whether it is a moving statistic, by its use, its name or the average; not a counter or a learning rate."""
    if rebinding.average is not None:
        return rebinding.is_statistic
    return any(
        each.is_batch_norm or "name" in each.evidence or (each.role is not None and not each.trainable)
        for each in rebinding.statistics
    )


RULE = Rule(
    code="BN103",
    name="augmented-statistic",
    summary="`+=` and its like on a moving statistic never update its variable",
    severity=Severity.ERROR,
    needs=(*HAND_MADE, (b"+=", b"-=", b"*=", b"/=")),
    check=check,
)
