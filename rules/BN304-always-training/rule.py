"""BN304: a batch norm that serves inference is in training mode there too."""

from collections.abc import Iterator

from bnlint.analysis.flags import FlaggedCall
from bnlint.analysis.prefilter import LAYERS
from bnlint.analysis.values import Call, Const
from bnlint.edits import replaced, unsafe, with_argument
from bnlint.findings import Confidence, Edit, Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import AnyOf, Changed, DependsOnBatch

_MIXES = "At inference each sample is then normalised with the statistics of the batch it happens to be in"


def check(case: Case) -> Iterator[Finding]:
    """A literal True, or a default of True, where the code has two phases."""
    if case.module.is_test:
        return
    if case.era.tensorflow != "2":
        yield from _in_graphs(case)
    if case.era.tensorflow != "1":
        yield from _in_models(case)


def _in_graphs(case: Case) -> Iterator[Finding]:
    flags, phases = case.project.flags, case.module.phases
    for flagged in flags.of(case.module):
        literal = flagged.passed if isinstance(flagged.passed, Const) and flagged.passed.value is True else None
        left_out = flagged.passed is None and flagged.default
        if literal is None and (not left_out or flags.sets_scopes(case.module)):
            continue
        if phases.of_call(flagged.call) is not None or _has_twin(case, flagged):
            continue
        flag = phases.flag_at(flagged.scope)
        if flag is None and not _has_phases(case, flagged):
            continue
        told = "is told `True`" if literal is not None else f"gets no `{flagged.flag}=`, and the default is True"
        argument = f"{flagged.flag}={flag}"
        edit = replaced(literal.span, flag or "") if literal is not None else None
        if literal is None and not flagged.made_by_others:
            edit = with_argument(case.module, flagged.call, argument)
        yield _finding(case, flagged.call, flagged.scope, f"this batch norm {told}", flag, flagged.in_place, edit)
    for gap in flags.gaps(case.module) if case.era.tensorflow == "1" else ():
        if gap.default:
            argument = f"{gap.parameter.name}={gap.flag}"
            text = f"`{gap.function.name}` gets no `{gap.parameter.name}=`, and its default is True"
            yield _finding(
                case, gap.call, gap.scope, text, gap.flag, False, with_argument(case.module, gap.call, argument)
            )


def _has_phases(case: Case, flagged: FlaggedCall) -> bool:
    """Whether the program switches a flag that this layer does not see, or runs the trained network elsewhere."""
    flags = case.project.flags
    if flags.samples(case.module, flagged.scope) or not flags.trains(case.module):
        return False
    return flags.is_switched(case.module) or flags.is_served(case.module, flagged.scope)


def _has_twin(case: Case, flagged: FlaggedCall) -> bool:
    """Whether the same function builds a copy for inference as well."""
    others = [other.passed for other in case.project.flags.of(case.module) if other.scope == flagged.scope]
    return any(isinstance(passed, Const) and passed.value is False for passed in others)


def _in_models(case: Case) -> Iterator[Finding]:
    for call, literal, flag in case.project.keras_models.always_training(case.module):
        scope = case.module.flow.site(call).scope
        if not case.project.flags.samples(case.module, scope):
            edit = replaced(literal.span, flag or "False")
            yield _finding(case, call, scope, "this call is told `training=True`", flag or "False", True, edit)


def _finding(
    case: Case, call: Call, scope: int, message: str, flag: str | None, updates: bool, edit: Edit | None
) -> Finding:
    moved = ", and the moving statistics take up the data that the model is asked about." if updates else "."
    return case.finding(
        call.span,
        message=f"{message}, so inference runs in training mode",
        consequence=_MIXES + moved,
        remedy=f"pass the phase: `{flag}`" if flag else "pass a flag that tells the phases apart",
        prediction=AnyOf((Changed("inference"), DependsOnBatch())),
        scope=scope,
        confidence=Confidence.HIGH if flag else Confidence.MEDIUM,
        fix=unsafe(f"pass `{flag}`", edit) if flag and edit is not None else None,
    )


RULE = Rule(
    code="BN304",
    name="always-training",
    summary="a batch norm is in training mode at inference too",
    severity=Severity.WARNING,
    needs=((*LAYERS, b".restore("),),
    check=check,
)
