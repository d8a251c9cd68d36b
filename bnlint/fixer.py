"""Makes the fixes of findings: in rounds, proven if asked for, and only then written."""

from __future__ import annotations

import ast
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import libcst as cst

from bnlint import changes, engine
from bnlint.changes import Change
from bnlint.files import UntouchedError, require_writable
from bnlint.findings import Applicability, Edit, Finding, Fix, Notice, Outcome, Verdict
from bnlint.fixes import compatible
from bnlint.layout import Layout, LayoutError, layout_of
from bnlint.progress import Progress
from bnlint.reporting import Report
from bnlint.settings import Settings
from bnlint.source import Source, SourceError

if TYPE_CHECKING:
    from bnlint.verify.pool import Pool

# How many rounds may go by in which fixes do not become fewer. One fix may bring out the next; none does so for ever.
PATIENCE = 5

_Texts = tuple[tuple[str, str], ...]


def fix(
    inputs: engine.Inputs, settings: Settings, *, unsafe: bool, write: bool, progress: Progress | None = None
) -> tuple[Report, list[Change]]:
    """Make the fixes of what stands in these files, and report what is left.

    unsafe: make unsafe fixes too. write: write the changed files; those that cannot be written stay as they are, and
    the report says why. With ``settings.verify`` only fixes that are proven by running the code are made. A finding
    whose fix was not made has the reason in its ``proof``.
    """
    work = _Work(inputs, settings, unsafe, write, progress)
    with engine.verify_settings(settings).pool() if settings.verify else nullcontext() as pool:
        work.make(pool)
    if write:
        work.write()
    return work.report(), work.changes()


