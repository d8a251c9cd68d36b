"""Statistics that the output in training is computed from, so that whatever moves them changes that output."""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.scopes import Statement
from bnlint.analysis.code.values import Call, Op, Read, Value, walk
from bnlint.analysis.module_facts.phases import Phases
from bnlint.analysis.module_facts.statistics import NORMALISE, ROOTS, Statistic
from bnlint.analysis.module_facts.updates import Rebinding, Update, added_statistics


class FeedBack:
    """Answers for one module."""

    def __init__(
        self,
        flow: Dataflow,
        phases: Phases,
        statistics: list[Statistic],
        updates: list[Update],
        rebindings: list[Rebinding],
    ) -> None:
        self._flow = flow
        self._phases = phases
        self._statistics = statistics
        self._updates = updates
        self._rebindings = rebindings

    def holds(self, statistic: Statistic, runs_once: bool) -> bool:
        """Whether a function that updates a statistic also normalises by it whenever it does.

        runs_once: the function builds a graph, and what a place then holds is not computed from what it held before.
        """
        if not runs_once and self._outlasts_calls(statistic):
            return False
        updating = list(self._updating(statistic))
        rows = {statement.index for statement in updating}
        return any(
            self._normalises_by(statistic, statement)
            for update in updating
            for statement in self._beside(update)
            if statement.index not in rows and not self._is_for_update(statement, rows)
        )

    def _beside(self, update: Statement) -> Iterator[Statement]:
        """The statements of a function that run whenever an update in it does."""
        for index in self._flow.tree.scopes[update.scope].statements:
            statement = self._flow.tree.statements[index]
            if set(statement.guards) <= set(update.guards):
                yield statement

    def _normalises_by(self, statistic: Statistic, statement: Statement) -> bool:
        """Whether a statement that training runs normalises by what a statistic holds."""
        return any(
            isinstance(part, Read)
            and part.path in statistic.paths
            and self._normalises(part)
            and self._phases.of_value(part) is not False
            and self._is_nothing_else(part, statistic)
            for part in walk(statement.value)
        )

    def _outlasts_calls(self, statistic: Statistic) -> bool:
        """Whether all that happens to a statistic is that a place which outlasts the call holds something else.

        The next call goes on from there, so what it puts out moves as if the variable had moved.
        """
        bound = [each for each in self._rebindings if statistic in each.statistics]
        if not bound or any(statistic in update.statistics for update in self._updates):
            return False
        return all(
            each.is_attribute or each.binding.path in self._flow.tree.scopes[each.binding.scope].outer_names
            for each in bound
        )

    def _updating(self, statistic: Statistic) -> Iterator[Statement]:
        """The statements that give a statistic, or the place that holds it, a new value."""
        for update in self._updates:
            if statistic in update.statistics and update.statement is not None:
                yield update.statement
        for call, _ in self._flow.index.methods.get("add_update", ()):
            statement = self._flow.statement(call) if call.args else None
            if statement is not None and statistic in added_statistics(self._flow, self._statistics, call):
                yield statement
        bound = {rebinding.binding.id for rebinding in self._rebindings if statistic in rebinding.statistics}
        yield from (each for each in self._flow.tree.statements if bound.intersection(each.bindings))

    def _is_for_update(self, statement: Statement, updates: set[int]) -> bool:
        """Whether a statement computes what an update takes: ``step = mean - self.moving_mean``."""
        readers = (read for index in statement.bindings for read in self._flow.readers(self._flow.tree.bindings[index]))
        return any(at is not None and at.index in updates for at in map(self._flow.statement, readers))

    def _is_nothing_else(self, read: Read, statistic: Statistic) -> bool:
        """Whether a place holds the statistic, or what has taken its place, on every way that leads to it."""
        taken = [each.binding.value for each in self._rebindings if statistic in each.statistics]
        own = {statistic.call, *(origin for value in taken for origin in self._flow.origins(value))}
        return own.issuperset(self._flow.origins(read))

    def _normalises(self, read: Read) -> bool:
        """Whether a value is subtracted, or is the mean or variance of a normalisation, or under a root."""
        value: Value = read
        while (parent := self._flow.parent(value)) is not None:
            if (
                isinstance(parent, Op)
                and parent.op == "-"
                and len(parent.operands) == 2
                and parent.operands[1] is value
            ):
                return True
            if isinstance(parent, Call) and self._flow.name_of(parent) in NORMALISE | ROOTS:
                return True
            value = parent
        return False
