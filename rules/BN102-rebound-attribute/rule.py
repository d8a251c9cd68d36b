"""BN102: ``self.moving_mean = …`` replaces the variable by a tensor."""

from collections.abc import Iterator

from bnlint.analysis.module_facts.updates import Rebinding
from bnlint.analysis.prefilter import HAND_MADE
from bnlint.edits import before, replaced, safe, to_assign_call
from bnlint.findings import Finding, Fix, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import AnyOf, Leaks, Unchanged


def check(case: Case) -> Iterator[Finding]:
    """Attributes of ``self`` that held a variable and are bound to a tensor computed from it."""
    for rebinding in case.module.rebindings:
        binding = rebinding.binding
        if binding.kind == "augmented" or not rebinding.is_attribute or rebinding.kept or not rebinding.is_statistic:
            continue
        yield case.finding(
            rebinding.span,
            message=f"`{binding.path} = …` replaces the variable by a tensor",
            consequence="The attribute seems to move in eager mode, but the variable does not: it keeps its initial "
            "value, and that is what gets saved. Under `tf.function` or `fit` a tensor leaks out of its graph.",
            remedy=f"assign to the variable instead: `{binding.path}.assign(...)`",
            prediction=AnyOf((Unchanged("train-op" if case.era.tensorflow == "1" else "call"), Leaks())),
            scope=binding.scope,
            statistics=rebinding.statistics,
            confidence=rebinding.confidence,
            fix=_fix(case, rebinding),
        )


def _fix(case: Case, rebinding: Rebinding) -> Fix | None:
    """In a graph what reads the attribute afterwards gets the op by a name, and so runs it."""
    module, binding = case.module, rebinding.binding
    fix = to_assign_call(module, binding, "assign", keep_name=False)
    readers = [read for read in module.flow.readers(binding) if binding.id in read.bindings]
    if fix is None or case.era.tensorflow != "1" or not readers:
        return fix
    name = f"update_{rebinding.statistics[0].role or 'statistic'}"
    if name in module.scopes[binding.scope].bindings or any(len(read.bindings) != 1 for read in readers):
        return None
    named = (before(binding.span, f"{name} = "), *(replaced(read.span, name) for read in readers))
    return safe(fix.message, *named, *fix.edits)


RULE = Rule(
    code="BN102",
    name="rebound-attribute",
    summary="`self.statistic = …` replaces the variable by a tensor",
    severity=Severity.ERROR,
    needs=(*HAND_MADE, (b"self",)),
    check=check,
)
