"""Checks a document in view of its project, which is read and analysed once and from then on only where it changes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bnlint import engine
from bnlint.discovery import Discovery, discover_named, rest_of_project
from bnlint.memory import Memory
from bnlint.reporting import Report
from bnlint.settings import Settings, load
from bnlint.source import Source, SourceError
from bnlint.stamps import Stamp


class Project:
    """What is known of all files so far. One thread checks; others may ask for the rest."""

    def __init__(self) -> None:
        self._memory = Memory()
        self._settings: dict[Path, Settings] = {}
        self._listed: dict[Path, Discovery] = {}
        self._sources: dict[str, tuple[Stamp | None, Source | None]] = {}

    def forget_lists(self) -> None:
        """Look anew at which files there are and which settings hold; what is known of each file stays."""
        self._settings.clear()
        self._listed.clear()

    def check(self, source: Source, opened: Mapping[str, Source]) -> Report:
        """Check one document; ``opened`` are the others that the editor holds, in place of their files.

        Raises ConfigError.
        """
        path = source.path or Path(os.path.abspath(source.filename))
        settings = self.settings(path)
        found = discover_named(path, replace(settings, force_exclude=True))
        sources = [source] if found.files else []
        return engine.check_sources(
            sources, settings, rest=lambda: self._rest(path, settings, opened), memory=self._memory
        )

    def settings(self, path: Path) -> Settings:
        """The settings that hold for a file. Raises ConfigError."""
        settings = self._settings.get(path) or load([str(path)])
        self._settings[path] = settings
        return settings

    def text_to_run(self, source: Source) -> str:
        """The text that the experiments of a document's findings are about: Python 2 is translated."""
        analysed = self._memory.recall(source)
        return analysed[0].text if isinstance(analysed, tuple) else source.text

    def text(self, filename: str) -> str | None:
        """The text of a file that a check has come by, as it was then."""
        _, source = self._sources.get(os.path.abspath(filename), (None, None))
        return source.text if source is not None else None

    def _rest(self, path: Path, settings: Settings, opened: Mapping[str, Source]) -> Sequence[Source]:
        listed = self._listed.get(path)
        if listed is None:
            own = discover_named(path, replace(settings, force_exclude=False))
            listed = self._listed[path] = rest_of_project([str(path)], own, settings)
        sources = [opened.get(file) or self._read(file, name) for file, name in listed.files]
        return [source for source in sources if source is not None]

    def _read(self, path: str, filename: str) -> Source | None:
        try:
            stamp = Stamp.of(path)
            if self._sources.get(path, (None, None))[0] != stamp:
                source = Source.read(path, filename)
                source.require_text()
                self._sources[path] = (stamp, source)
        except (OSError, SourceError):
            # What is wrong with it is told where it is checked.
            self._sources[path] = (None, None)
        return self._sources[path][1]
