"""BN308: ``trainable`` is changed at a time when the model that is trained no longer heeds it, or heeds it too much."""

from collections.abc import Iterator

from bnlint.analysis.prefilter import LAYERS
from bnlint.findings import Confidence, Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import Changed, Unchanged


def check(case: Case) -> Iterator[Finding]:
    """Keras 2 fixes what trains when it compiles, Keras 3 at the first step after that."""
    second = case.era.keras == "2" or case.era.tensorflow == "1"
    if case.module.is_test or not case.project.keras_models.has_batch_norm(case.module):
        return
    for change in case.module.late_changes:
        known = second or case.era.keras == "3"
        if change.kind == ("shared" if second else "compiled"):
            continue
        part = case.text(change.binding.target).removesuffix(".trainable")
        if change.kind == "shared":
            message = f"`{part}` is frozen for another model, and then trained by itself"
            consequence = (
                f"Keras 3 heeds `trainable` at the first training step, not at `compile`: `{change.model}` trains "
                "nothing, and its batch norm runs in inference mode." + ("" if known else " (Keras 2 heeds `compile`.)")
            )
            remedy = "train the other model by a `GradientTape` over its own variables, or set `trainable` back and "
            remedy += "compile before each kind of step"
        else:
            after = "compiled" if change.kind == "compiled" else "first trained"
            message = f"`{part}.trainable` is set after `{change.model}` was {after}, and it is not compiled again"
            state = "still trains" if not change.value else "is still frozen"
            consequence = f"The change does nothing until the next `compile`: `{part}` {state}, its statistics too."
            remedy = f"call `{change.model}.compile(...)` after the change, or make the change before"
        frozen = change.value if change.kind != "shared" else True
        yield case.finding(
            change.binding.span,
            message=message,
            consequence=consequence,
            remedy=remedy,
            prediction=Unchanged("fit", though_frozen=change.kind == "shared") if frozen else Changed("fit"),
            scope=change.binding.scope,
            confidence=Confidence.HIGH if known else Confidence.MEDIUM,
            severity=Severity.INFO if change.kind == "shared" and not known else None,
        )


RULE = Rule(
    code="BN308",
    name="trainable-after-compile",
    summary="`trainable` is set when the model that is trained no longer heeds it",
    severity=Severity.WARNING,
    needs=((*LAYERS, b"applications"), (b".trainable",), (b"compile",)),
    check=check,
)
