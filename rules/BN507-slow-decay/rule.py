"""BN507: the momentum is so close to 1 that the training in sight cannot make the initial value forgotten."""

from collections.abc import Iterator

from bnlint.analysis.prefilter import LAYERS
from bnlint.edits import replaced, unsafe
from bnlint.findings import Confidence, Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import InitialShare

# Less of the initial value than this does no harm worth a note.
_TOO_MUCH = 0.2


def check(case: Case) -> Iterator[Finding]:
    """Only where the file shows every step of its training; a model may well be trained elsewhere as well."""
    for average in case.module.slow_averages:
        momentum = average.momentum
        if average.share <= _TOO_MUCH:
            continue
        yield case.finding(
            momentum.call.span,
            message=f"after the {average.steps} steps of this program {average.share:.0%} of the initial statistics "
            "are left",
            consequence=f"With momentum {momentum.number:g} the averages have hardly moved from 0 and 1 when training "
            "ends, so inference normalises with numbers that say little about the data.",
            remedy="use a smaller momentum, such as 0.9, or train longer",
            prediction=InitialShare(average.steps, average.share),
            scope=momentum.scope,
            created=[momentum.call.span.row],
            confidence=Confidence.LOW,
            fix=unsafe("use 0.9", replaced(momentum.value.span, "0.9")),
        )


RULE = Rule(
    code="BN507",
    name="slow-decay",
    summary="the momentum is too close to 1 for the steps that the file shows",
    severity=Severity.INFO,
    needs=(LAYERS, (b"momentum", b"decay"), (b"range", b"fit")),
    check=check,
)
