"""The findings that were there before: recorded in a file, let pass, and taken out again when they are gone."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import cast

from bnlint.files import replace_file
from bnlint.findings import BaselineEntry, Finding, Notice, Suppression
from bnlint.fingerprints import path_from
from bnlint.frozen import dataclass
from bnlint.reporting import Report
from bnlint.settings import ConfigError, Settings

_VERSION = 1
_KEYS = tuple(each.name for each in fields(BaselineEntry))
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Baseline:
    """The entries of a baseline file, sorted."""

    file: Path
    entries: tuple[BaselineEntry, ...]

    @classmethod
    def of(cls, settings: Settings) -> Baseline | None:
        """The baseline that a run uses; None without one. Raises ConfigError if it is missing or damaged."""
        file = settings.baseline_file
        if not settings.use_baseline or (settings.baseline is None and not file.exists()):
            return None
        return cls.read(file)

    @classmethod
    def read(cls, file: Path) -> Baseline:
        """Read a file that :meth:`write` has written. Raises ConfigError."""
        try:
            document: object = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(f"{file}: there is no such file; write it with: bnlint baseline") from None
        except OSError as error:
            raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{file}: not a baseline: {error}") from error
        try:
            return cls(file, _entries(document))
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"{file}: not a baseline of version {_VERSION}") from error

    def suppress(self, findings: Iterable[Finding]) -> list[Finding]:
        """Mark the findings that it holds and that no comment has marked already."""
        known = {entry.fingerprint for entry in self.entries}
        return [
            replace(finding, suppression=Suppression("baseline"))
            if finding.suppression is None and finding.fingerprint in known
            else finding
            for finding in findings
        ]

    def gone(
        self, findings: Iterable[Finding], checked: Collection[str], root: Path, is_on: Callable[[str], bool]
    ) -> tuple[BaselineEntry, ...]:
        """The entries that match nothing any more.

        checked: the files that were looked at, as entries name them. An entry for another file that exists, or for a
        rule that was not used, may be right.
        """
        found = {finding.fingerprint for finding in findings}
        return tuple(
            entry
            for entry in self.entries
            if entry.fingerprint not in found
            and is_on(entry.rule)
            and (entry.path in checked or not (root / entry.path).exists())
        )

    def write(self) -> None:
        """Write the file whole or not at all. Raises OSError."""
        document = {"version": _VERSION, "findings": [asdict(entry) for entry in self.entries]}
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        replace_file(self.file, text.encode("utf-8", "surrogateescape"))


def record(report: Report, settings: Settings, *, add: bool) -> str:
    """Write the baseline after a run that used the old one, if there is one; returns what was done, in a sentence.

    Entries that are gone are taken out. add: what stands is put in; what the run did not look at is kept either way.
    Raises OSError, and ConfigError if there is nothing to take out from.
    """
    file = settings.baseline_file
    old = Baseline.read(file).entries if file.exists() or not add else ()
    by_comment = {
        each.fingerprint
        for each in report.findings
        if each.suppression is not None and each.suppression.kind == "comment"
    }
    kept = {entry for entry in old if entry not in report.gone and entry.fingerprint not in by_comment}
    new = kept | set(entries_of((each for each in report.findings if each.stands), settings.root) if add else ())
    Baseline(file, tuple(sorted(new))).write()
    changes = f"{len(new - set(old))} added, {len(set(old) - new)} taken out"
    return f"{file}: {len(new)} recorded ({changes})"


def entries_of(findings: Iterable[Finding], root: Path) -> tuple[BaselineEntry, ...]:
    """The entries for findings, sorted."""
    entries = {
        BaselineEntry(
            path_from(root, finding.filename),
            finding.code,
            finding.symbol or "",
            finding.statement,
            finding.fingerprint,
        )
        for finding in findings
    }
    return tuple(sorted(entries))


def notices(gone: Sequence[BaselineEntry], file: str) -> list[Notice]:
    """What to say about entries that match nothing any more."""
    told: list[Notice] = []
    for entry in gone:
        code = entry.statement if len(entry.statement) <= _LONGEST else entry.statement[: _LONGEST - 1] + "…"
        message = f"{entry.rule} in {entry.path} is gone (`{code}`); bnlint baseline --prune takes it out"
        told.append(Notice(file, message))
    return told


def without_notices(report: Report) -> Report:
    """The report without a word about what is gone, for a run that takes it out."""
    told = {notice.message for notice in notices(report.gone, "")}
    return replace(report, warnings=tuple(each for each in report.warnings if each.message not in told))


def _entries(document: object) -> tuple[BaselineEntry, ...]:
    content = cast("dict[str, object]", document)
    if content["version"] != _VERSION:
        raise ValueError("version")
    entries: list[BaselineEntry] = []
    for each in cast("list[dict[str, object]]", content["findings"]):
        values = {key: each[key] for key in _KEYS}
        if not all(isinstance(value, str) for value in values.values()):
            raise TypeError("text")
        entries.append(BaselineEntry(**cast("dict[str, str]", values)))
    return tuple(sorted(set(entries)))
