"""Updates of statistics that a Keras layer hands to ``self.add_update``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.code.values import Call, Sequence, Value
from bnlint.analysis.module_facts.statistics import Statistic
from bnlint.analysis.module_facts.updates import added_statistics
from bnlint.frozen import dataclass

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts


@dataclass(frozen=True, slots=True)
class AddedUpdate:
    """A call of ``self.add_update`` with updates of statistics.

    alone: what is passed, if that is one single update; pair: its variable and new value, if it is no op but a tuple.
    has_pairs: some update is such a tuple, which only a graph knows how to run.
    """

    call: Call
    scope: int
    alone: Value | None
    pair: tuple[Value, Value] | None
    has_pairs: bool
    statistics: tuple[Statistic, ...]


def added_updates(project: ProjectFacts, module: ModuleFacts) -> Iterator[AddedUpdate]:
    """The calls of ``add_update`` in the Keras layers of a module; a class may define a method of that name itself."""
    for call, _ in module.flow.index.methods.get("add_update", ()):
        if not call.args:
            continue
        scope = module.flow.site(call).scope
        owner = module.flow.class_of(scope)
        if owner is None or project.links.method(module, owner, "add_update") is not None:
            continue
        if not any(base.startswith("keras.") for base in project.links.base_names(module, owner)):
            continue
        statistics = added_statistics(module.flow, module.statistics, call)
        if statistics:
            updates = list(_updates(module, call.args[0]))
            pairs = [_pair(update) for update in updates]
            single = updates[0] if len(updates) == 1 and len(call.args) == 1 and not call.keywords else None
            yield AddedUpdate(
                call, scope, single, pairs[0] if single is not None else None, any(pairs), tuple(statistics)
            )


def _updates(module: ModuleFacts, value: Value) -> Iterator[Value]:
    """The updates that are passed: one, or a list of them."""
    if isinstance(value, Sequence) and _pair(value) is None:
        for item in value.items:
            yield from _updates(module, item)
    else:
        yield value


def _pair(value: Value) -> tuple[Value, Value] | None:
    """``(variable, new_value)``; a tuple of two updates is made of calls."""
    if isinstance(value, Sequence) and len(value.items) == 2 and not isinstance(value.items[0], (Call, Sequence)):
        return value.items[0], value.items[1]
    return None
