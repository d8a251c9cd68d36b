"""A large project in parts that are judged one by one: what may run together, and little besides.

What never runs together with some files has no say in what becomes of their statistics. So a part needs the facts of
few files, several parts can be judged at once, and each takes the memory of one. How a project is divided depends on
its files alone, not on how many processes there are, and so do the findings; which parts one process takes on its way
has no say in them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from bnlint.analysis.project_facts.importing import ImportGraph
from bnlint.frozen import dataclass

# Bytes of source that are analysed in less time than it takes to divide them, or to send them somewhere.
ENOUGH = 500_000


@dataclass(frozen=True, slots=True)
class Part:
    """Files to judge, by name. ``near``: all files to parse for that, these included."""

    files: frozenset[str]
    near: frozenset[str]

    def together(self, other: Part) -> Part:
        """One part of two."""
        return Part(self.files | other.files, self.near | other.near)


def parts_of(imports: ImportGraph, files: Collection[str], sizes: Mapping[str, int]) -> list[Part]:
    """The parts in which some files are judged, the one that costs most first.

    sizes: the bytes of all files that are to be parsed if they are near one of these.
    """

    def near(names: Iterable[str]) -> Part:
        some = frozenset(names)
        return Part(some, frozenset(imports.around(some) & sizes.keys()))

    def order(part: Part) -> tuple[int, str]:
        return -_cost(part, sizes), min(part.files)

    whole = near(files)
    if _cost(whole, sizes) <= ENOUGH:
        return [whole]
    folders = sorted(map(near, _divided(sorted(files), sizes, imports)), key=order)
    return sorted(_joined(folders, sizes), key=order)


def batches(parts: Iterable[Part], sizes: Mapping[str, int]) -> list[Sequence[Part]]:
    """Parts by who takes them on: what is small, several at once. Those that cost most come first."""
    found: list[list[Part]] = []
    costs: list[int] = []
    for part in parts:
        more = _cost(part, sizes)
        host = next((number for number, known in enumerate(costs) if known + more <= ENOUGH), None)
        if host is None:
            found.append([part])
            costs.append(more)
        else:
            found[host].append(part)
            costs[host] += more
    return [found[number] for number in sorted(range(len(found)), key=lambda number: -costs[number])]


def _cost(part: Part, sizes: Mapping[str, int]) -> int:
    return sum(sizes[name] for name in part.near)


def _joined(folders: Iterable[Part], sizes: Mapping[str, int]) -> list[Part]:
    """Folders that share more than half of what they need, in one."""
    found: list[Part] = []
    holding: dict[str, set[int]] = defaultdict(set)
    for folder in folders:
        shared: Counter[int] = Counter()
        for name in folder.near:
            for number in holding[name]:
                shared[number] += sizes[name]
        host, most = min(shared.items(), key=lambda each: (-each[1], each[0]), default=(0, 0))
        if 2 * most > _cost(folder, sizes):
            found[host] = found[host].together(folder)
        else:
            host = len(found)
            found.append(folder)
        for name in folder.near:
            holding[name].add(host)
    return found


def _divided(
    names: list[str], sizes: Mapping[str, int], imports: ImportGraph, depth: int = 1
) -> Iterator[Collection[str]]:
    """Sorted file names by folders that are small enough, and where folders do not help by what imports what."""
    if sum(sizes.get(name, 0) for name in names) <= ENOUGH / 2:
        yield names
    elif all(name.count("/") < depth for name in names):
        yield from imports.connected(names)
    else:
        for _, inside in groupby(names, lambda name: name.split("/")[:-1][:depth]):
            yield from _divided(list(inside), sizes, imports, depth + 1)
