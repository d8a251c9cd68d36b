"""BN301: a batch norm is not told that it trains, so it stays in inference mode."""

from collections.abc import Iterator

from bnlint.analysis.flags import FlaggedCall
from bnlint.analysis.prefilter import LAYERS
from bnlint.analysis.values import Call
from bnlint.edits import unsafe, with_argument
from bnlint.findings import Confidence, Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import Unchanged

_STAYS = "normalises with its initial statistics, 0 and 1, while the network trains, and never updates them."


def check(case: Case) -> Iterator[Finding]:
    """Layers of TensorFlow 1, flags that a wrapper does not hand on, and models in a loop of their own."""
    if case.module.is_test:
        return
    if case.era.tensorflow != "2":
        yield from _in_graphs(case)
    if case.era.tensorflow != "1":
        yield from _in_wrappers(case)
        yield from _under_tapes(case)


def _in_graphs(case: Case) -> Iterator[Finding]:
    flags, phases = case.project.flags, case.module.phases
    left_out = [call for call in flags.of(case.module) if call.passed is None and not call.default]
    for flagged in left_out:
        if phases.of_call(flagged.call) is False or phases.serves(flagged.scope) or _is_twin(case, flagged):
            continue
        trains = flags.trains(case.module)
        yield _finding(
            case,
            flagged.call,
            flagged.scope,
            f"this batch norm gets no `{flagged.flag}=`, and the default is False",
            f"The layer {_STAYS}",
            phases.flag_at(flagged.scope),
            Unchanged("train-op"),
            confidence=Confidence.HIGH if trains else Confidence.LOW,
            severity=None if trains else Severity.INFO,
            addable=not flagged.made_by_others,
        )
    for gap in flags.gaps(case.module) if case.era.tensorflow == "1" else ():
        if not gap.default and gap.told_elsewhere:
            text = f"`{gap.function.name}` gets no `{gap.parameter.name}=`, and its default is False"
            told = f"The batch norm inside {_STAYS}"
            yield _finding(case, gap.call, gap.scope, text, told, gap.flag, Unchanged("train-op"), gap.parameter.name)


def _is_twin(case: Case, flagged: FlaggedCall) -> bool:
    """Whether the same function builds the training copy too, so that this one is for inference."""
    others = [other for other in case.project.flags.of(case.module) if other.scope == flagged.scope]
    return flagged.call.keyword("reuse") is not None and any(other.passed is not None for other in others)


def _in_wrappers(case: Case) -> Iterator[Finding]:
    for use, layer, flag in case.project.keras_models.unforwarded(case.module):
        if case.project.has_tape:
            yield _finding(
                case,
                use.call,
                use.scope,
                f"the flag `{flag}` is not handed on to this batch norm, and nothing else tells it the phase",
                f"Outside of Keras classes a layer learns the phase from its caller alone: it {_STAYS}",
                flag,
                Unchanged("call"),
                created=[layer.span.row],
            )


def _under_tapes(case: Case) -> Iterator[Finding]:
    for called in case.project.tape_calls.get(case.module.filename, ()):
        yield _finding(
            case,
            called.call,
            called.scope,
            "this training step calls the model without `training=True`",
            f"Outside of `fit` a model is in inference mode by default: its batch norm {_STAYS}",
            "True",
            Unchanged("call"),
        )


def _finding(
    case: Case,
    call: Call,
    scope: int,
    message: str,
    consequence: str,
    flag: str | None,
    prediction: Unchanged,
    name: str = "training",
    created: list[int] | None = None,
    confidence: Confidence = Confidence.HIGH,
    severity: Severity | None = None,
    addable: bool = True,
) -> Finding:
    argument = f"{name}={flag or 'training'}"
    return case.finding(
        call.span,
        message=message,
        consequence=consequence,
        remedy=f"pass the phase: `{argument}`" + ("" if flag else ", with a flag that the caller gives"),
        prediction=prediction,
        scope=scope,
        created=created or (),
        confidence=confidence,
        severity=severity,
        fix=unsafe(f"pass `{argument}`", with_argument(case.module, call, argument)) if flag and addable else None,
    )


RULE = Rule(
    code="BN301",
    name="missing-training-flag",
    summary="a batch norm is not told that it trains, so its statistics never move",
    severity=Severity.ERROR,
    needs=(LAYERS,),
    check=check,
)
