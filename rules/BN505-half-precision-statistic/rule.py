"""BN505: a moving statistic in half precision cannot hold the small steps of its own average."""

from collections.abc import Iterator

from bnlint.analysis.module_facts.creation import Creation, is_half
from bnlint.analysis.prefilter import HAND_MADE
from bnlint.edits import replaced, safe
from bnlint.findings import Finding, Fix, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import Stalls


def check(case: Case) -> Iterator[Finding]:
    """Variables whose type is written out; what `mixed_float16` does to a layer leaves its statistics in float32."""
    for statistic in case.module.statistics:
        if not statistic.is_batch_norm or "average" not in statistic.evidence:
            continue
        creation = case.module.creation(statistic)
        if not is_half(creation.dtype):
            continue
        yield case.finding(
            statistic.span,
            message=f"`{statistic.name}` is a {creation.dtype} variable: too coarse for a moving average",
            consequence="A step of the average moves the value by a small part of itself. As soon as that part is "
            "smaller than the distance to the next number the type can hold, the value stands still, wrong.",
            remedy="keep moving statistics in float32 and cast the batch's statistics to it",
            prediction=Stalls(),
            scope=statistic.scope,
            statistics=[statistic],
            fix=_fix(case, creation),
        )


def _fix(case: Case, creation: Creation) -> Fix | None:
    value, dtype = creation.dtype_value, creation.dtype
    text = case.text(value.span) if value is not None else ""
    if value is None or dtype is None or dtype not in text:
        return None
    return safe("use float32", replaced(value.span, text.replace(dtype, "float32")))


RULE = Rule(
    code="BN505",
    name="half-precision-statistic",
    summary="a moving statistic is kept in half precision",
    severity=Severity.WARNING,
    needs=((b"float16", b"half"), *HAND_MADE),
    check=check,
)
