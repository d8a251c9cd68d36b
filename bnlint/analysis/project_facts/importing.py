"""Which files an import means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

Thing = TypeVar("Thing")

# Names that lead out of the project, whatever a file of it may be called.
LIBRARIES = frozenset({"tensorflow", "keras", "numpy", "tf_keras", "tf_slim", "__future__", "os", "sys"})


class Importable(Generic[Thing]):
    """Files by their dotted names, and by every ending of these: imports rarely start at the folder bnlint was given.

    root: the names of that folder and of those around it, outermost first; with which imports start if it is a package.
    """

    def __init__(self, things: Iterable[tuple[str, Thing]], root: Sequence[str] = ()) -> None:
        self._root = tuple(root)
        self._by_ending: dict[str, list[tuple[str, Thing]]] = defaultdict(list)
        for name, thing in things:
            parts = name.split(".")
            for start in range(len(parts)):
                self._by_ending[".".join(parts[start:])].append((name, thing))

    def named(self, name: str, package: str | None) -> list[Thing]:
        """The files that a name may mean in a package: of several that fit, those nearest to it.

        package: dotted; None if nothing is known of who imports.
        """
        fitting = self._by_ending.get(name) or self._inside_root(name)
        if package is None or len(fitting) < 2:
            return [thing for _, thing in fitting]
        around = package.split(".") if package else []
        # The folder of the importing file, or that of the script which runs it.
        for length in range(len(around), -1, -1):
            nearest = ".".join([*around[:length], name])
            beside = [thing for full, thing in fitting if full == nearest]
            if beside:
                return beside
        return [thing for _, thing in fitting]

    def _inside_root(self, name: str) -> list[tuple[str, Thing]]:
        parts = tuple(name.split("."))
        for length in range(1, len(parts) if parts[0] not in LIBRARIES else 0):
            if parts[:length] == self._root[-length:]:
                inside = ".".join(parts[length:])
                return [each for each in self._by_ending.get(inside, ()) if each[0] == inside]
        return []
