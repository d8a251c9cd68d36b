"""Networks that are built twice, for training and for inference, and whether both share their statistics."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from bnlint.analysis.code.scopes import Scope
from bnlint.analysis.code.values import Call, Const, walk
from bnlint.analysis.module_facts.phases import is_flag_name
from bnlint.frozen import dataclass

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts

# Blocks that give the variables inside a name of their own, or a graph of their own.
_SCOPES = frozenset({"tf.variable_scope", "tf.variable_op_scope", "tf.make_template", "slim.arg_scope", "tf.arg_scope"})
_GRAPHS = frozenset({"as_default", "variable_scope"})
# How many functions lie between the one that is called twice and the layer.
_DEPTH = 4


@dataclass(frozen=True, slots=True)
class UnsharedStatistics:
    """A place that makes statistics, in a function that one program calls for training and for inference.

    call: what makes them; training, inference: the two calls, in ``module``.
    """

    call: Call
    scope: int
    module: ModuleFacts
    training: Call
    inference: Call


def unshared_statistics(project: ProjectFacts, module: ModuleFacts) -> Iterator[UnsharedStatistics]:
    """The places of a module that make one set of statistics for each phase."""
    for call in _makers(module):
        scope = module.flow.site(call).scope
        if _is_scoped(module, call) or module.scopes[scope].kind != "function":
            continue
        found = _called_for_both(project, module, module.scopes[scope], _DEPTH)
        if found is not None:
            yield UnsharedStatistics(call, scope, *found)


def _makers(module: ModuleFacts) -> Iterator[Call]:
    """Calls that make statistics anew, under a name that nobody else has."""
    for layer in module.layer_functions:
        named = layer.options.keys() & {"name", "scope", "reuse"}
        if layer.complete and not named and not layer.is_frozen:
            yield layer.call
    for statistic in module.statistics:
        if statistic.made_by == "tf.Variable" and statistic.is_batch_norm and "average" in statistic.evidence:
            yield statistic.call


def _called_for_both(
    project: ProjectFacts, module: ModuleFacts, function: Scope, depth: int
) -> tuple[ModuleFacts, Call, Call] | None:
    """Two calls of a function in one scope, one with the flag on and one with it off; also of what calls it."""
    sites = [(home, call) for home, call in project.links.calls_of(module, function) if not _is_scoped(home, call)]
    for (home, one), (other_home, other) in combinations(sites, 2):
        if home is not other_home or not _both_run(home, one, other):
            continue
        flags = _flag(home, one, function), _flag(home, other, function)
        if flags == (True, False):
            return home, one, other
        if flags == (False, True):
            return home, other, one
    for home, call in sites if depth > 0 else ():
        outer = home.scopes[home.flow.site(call).scope]
        if outer.kind == "function" and outer is not function:
            found = _called_for_both(project, home, outer, depth - 1)
            if found is not None:
                return found
    return None


def _flag(module: ModuleFacts, call: Call, function: Scope) -> bool | None:
    for parameter in function.parameters:
        if is_flag_name(parameter.name):
            passed = module.flow.passed(call, function, parameter.name) or parameter.default
            if isinstance(passed, Const) and isinstance(passed.value, bool):
                return passed.value
    return None


def _both_run(module: ModuleFacts, one: Call, other: Call) -> bool:
    """Whether two calls stand in one function, in no branches that exclude each other, and nothing turns reuse on."""
    flow = module.flow
    first, second = flow.site(one), flow.site(other)
    shared = min(len(first.guards), len(second.guards))
    if first.scope != second.scope or first.guards[:shared] != second.guards[:shared]:
        return False
    methods = (flow.method_of(call) for call in module.scopes[first.scope].calls)
    return not any(method is not None and method[1] == "reuse_variables" for method in methods)


def _is_scoped(module: ModuleFacts, call: Call) -> bool:
    """Whether a call stands in a block that may share variables or keep graphs apart, or says ``reuse`` itself."""
    for block_id in module.flow.site(call).blocks:
        for value in walk(module.flow.tree.blocks[block_id].context):
            if isinstance(value, Call):
                method = module.flow.method_of(value)
                if module.flow.name_of(value) in _SCOPES or (method is not None and method[1] in _GRAPHS):
                    return True
    return call.keyword("reuse", "scope_reuse") is not None