class _Work:
    """The files as they become."""

    def __init__(
        self, inputs: engine.Inputs, settings: Settings, unsafe: bool, write: bool, progress: Progress | None
    ) -> None:
        self._inputs = inputs
        self._settings = settings
        self._wanted = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
        self._write = write
        self._progress = progress
        self._before = {source.filename: source for source in inputs.sources}
        self._now = dict(self._before)
        self._fixed: list[Finding] = []
        self._closed: dict[str, bool] = {}
        self._held: dict[str, Verdict] = {}
        self._proofs: dict[tuple[str, _Texts, _Texts], Verdict] = {}
        self._notices: list[Notice] = []
        self._last: Report | None = None

    def make(self, pool: Pool | None) -> None:
        """Round after round, until nothing is left to fix."""
        fewest, stalled = sys.maxsize, 0
        while batch := self._batch():
            pending = sum(map(len, batch.values()))
            fewest, stalled = (pending, 0) if pending < fewest else (fewest, stalled + 1)
            if stalled == PATIENCE:
                self._revert({edit.filename or "" for fix in batch for edit in fix.edits})
                return
            self._now |= self._made(batch, pool)

    def _batch(self) -> dict[Fix, list[Finding]]:
        """The fixes that may be made now, with the findings that each of them ends."""
        static = replace(self._settings, verify=False)
        report = engine.check_inputs(self._inputs, list(self._now.values()), static, self._progress)
        self._last = report
        batch: dict[Fix, list[Finding]] = {}
        let_pass = {finding.fix for finding in report.findings if finding.suppressed}
        for finding in report.findings:
            if finding.fix is None or finding.fix in let_pass or finding.fingerprint in self._held:
                continue
            if finding.fix.edits:
                named = tuple(replace(edit, filename=edit.filename or finding.filename) for edit in finding.fix.edits)
                fix = replace(finding.fix, edits=named)
                if fix.applicability in self._wanted and all(self._may_edit(edit) for edit in named):
                    batch.setdefault(fix, []).append(finding)
            elif finding.filename not in self._closed:
                self._close(finding.filename, _why_by_hand(self._now[finding.filename]))
        return batch

    def _may_edit(self, edit: Edit) -> bool:
        """Whether the file may be edited; says so once if not."""
        name = edit.filename or ""
        if name not in self._closed:
            self._closed[name] = False
            source = self._now.get(name)
            try:
                if source is None:
                    raise UntouchedError("is not among the files that are checked")
                if not _parsers(source.text):
                    raise UntouchedError("is Python 2")
                if self._write and source.path is not None:
                    require_writable(source.path)
            except UntouchedError as error:
                self._close(name, f"{error}, so it is left as it is")
        return not self._closed[name]

    def _close(self, name: str, why: str) -> None:
        self._closed[name] = True
        self._notices.append(Notice(name, why))

    def _made(self, batch: dict[Fix, list[Finding]], pool: Pool | None) -> Mapping[str, Source]:
        """The files with those fixes that can be made together and, where there is a pool, are proven together."""
        while together := compatible(batch):
            try:
                made = self._edited(together)
            except SourceError:
                faults = {fix: fault for fix in together if (fault := self._fault(fix))}
                for fix, fault in (faults or {together[-1]: "it does not go with another one"}).items():
                    self._hold(batch.pop(fix), Verdict(Outcome.UNDECIDED, "not-made", fault))
                continue
            failed = {fix: verdict for fix in together if pool and (verdict := self._unproven(batch[fix], made, pool))}
            for fix, verdict in failed.items():
                self._hold(batch.pop(fix), verdict)
            if not failed:
                self._fixed += [finding for fix in together for finding in batch[fix]]
                return made
        return {}

    def _edited(self, fixes: Iterable[Fix]) -> dict[str, Source]:
        edits: dict[str, list[Edit]] = {}
        for edit in (edit for fix in fixes for edit in fix.edits):
            edits.setdefault(edit.filename or "", []).append(edit)
        return {name: _checked(self._now[name], own) for name, own in edits.items()}

    def _fault(self, fix: Fix) -> str | None:
        """Why the fix cannot be made even by itself."""
        try:
            self._edited([fix])
        except SourceError as error:
            return str(error)
        return None

    def _unproven(self, findings: Iterable[Finding], made: Mapping[str, Source], pool: Pool) -> Verdict | None:
        """The first verdict that is no proof."""
        from bnlint.verify.verifier import prove_fix

        for finding in findings:
            names = {finding.filename, *made, *(change.filename for change in self.changes())}
            before = {name: self._now[name].text for name in names}
            after = before | {name: source.text for name, source in made.items()}
            key = (finding.fingerprint, tuple(sorted(before.items())), tuple(sorted(after.items())))
            if key not in self._proofs:
                self._proofs[key] = prove_fix(pool, finding, before, after)
            if self._proofs[key].outcome is not Outcome.CONFIRMED:
                return self._proofs[key]
        return None

    def _hold(self, findings: Iterable[Finding], why: Verdict) -> None:
        self._held |= {finding.fingerprint: why for finding in findings}

    def _revert(self, names: set[str]) -> None:
        """Put files back as they were, and what was fixed together with them."""
        while linked := {
            other for each in self._fixed if (files := _files_of(each)) & names for other in files - names
        }:
            names |= linked
        self._last = None
        self._now |= {name: self._before[name] for name in names}
        self._fixed = [finding for finding in self._fixed if not _files_of(finding) & names]
        for name in sorted(names):
            self._close(name, "its fixes would never come to an end, so it is left as it is; please report this")

    def write(self) -> None:
        """Replace the changed files, each whole or not at all."""
        for name, why in changes.write(self.changes()).items():
            self._last = None
            self._now[name] = self._before[name]
            self._fixed = [finding for finding in self._fixed if name not in _files_of(finding)]
            self._notices.append(Notice(name, why))

    def changes(self) -> list[Change]:
        """The files that are not what they were, by name."""
        pairs = ((self._before[name], self._now[name]) for name in sorted(self._now))
        return [Change(before, after) for before, after in pairs if before.data != after.data]

    def report(self) -> Report:
        """What is left, found and, where asked for, verified in the files as they are now."""
        report = self._last
        if report is None or self._settings.verify:
            report = engine.check_inputs(self._inputs, list(self._now.values()), self._settings, self._progress)
        findings = (replace(each, proof=self._proof(each)) for each in report.findings)
        told = (*report.warnings, *self._notices)
        return replace(report, findings=tuple(findings), fixed=tuple(self._fixed), warnings=told)

    def _proof(self, finding: Finding) -> Verdict | None:
        why = self._held.get(finding.fingerprint)
        return why and self._now[finding.filename].located_verdict(why)


def _files_of(finding: Finding) -> set[str]:
    edits = finding.fix.edits if finding.fix is not None else ()
    return {edit.filename or finding.filename for edit in edits}


def _why_by_hand(source: Source) -> str:
    if not _parsers(source.text):
        return "is Python 2, so it is left as it is"
    return "what its fixes would change is no plain Python, so it is left as it is"


def _checked(source: Source, edits: Sequence[Edit]) -> Source:
    """The file with edits made. Raises SourceError if they break it, or take a comment or a part of a text away."""
    edited = source.edited(edits)
    if not _parsers(source.text) <= _parsers(edited.text):
        raise SourceError("the result would not be Python")
    try:
        before, after = (_kept(layout_of(each.text)) for each in (source, edited))
    except LayoutError as error:
        raise SourceError("its comments cannot be told from its code") from error
    if before - after:
        raise SourceError(f"it would take this away: {next(iter(before - after))}")
    return edited


def _kept(layout: Layout) -> Counter[str]:
    """What every fix must keep as it is."""
    return Counter([*(comment.text for comment in layout.comments), *layout.long_strings])


def _parsers(text: str) -> set[str]:
    """Which can read it: Python itself, and libcst, which accounts for every byte of it."""
    able: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, parse in (("python", ast.parse), ("libcst", cst.parse_module)):
            with suppress(cst.ParserSyntaxError, SyntaxError, ValueError, RecursionError, MemoryError):
                parse(text)
                able.add(name)
    return able
