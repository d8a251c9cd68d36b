"""What each file says by its text alone: whether anybody needs it parsed, what it imports, what it is written for."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from typing import Any

from bnlint.analysis import era, prefilter
from bnlint.analysis.project_facts.file import imported_names
from bnlint.cache import Cache
from bnlint.findings import Era
from bnlint.frozen import dataclass
from bnlint.memory import Memory
from bnlint.reading import module_name
from bnlint.settings import Settings
from bnlint.source import Source

_GENERATIONS = ("1", "2", "3", None)


@dataclass(frozen=True, slots=True)
class Sifted:
    """What a text says without being parsed.

    relevant: whether a rule may find something in it; normalises: whether it may hold a batch norm then.
    trains: whether it may train what others make, or be the model that does.
    era: what it seems to be written for. imports: the full names of what it imports; ``x.*`` for a star.
    """

    relevant: bool
    normalises: bool
    trains: bool
    era: Era
    imports: frozenset[str]


def sift(
    sources: Sequence[Source],
    settings: Settings,
    needs: Sequence[prefilter.Needs],
    memory: Memory,
    cached: Cache | None = None,
) -> dict[str, Sifted]:
    """What the texts of files say, by file name. cached: of earlier runs, for the files that are as they were."""
    sieve = _sieve(tuple(needs))
    names = [source.filename for source in sources]
    key = "" if cached is None else cached.key_of(settings, [b"sifted", *map(os.fsencode, names)])
    known = {} if cached is None else _recalled(cached, key)

    def find(source: Source) -> Sifted:
        # Without a cache there is no need for the digests.
        found = known.get((source.filename, source.digest)) if known else None
        return found or sifted(source, sieve)

    found = dict(zip(names, memory.derive(("sifted", *needs), sources, find), strict=True))
    if cached is not None and any((source.filename, source.digest) not in known for source in sources):
        cached.keep_data(key, [_row(source, found[source.filename]) for source in sources])
    return found


@functools.cache
def _sieve(needs: tuple[prefilter.Needs, ...]) -> prefilter.Sieve:
    # An editor asks at every keystroke, and to make one takes as long as many files.
    return prefilter.Sieve(needs)


def sifted(source: Source, sieve: prefilter.Sieve) -> Sifted:
    """What the text of one file says."""
    is_framework = prefilter.names_framework(source.data)
    relevant = is_framework and sieve.keeps(source.data)
    _, package = module_name(source.filename)
    return Sifted(
        relevant,
        relevant and prefilter.normalises(source.data),
        is_framework and prefilter.trains(source.data),
        era.guess(source.text),
        frozenset(imported_names(source.text, package)),
    )


def _row(source: Source, found: Sifted) -> list[Any]:
    said = (found.relevant, found.normalises, found.trains, found.era.tensorflow, found.era.keras)
    return [source.filename, source.digest, *said, " ".join(sorted(found.imports))]


def _recalled(cached: Cache, key: str) -> dict[tuple[str, str], Sifted]:
    """What an earlier run kept, by the name and the digest of the file; nothing if it is not of this form."""
    known: dict[tuple[str, str], Sifted] = {}
    try:
        for row in cached.recall_data(key):
            match row:
                case [str(name), str(digest), bool(relevant), bool(norms), bool(trains), tensorflow, keras, str(names)]:
                    if tensorflow not in _GENERATIONS or keras not in _GENERATIONS:
                        return {}
                    era_of = Era(tensorflow, keras)
                    known[name, digest] = Sifted(relevant, norms, trains, era_of, frozenset(names.split()))
                case _:
                    return {}
    except (OSError, ValueError, TypeError, RecursionError):
        return {}
    return known
