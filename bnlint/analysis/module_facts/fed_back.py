"""Statistics that the output in training is computed from, so that whatever moves them changes that output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.code.scopes import Statement
from bnlint.analysis.code.values import Call, Op, Read, Value, walk
from bnlint.analysis.module_facts.statistics import NORMALISE, ROOTS, Statistic
from bnlint.analysis.module_facts.updates import added_statistics

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts


def is_fed_back(module: ModuleFacts, statistic: Statistic, runs_once: bool) -> bool:
    """Whether a function that updates a statistic also normalises by it whenever it does.

    runs_once: the function builds a graph, and what a place then holds is not computed from what it held before.
    """
    if not runs_once and _outlasts_calls(module, statistic):
        return False
    updating = list(_updating(module, statistic))
    rows = {statement.index for statement in updating}
    for update in updating:
        for index in module.scopes[update.scope].statements:
            statement = module.flow.tree.statements[index]
            if (
                index in rows
                or not set(statement.guards) <= set(update.guards)
                or _is_for_update(module, statement, rows)
            ):
                continue
            reads = (part for part in walk(statement.value) if isinstance(part, Read) and part.path in statistic.paths)
            if any(
                _normalises(module, read)
                and module.phases.of_value(read) is not False
                and _is_nothing_else(module, read, statistic)
                for read in reads
            ):
                return True
    return False


def _outlasts_calls(module: ModuleFacts, statistic: Statistic) -> bool:
    """Whether all that happens to a statistic is that a place which outlasts the call holds something else.

    The next call goes on from there, so what it puts out moves as if the variable had moved.
    """
    bound = [each for each in module.rebindings if statistic in each.statistics]
    if not bound or any(statistic in update.statistics for update in module.updates):
        return False
    return all(
        each.is_attribute or each.binding.path in module.scopes[each.binding.scope].outer_names for each in bound
    )


def _updating(module: ModuleFacts, statistic: Statistic) -> Iterator[Statement]:
    """The statements that give a statistic, or the place that holds it, a new value."""
    for update in module.updates:
        if statistic in update.statistics and update.statement is not None:
            yield update.statement
    for call, _ in module.flow.index.methods.get("add_update", ()):
        statement = module.flow.statement(call) if call.args else None
        if statement is not None and statistic in added_statistics(module.flow, module.statistics, call):
            yield statement
    bound = {rebinding.binding.id for rebinding in module.rebindings if statistic in rebinding.statistics}
    yield from (each for each in module.flow.tree.statements if bound.intersection(each.bindings))


def _is_for_update(module: ModuleFacts, statement: Statement, updates: set[int]) -> bool:
    """Whether a statement computes what an update takes: ``step = mean - self.moving_mean``."""
    readers = (read for index in statement.bindings for read in module.flow.readers(module.flow.tree.bindings[index]))
    return any(at is not None and at.index in updates for at in map(module.flow.statement, readers))


def _is_nothing_else(module: ModuleFacts, read: Read, statistic: Statistic) -> bool:
    """Whether a place holds the statistic, or what has taken its place, on every way that leads to it."""
    taken = [each.binding.value for each in module.rebindings if statistic in each.statistics]
    own = {statistic.call, *(origin for value in taken for origin in module.flow.origins(value))}
    return own.issuperset(module.flow.origins(read))


def _normalises(module: ModuleFacts, read: Read) -> bool:
    """Whether a value is subtracted, or is the mean or variance of a normalisation, or under a root."""
    value: Value = read
    while (parent := module.flow.parent(value)) is not None:
        if isinstance(parent, Op) and parent.op == "-" and len(parent.operands) == 2 and parent.operands[1] is value:
            return True
        if isinstance(parent, Call) and module.flow.name_of(parent) in NORMALISE | ROOTS:
            return True
        value = parent
    return False
