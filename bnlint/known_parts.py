"""What earlier runs found in the parts of a project: after a change, only what runs with the changed file is looked at.

What decides about a part is in its key: the content of every file that may run with one of those parsed for it, which
file of the project imports which, and what all of them are written for. All other files are far. They only matter where
they were asked something when the part was judged; if they still answer the same, what was found holds.
"""

from __future__ import annotations

import os
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
        self._state_key = cached.key_of(view.settings, [b"state", *map(os.fsencode, sorted(self._sources))])
        before, self._held_before = self._state_before()
        self._changed = {name for name, source in self._sources.items() if before.get(name) != source.digest}

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
            changed = self._changed if self._keys[part] in self._held_before else None
            if not all(far.answers(*each, changed) for each in asked.items()):
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

    def keep_state(self) -> None:
        """Remember which files there were when all that is known of the parts held, for those that are far."""
        if self._changed:
            files = {name: source.digest for name, source in self._sources.items()}
            self._cached.keep_data(self._state_key, {"files": files, "parts": sorted(self._keys.values())})

    def _state_before(self) -> tuple[dict[str, Any], set[str]]:
        """The digests of the files when `keep_state` was last called, and the keys of the parts that held then."""
        try:
            state: Any = self._cached.recall_data(self._state_key)
            return dict(state["files"]), set(state["parts"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return {}, set()

    def _key(self, part: Part, around: Collection[str]) -> str:
        """A name for what decides what is found in a part, but for what is far from it."""
        view, names = self._view, sorted(around)
        groups = (part.files, part.near, view.given, view.optional)
        files = [
            (self._sources[name].digest, view.declared.get(name), [name in group for group in groups]) for name in names
        ]
        return self._cached.key_of(view.settings, [self._shared, repr((names, files)).encode()])
