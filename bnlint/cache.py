"""What earlier runs found, kept so that the same question need not be answered twice.

An entry is the outcome of a whole run, or what was found in a part of a project (see `known_parts`), named by a digest
of everything that decides it: the content of the files, the settings, the rules, bnlint itself. It is JSON, never
pickled: what reads it can build findings and nothing else. An entry that is damaged, or says what cannot be true of the
files, is no entry.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from bnlint import __version__
from bnlint.entries import Entries, digest_of
from bnlint.findings import Analysis, Finding, Notice, Verdict
from bnlint.plain import PlainError, from_plain, to_plain
from bnlint.registry import builtin_folder
from bnlint.settings import Settings
from bnlint.source import Source, SourceError
from bnlint.span import Span
from bnlint.suppressions import may_ignore
from bnlint.verify.predictions import Experiment

# Changes when entries are written in another way.
_FORMAT = 2
# What a finding is given after the analysis, as it is before.
_LATER = {"cell": None, "suppression": None, "verdict": Verdict(), "proof": None}


class Cache:
    """The entries of a folder, for one run.

    problem: why something could not be kept, to be told once. verdicts: the folder for what the verifier saw.
    """

    def __init__(self, folder: Path) -> None:
        self.verdicts = folder / "verdicts"
        self._entries = Entries(folder)
        self._programs: dict[tuple[Path, ...], str] = {}
        self.problem: Notice | None = None

    def key_of(self, settings: Settings, more: Iterable[bytes]) -> str:
        """A name for what decides what the rules find in any files (the settings, the rules, bnlint), and for more."""
        decides = (
            _FORMAT, __version__, sys.version, os.getcwd(), str(settings.root), settings.select, settings.ignore,
            settings.per_file_ignores, settings.tensorflow, settings.keras,
        )  # fmt: skip
        if settings.rules not in self._programs:
            self._programs[settings.rules] = digest_of(_program(settings.rules))
        return digest_of([repr(decides).encode(), self._programs[settings.rules].encode(), *more])

    def recall(
        self, key: str, surroundings: Callable[[Analysis], str], sources: Mapping[str, Source], codes: Iterable[str]
    ) -> Analysis | None:
        """What is known under a key, if what it depends on beside the files is as it was.

        sources, codes: the files, by name, and the rules of this run; an entry that speaks of others is not believed.
        """
        try:
            entry: Any = self._entries.read(key)
            analysis = cast("Analysis", from_plain(Analysis, entry["analysis"], {"Experiment": Experiment}))
            known = is_possible(analysis, sources, codes) and entry["surroundings"] == surroundings(analysis)
        except (OSError, ValueError, KeyError, TypeError, RecursionError, PlainError, SourceError):
            return None
        return analysis if known else None

    def keep(self, key: str, surroundings: str, analysis: Analysis) -> None:
        """Remember an analysis; if that is not possible, note the problem."""
        self.keep_data(key, {"surroundings": surroundings, "analysis": to_plain(analysis)})

    def recall_data(self, key: str) -> Any:
        """Other data that are known under a key, unchecked. Raises what `Entries.read` raises."""
        return self._entries.read(key)

    def keep_data(self, key: str, data: Any) -> None:
        """Remember data that JSON can say; if that is not possible, note the problem."""
        try:
            self._entries.write(key, data)
        except OSError as error:
            message = (
                f"the cache cannot be written: {error.strerror}; --no-cache does without, --cache-dir names another"
            )
            self.problem = Notice(str(self._entries.folder), message)


def user_folder() -> Path:
    """Where programs of this user keep what they can make again."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "bnlint"


def surroundings_of(declared: object, rest: Iterable[Source]) -> str:
    """A name for what has a say beside the files of a run: the versions their folders declare, and other files."""
    return digest_of([repr(declared).encode(), *content_of(rest)])


def content_of(sources: Iterable[Source]) -> Iterable[bytes]:
    """The names of files, and of what they hold."""
    for source in sources:
        yield os.fsencode(source.filename)
        yield source.digest.encode()


def _program(own: Iterable[Path]) -> Iterable[bytes]:
    """What stands for the code of bnlint: of the rules all of it, of the rest when it was written."""
    for folder in (builtin_folder(), *own):
        for path in sorted(folder.glob("*/*.py" if folder in own else "*/rule.py")):
            yield os.fsencode(path)
            yield path.read_bytes()
    for folder, _, names in sorted(os.walk(Path(__file__).parent)):
        for path in sorted(f"{folder}/{name}" for name in names if name.endswith(".py")):
            status = os.stat(path)
            yield f"{path} {status.st_size} {status.st_mtime_ns}".encode(errors="surrogateescape")


def translated_to_show(
    translated: Iterable[str], findings: Iterable[Finding], sources: Mapping[str, Source]
) -> list[str]:
    """The files in Python 2 whose translation is needed to show what is known already."""
    spoken_of = {name for each in findings for name in (each.filename, *(near.filename for near in each.related))}
    return [name for name in translated if name in spoken_of or may_ignore(sources[name])]


def is_possible(analysis: Analysis, sources: Mapping[str, Source], codes: Iterable[str]) -> bool:
    """Whether all that an entry speaks of exists: a wrong one must not end the run."""
    failed = {error.filename for error in analysis.errors}
    known = set(codes)

    @functools.cache
    def rows(filename: str) -> int:
        text = sources[filename].text
        return text.count("\n") + text.count("\r") + 1

    def is_here(filename: str, span: Span | None) -> bool:
        return filename in sources and (
            span is None or (1 <= span.row <= span.end_row <= rows(filename) + 1 and min(span) >= 1)
        )

    for finding in analysis.findings:
        places = [(finding.filename, finding.span)]
        if finding.variable is not None:
            places.append((finding.filename, Span(*(finding.variable.row, finding.variable.column) * 2)))
        places += [(each.filename, each.span) for each in finding.related if each.filename in sources]
        edits = finding.fix.edits if finding.fix is not None else ()
        places += [(each.filename or finding.filename, each.span) for each in edits]
        later = any(getattr(finding, name) != before for name, before in _LATER.items())
        if finding.code not in known or later or not all(is_here(*place) for place in places):
            return False
    named = [*analysis.analysed, *analysis.translated, *failed]
    return (
        all(filename in sources for filename in named)
        and {*analysis.translated} <= {*analysis.analysed}
        and {finding.filename for finding in analysis.findings} <= {*analysis.analysed}
        and failed.isdisjoint(analysis.analysed)
    )
