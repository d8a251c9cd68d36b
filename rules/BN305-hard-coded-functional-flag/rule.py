"""BN305: a functional model is built with a literal ``training=``."""

from collections.abc import Iterator

from bnlint.analysis.prefilter import LAYERS
from bnlint.analysis.project_facts.fixed_flags import FixedCall, is_frozen
from bnlint.edits import before, below, unsafe, without_argument
from bnlint.findings import Confidence, Finding, Fix, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import Changed


def check(case: Case) -> Iterator[Finding]:
    """Keras 2 keeps the literal for ever; Keras 3 replaces it by the flag of whoever calls the model."""
    if case.era.tensorflow == "1" or case.module.is_test:
        return
    for call in case.project.fixed_calls(case.module):
        wrong_in = "2" if call.training else "3"
        if case.era.keras not in (wrong_in, None) or (not call.training and is_frozen(case.module, call.callee)):
            continue
        known = case.era.keras is not None
        when = "" if known else f" That is so in Keras {wrong_in}; Keras {5 - int(wrong_in)} does what the text says."
        if call.training:
            consequence = (
                "Keras 2 honours the literal in every call of the model: `predict` and `evaluate` normalise with the "
                "statistics of the batch and move the moving ones." + when
            )
            remedy = "leave the flag out; `fit` and `predict` pass the right one"
        else:
            consequence = (
                "Keras 3 replaces the literal by the flag of the caller: `fit` moves the statistics of a layer that "
                "was meant to be frozen." + when
            )
            remedy = "set `trainable = False` on the layer before `compile`"
        yield case.finding(
            call.call.span,
            message=f"`training={call.training}` is fixed while the functional model is built",
            consequence=consequence,
            remedy=remedy,
            prediction=Changed("predict" if call.training else "fit"),
            scope=call.scope,
            created=call.rows,
            confidence=Confidence.HIGH if known else Confidence.MEDIUM,
            severity=None if known else Severity.INFO,
            fix=_fix(case, call),
        )


def _fix(case: Case, call: FixedCall) -> Fix | None:
    removed = without_argument(case.module, call.call, call.flag)
    if call.training:
        return unsafe("leave the flag to the caller of the model", removed)
    statement = case.module.flow.statement(call.call)
    norm = case.module.name_in_code("keras.layers.BatchNormalization")
    if call.callee is None or statement is None:
        return None
    if not call.of_layers:
        text = f"{call.callee}.trainable = False\n{' ' * (statement.span.column - 1)}"
        return None if call.unfrozen else unsafe(f"freeze `{call.callee}`", before(statement.span, text), removed)
    # Its weights may go on to be trained: what the literal was to keep are the statistics.
    if norm is None or any(binding.scope != call.scope for binding in call.unfrozen):
        return None
    rows = (
        f"for layer in {call.callee}.layers:",
        f"    if isinstance(layer, {norm}):",
        "        layer.trainable = False",
    )
    if call.unfrozen:
        loops = [below(case.module, binding.span, *rows) for binding in call.unfrozen]
    else:
        loops = [before(statement.span, "".join(f"{row}\n{' ' * (statement.span.column - 1)}" for row in rows))]
    return unsafe(f"freeze the batch norms of `{call.callee}`", *loops, removed)


RULE = Rule(
    code="BN305",
    name="hard-coded-functional-flag",
    summary="a functional Keras model is built with a literal `training=`",
    severity=Severity.WARNING,
    needs=((*LAYERS, b"applications"), (b"training=True", b"training=False", b"training = ")),
    check=check,
)
