"""A large project in parts that are judged one by one: what may run together, and little besides.

What never runs together with some files has no say in what becomes of their statistics. So a part needs the facts of
few files, several parts can be judged at once, and each takes the memory of one. How a project is divided depends on
its files alone, not on how many processes there are, and so do the findings.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby

from bnlint.analysis.project_facts.program import Programs
from bnlint.frozen import dataclass

# Bytes of source that are analysed in less time than it takes to divide them.
ENOUGH = 1_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """Files to judge, by name. ``near``: all files to parse for that, these included."""

    files: frozenset[str]
    near: frozenset[str]

    def together(self, other: Part) -> Part:
        """One part of two."""
        return Part(self.files | other.files, self.near | other.near)


def parts_of(programs: Programs, files: Collection[str], sizes: Mapping[str, int]) -> list[Part]:
    """The parts in which some files are judged, the one that costs most first.

    sizes: the bytes of all files that are to be parsed if they are near one of these.
    """

    def near(names: Iterable[str]) -> Part:
        some = frozenset(names)
        return Part(some, frozenset(programs.around(some) & sizes.keys()))

    def cost(names: Iterable[str]) -> int:
        return sum(sizes[name] for name in names)

    whole = near(files)
    if cost(whole.near) <= ENOUGH:
        return [whole]
    folders = sorted(map(near, _divided(sorted(files), sizes)), key=lambda each: (-cost(each.near), min(each.files)))
    programs_apart: list[Part] = []
    for folder in folders:
        shared = [cost(folder.near & other.near) for other in programs_apart]
        most = max(shared, default=0)
        if 2 * most > cost(folder.near):
            host = shared.index(most)
            programs_apart[host] = programs_apart[host].together(folder)
        else:
            programs_apart.append(folder)
    parts: list[Part] = []
    for program in programs_apart:
        fitting = (index for index, part in enumerate(parts) if cost(part.near | program.near) <= ENOUGH)
        host = next(fitting, None)
        if host is None:
            parts.append(program)
        else:
            parts[host] = parts[host].together(program)
    return sorted(parts, key=lambda part: (-cost(part.near), min(part.files)))


def _divided(names: list[str], sizes: Mapping[str, int], depth: int = 1) -> Iterator[list[str]]:
    """Sorted file names by folders that are small enough, and one by one where folders do not help."""
    if sum(sizes.get(name, 0) for name in names) <= ENOUGH / 2:
        yield names
    elif all(name.count("/") < depth for name in names):
        yield from ([name] for name in names)
    else:
        for _, inside in groupby(names, lambda name: name.split("/")[:-1][:depth]):
            yield from _divided(list(inside), sizes, depth + 1)
