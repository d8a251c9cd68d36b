"""BN307: the learning phase is pinned to inference before the training."""

from collections.abc import Iterator

from bnlint.edits import deleted, unsafe
from bnlint.findings import Confidence, Finding, Related, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import Unchanged


def check(case: Case) -> Iterator[Finding]:
    """Graph code of Keras 2; in eager TensorFlow 2 ``fit`` does not ask, Keras 3 has no such function."""
    known = case.era.tensorflow == "1"
    elsewhere = case.era.tensorflow == "2" or (case.era.keras == "3" and not known)
    if elsewhere or not case.module.pinned_phases or not case.project.keras_models.in_sight(case.module):
        return
    for pinned in case.module.pinned_phases:
        yield case.finding(
            pinned.call.span,
            message="this pins all layers to inference, and a model is trained after it",
            consequence="Batch norm does not normalise with the statistics of the batch while the model trains, and "
            "its moving statistics stay at 0 and 1; dropout does not drop."
            + ("" if known else " That is so in a TensorFlow 1 graph; eager Keras 2 sets the phase in `fit`."),
            remedy="remove the call; `fit` and `predict` set the phase. Pin it in the script that exports the model",
            prediction=Unchanged("fit"),
            scope=pinned.scope,
            related=[Related("the training", case.module.filename, pinned.training.span)],
            confidence=Confidence.HIGH if known else Confidence.MEDIUM,
            severity=None if known else Severity.WARNING,
            fix=unsafe("remove the call", deleted(case.module, pinned.call.span)),
        )


RULE = Rule(
    code="BN307",
    name="pinned-learning-phase",
    summary="the learning phase is pinned to inference before the training",
    severity=Severity.ERROR,
    needs=((b"set_learning_phase",),),
    check=check,
)
