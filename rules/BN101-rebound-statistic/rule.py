"""BN101: a name or dict slot that holds a moving statistic is bound to the new value with ``=``."""

from collections.abc import Iterator

from bnlint.analysis.module_facts.updates import Rebinding
from bnlint.analysis.prefilter import HAND_MADE
from bnlint.edits import assigned_in_graph, to_assign_call
from bnlint.findings import Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import AnyOf, Leaks, Unchanged


def check(case: Case) -> Iterator[Finding]:
    """Plain names and dict slots; attributes of ``self`` are BN102's, ``+=`` is BN103's."""
    graph = case.era.tensorflow == "1"
    lost = [each for each in case.module.rebindings if _is_lost(each)]
    fixes = assigned_in_graph(case.module, [(each.binding, "assign") for each in lost]) if graph else {}
    for rebinding in lost:
        binding = rebinding.binding
        yield case.finding(
            rebinding.span,
            message=f"`{binding.path}` is rebound with `=`: the variable behind it never gets the new value",
            consequence="From here on the name means a tensor. The variable keeps its initial value for ever, "
            "and that is what inference reads.",
            remedy=f"assign to the variable instead: `{binding.path}.assign(...)`",
            prediction=AnyOf((Unchanged("train-op" if graph else "call"), Leaks())),
            scope=binding.scope,
            statistics=rebinding.statistics,
            confidence=rebinding.confidence,
            fix=fixes.get(binding.id) if graph else to_assign_call(case.module, binding, "assign", keep_name=False),
        )


def _is_lost(rebinding: Rebinding) -> bool:
    if rebinding.binding.kind == "augmented" or rebinding.is_attribute:
        return False
    return rebinding.is_statistic and not rebinding.kept


RULE = Rule(
    code="BN101",
    name="rebound-statistic",
    summary="a moving statistic is rebound with `=`, so its variable is never updated",
    severity=Severity.ERROR,
    needs=HAND_MADE,
    check=check,
)
