"""BN506: the batch's statistics are taken over axes that do not leave one value for each channel."""

from collections.abc import Iterator

from bnlint.analysis.prefilter import ASSIGNS, HAND_MADE
from bnlint.analysis.project_facts.axes import WrongReduction
from bnlint.edits import replaced, unsafe
from bnlint.findings import Confidence, Finding, Fix, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import AnyOf, Raises, SameInAllChannels

_SAYS = {
    "none": "this reduces the batch to a single number for all channels",
    "channels": "this reduces over the channels as well",
    "batch": "this does not reduce over the batch axis",
}
_MEANS = {
    "none": "The one number is copied to every channel of the statistic, without an error: inference normalises all "
    "channels alike.",
    "channels": "One number for all channels is copied to every channel of the statistic, without an error: inference "
    "normalises all channels alike.",
    "batch": "The result has a value for each example and not for each channel: assigning it raises ValueError, or "
    "fills the statistic with something else where the sizes agree.",
}


def check(case: Case) -> Iterator[Finding]:
    """Only where the statistic is known to have channels, and the axes are written out."""
    for wrong in case.project.wrong_reductions(case.module):
        doubt = "" if wrong.certain else " (right only for data with an unusual layout)"
        yield case.finding(
            wrong.call.span,
            message=_SAYS[wrong.fault] + doubt,
            consequence=_MEANS[wrong.fault],
            remedy="reduce over all axes but the channel axis: `[0]` for a matrix, `[0, 1, 2]` for images with the "
            "channels last",
            prediction=AnyOf((SameInAllChannels(), Raises(("ValueError", "InvalidArgumentError")))),
            scope=wrong.scope,
            statistics=wrong.statistics,
            confidence=Confidence.HIGH if wrong.certain else Confidence.LOW,
            severity=Severity.ERROR if wrong.certain else Severity.INFO,
            fix=_fix(wrong),
        )


def _fix(wrong: WrongReduction) -> Fix | None:
    if wrong.axes is None or wrong.rank is None or wrong.fault != "channels":
        return None
    axes = str(list(range(wrong.rank - 1)))
    return unsafe(f"reduce over {axes}", replaced(wrong.axes.span, axes))


RULE = Rule(
    code="BN506",
    name="wrong-axes",
    summary="the batch's statistics are taken over the wrong axes",
    severity=Severity.ERROR,
    needs=(*HAND_MADE, ASSIGNS),
    check=check,
)
