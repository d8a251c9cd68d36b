"""What earlier runs found in the parts of a project: after a change, only what runs with the changed file is looked at.

What decides about a part is in its key: the content of every file that may run with one of those parsed for it, which
file of the project imports which, and what all of them are written for. All other files are far. They only matter where
they were asked something when the part was judged; if they still answer the same, what was found holds.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from bnlint.analysis.project_facts.far import Far
from bnlint.cache import Cache, is_possible, translated_to_show
from bnlint.entries import digest_of
from bnlint.findings import Analysis, Finding
from bnlint.judging import Judged, View, files_of
from bnlint.memory import Memory
from bnlint.parts import Part
from bnlint.plain import PlainError, from_plain, to_plain
from bnlint.registry import Selection
from bnlint.verify.predictions import Experiment


class KnownParts:
    """The parts of a project as earlier runs found them."""

    def __init__(self, cached: Cache, view: View, memory: Memory) -> None:
        self._cached, self._view, self._files = cached, view, files_of(view, memory)
        self._sources = {source.filename: source for source in (*view.parse, *view.aside)}
        eras = [(name, said.era.tensorflow, said.era.keras) for name, said in sorted(view.sifted.items())]
        imported = [(name, sorted(found)) for name, found in sorted(view.imports.imported.items())]
        self._shared = digest_of([repr((eras, imported)).encode()]).encode()
        self._codes = frozenset(Selection(view.settings).codes)
        self._keys: dict[Part, str] = {}

    def recall(self, part: Part) -> Judged | None:
        """What was found in a part, if all that decides about it is as it was."""
        around = self._view.imports.around(part.near)
        self._keys[part] = self._key(part, around)
        try:
            entry: Any = self._cached.recall_data(self._keys[part])
            asked = {
                (str(what), str(about), tuple(map(str, among))): (tuple(map(str, found)), are_all is True)
                for what, about, among, found, are_all in entry["asked"]
            }
            analysis: Analysis = from_plain(Analysis, entry["analysis"], {"Experiment": Experiment})
            lent: tuple[Finding, ...] = from_plain(tuple[Finding, ...], entry["lent"], {"Experiment": Experiment})
            far = Far(self._files, around)
            if not all(far.answers(*each) for each in asked.items()):
                return None
        except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError, PlainError):
            return None
        told = (*analysis.findings, *lent)
        known = is_possible(replace(analysis, findings=told), self._sources, self._codes)
        if not known or not {finding.filename for finding in told} <= self._view.given:
            return None
        matter = translated_to_show(analysis.translated, told, self._sources)
        as_read = tuple(self._sources[name].as_python_3() for name in matter)
        return Judged(analysis.findings, lent, analysis.errors, analysis.analysed, as_read, asked)

    def keep(self, part: Part, found: Judged) -> None:
        """Remember what was found in a part that could not be recalled."""
        translated = tuple(source.filename for source in found.translated)
        analysis = Analysis(found.own, found.errors, found.parsed, translated)
        asked = [[*question, *answer] for question, answer in found.asked.items()]
        entry = {"analysis": to_plain(analysis), "lent": to_plain(found.lent), "asked": asked}
        self._cached.keep_data(self._keys[part], entry)

    def _key(self, part: Part, around: Collection[str]) -> str:
        """A name for what decides what is found in a part, but for what is far from it."""
        view, names = self._view, sorted(around)
        groups = (part.files, part.near, view.given, view.optional)
        files = [
            (self._sources[name].digest, view.declared.get(name), [name in group for group in groups]) for name in names
        ]
        return self._cached.key_of(view.settings, [self._shared, repr((names, files)).encode()])
