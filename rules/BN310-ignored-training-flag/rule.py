"""BN310: the training flag changes nothing, or switches the normalisation off: nothing is kept for inference."""

from collections.abc import Iterator

from bnlint.findings import Confidence, Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import DependsOnBatch, NoStatistics


def check(case: Case) -> Iterator[Finding]:
    """Functions with a flag that normalise by the moments of the batch and keep no moving statistics."""
    for found in case.project.batch_only(case.module).all:
        name = found.flag.name
        if found.call is None:
            message = f"the flag `{name}` is never read: both phases normalise with the statistics of the batch"
            consequence = (
                "There are no moving statistics. At inference the answer for a sample depends on the batch "
                "it happens to be in, and a single sample is normalised to nothing but the offset."
            )
        else:
            message = f"without `{name}` nothing normalises here, and no statistics are kept for it"
            consequence = (
                "Training normalises with the statistics of the batch, inference not at all: the layers after it get "
                "inputs of another mean and scale than those they were trained on."
            )
        yield case.finding(
            found.flag.span if found.call is None else found.call.span,
            message=message,
            consequence=consequence,
            remedy="keep moving statistics, update them in training and normalise with them at inference; "
            "or use the batch-norm layer of the framework",
            prediction=DependsOnBatch() if found.call is None else NoStatistics(),
            scope=found.function.id,
            confidence=Confidence.HIGH if found.serves else Confidence.MEDIUM,
            severity=Severity.WARNING if found.serves else Severity.INFO,
        )


RULE = Rule(
    code="BN310",
    name="ignored-training-flag",
    summary="a training flag changes nothing, or switches the normalisation off",
    severity=Severity.WARNING,
    needs=((b"moments",),),
    check=check,
)
