"""What a process remembers of the files it has analysed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from bnlint.findings import FileError
from bnlint.source import Source

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts

Analysed: TypeAlias = "tuple[Source, ModuleFacts] | FileError"
Thing = TypeVar("Thing")


class Memory:
    """What was known of each file when it was last analysed, for as long as it does not change."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[bytes, Analysed]] = {}
        self._derived: dict[Hashable, dict[str, tuple[Source, Any]]] = {}

    def recall(self, source: Source) -> Analysed | None:
        """What is known of a file that is as it was."""
        data, analysed = self._known.get(source.filename, (None, None))
        return analysed if data == source.data else None

    def keep(self, source: Source, analysed: Analysed) -> None:
        """Remember a file, in place of what was known of it before."""
        self._known[source.filename] = (source.data, analysed)

    def forget_files(self) -> bool:
        """Forget what the analysis of files says; what follows from their texts alone stays. Whether there was any."""
        known, self._known = self._known, {}
        return bool(known)

    def derive(self, what: Hashable, sources: Iterable[Source], work: Callable[[Source], Thing]) -> list[Thing]:
        """What follows from the text of each file alone; worked out anew for those that changed."""
        shelf = self._derived.setdefault(what, {})
        found: list[Thing] = []
        for source in sources:
            before, thing = shelf.get(source.filename, (None, None))
            if before is not source and (before is None or before.data != source.data):
                thing = work(source)
            shelf[source.filename] = source, thing
            found.append(cast("Thing", thing))
        return found
