"""Readings of UPDATE_OPS that stand before the layers whose updates they are meant to catch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.code.scopes import Scope, Statement
from bnlint.analysis.code.values import Call, Const, Value, walk
from bnlint.analysis.module_facts.collections import UPDATE_OPS, CollectionRead
from bnlint.analysis.project_facts.graph_scopes import built_under, surely_picks
from bnlint.frozen import dataclass

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts

# How many functions a layer may be built through.
_DEPTH = 6


@dataclass(frozen=True, slots=True)
class EarlyRead:
    """A reading, the first call after it that builds layers, and whether none were built before it."""

    read: CollectionRead
    builder: Call
    is_empty: bool


def early_reads(project: ProjectFacts, module: ModuleFacts) -> Iterator[EarlyRead]:
    """The readings of a module that miss layers which the same function builds later."""
    everything = _Builders(project, None)
    reads = [read for read in module.collections.reads if read.key == UPDATE_OPS and read.used]
    for read in reads:
        # A scope that is computed picks a tower; the reference of a collection is the list itself, not a copy.
        site = module.flow.site(read.call)
        if not (read.part is None or isinstance(read.part, Const)) or read.is_reference or site.loops:
            continue
        builders = everything if read.part is None else _Builders(project, read.part)
        place = module.flow.statement(read.call)
        if place is None:
            continue
        own = [module.flow.tree.statements[index] for index in module.scopes[site.scope].statements]
        after = [
            call for statement in own if statement.index > place.index for call in builders.direct(module, statement)
        ]
        if not after or _read_again(reads, read, after[0]):
            continue
        before = any(True for s in own if s.index < place.index for _ in builders.direct(module, s))
        if not before or any(module.collections.place_at(call) for call in after):
            yield EarlyRead(read, after[0], not before)


def _read_again(reads: list[CollectionRead], early: CollectionRead, builder: Call) -> bool:
    """Whether a later reading catches the same layers."""
    later = (read for read in reads if read.call.span > builder.span)
    return any(read.part is None or early.part is None or _text(read.part) == _text(early.part) for read in later)


def _text(scope: Value) -> object:
    return scope.value if isinstance(scope, Const) else None


class _Builders:
    """Which calls build layers that fill UPDATE_OPS, or fill it by hand; with ``part`` those alone that it picks."""

    def __init__(self, project: ProjectFacts, part: Value | None) -> None:
        self._project = project
        self._part = part
        self._known: dict[tuple[str, int], bool] = {}

    def direct(self, module: ModuleFacts, statement: Statement) -> Iterator[Call]:
        """The calls in a statement that build layers, themselves or through functions of the project."""
        for value in walk(statement.value):
            if isinstance(value, Call) and self._builds(module, value, _DEPTH):
                yield value

    def _builds(self, module: ModuleFacts, call: Call, depth: int) -> bool:
        place = module.collections.place_at(call)
        if place is not None:
            fills = place.collection == UPDATE_OPS and place.flag in ("on", "varies")
            return fills and self._picks(module, call)
        if self._part is None and any(add.call is call and add.key == UPDATE_OPS for add in module.collections.adds):
            return True
        called = self._project.links.called(module, call) if depth > 0 else None
        return called is not None and self._in_scope(*called, depth)

    def _picks(self, module: ModuleFacts, call: Call) -> bool:
        return self._part is None or surely_picks(self._part, built_under(self._project, module, call))

    def _in_scope(self, module: ModuleFacts, scope: Scope, depth: int) -> bool:
        key = (module.filename, scope.id)
        if key not in self._known:
            self._known[key] = False
            self._known[key] = any(self._builds(module, call, depth - 1) for call in scope.calls)
        return self._known[key]
