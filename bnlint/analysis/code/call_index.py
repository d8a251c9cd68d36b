"""The calls of one module by the names of what they call, every answer in program order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from bnlint.analysis.code.values import Call, Value

if TYPE_CHECKING:
    from bnlint.analysis.code.dataflow import Dataflow


class CallIndex:
    """Answers for one module."""

    def __init__(self, flow: Dataflow) -> None:
        self._flow = flow

    def named(self, *names: str) -> list[Call]:
        """The calls of imported functions with one of these canonical names."""
        return _under(self._by_name, names)

    @cached_property
    def methods(self) -> dict[str, list[tuple[Call, Value]]]:
        """The calls of methods by their names, each with what it is called on."""
        found: dict[str, list[tuple[Call, Value]]] = {}
        for call in self._flow.tree.calls:
            method = self._flow.method_of(call)
            if method is not None:
                found.setdefault(method[1], []).append((call, method[0]))
        return found

    def of_methods(self, *names: str) -> list[tuple[Call, Value]]:
        """The calls of methods with one of these names, each with what it is called on."""
        found = [each for name in names for each in self.methods.get(name, ())]
        return sorted(found, key=lambda each: each[0].id)

    def tail_of(self, call: Call) -> str:
        """The last part of the name of what is called, a method or an imported function; "" for anything else."""
        method = self._flow.method_of(call)
        return method[1] if method is not None else (self._flow.name_of(call) or "").rpartition(".")[2]

    def ending(self, *tails: str) -> list[Call]:
        """The calls of methods, or of imported functions, whose names end with one of these."""
        return _under(self._by_tail, tails)

    @cached_property
    def _by_name(self) -> dict[str, list[Call]]:
        found: dict[str, list[Call]] = {}
        for call in self._flow.tree.calls:
            name = self._flow.name_of(call)
            if name is not None:
                found.setdefault(name, []).append(call)
        return found

    @cached_property
    def _by_tail(self) -> dict[str, list[Call]]:
        found: dict[str, list[Call]] = {}
        for call in self._flow.tree.calls:
            found.setdefault(self.tail_of(call), []).append(call)
        return found


def _under(index: Mapping[str, list[Call]], names: Iterable[str]) -> list[Call]:
    found = [call for name in names for call in index.get(name, ())]
    return sorted(found, key=lambda call: call.id)
