"""The pipeline: paths to a report. One function serves the command line, the editor and the tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from bnlint.analysis import prefilter
from bnlint.cache import Cache, content_of, surroundings_of, translated_to_show
from bnlint.dependencies import declared_eras
from bnlint.discovery import discover, discover_named, rest_of_project
from bnlint.findings import Analysis, FileError, Finding, Outcome
from bnlint.frozen import dataclass
from bnlint.marks import marked, named
from bnlint.memory import Memory
from bnlint.progress import Progress
from bnlint.registry import Selection
from bnlint.reporting import Report
from bnlint.settings import Settings
from bnlint.source import Source, SourceError
from bnlint.span import Span
from bnlint.stamps import FEW, Stamps
from bnlint.timings import phase

if TYPE_CHECKING:
    from bnlint.verify.verifier import VerifySettings


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files of a run, read. ``rest`` reads the other files of the project.

    given: what was given in place of a file. stamps: what is to be kept of the files that were read.
    again: reads all of them, those too that were taken to be as they were.
    """

    sources: tuple[Source, ...]
    errors: tuple[FileError, ...]
    files: int
    rest: Callable[[], Sequence[Source]]
    given: bytes = b""
    stamps: Stamps | None = None
    again: Callable[[], Inputs] | None = None


def check(paths: Sequence[str], settings: Settings, progress: Progress | None = None) -> Report:
    """Check files and folders. Raises ConfigError for a baseline, RuleError for rule folders that cannot be loaded."""
    inputs = read(paths, settings)
    return check_inputs(inputs, inputs.sources, settings, progress)


def read(paths: Sequence[str], settings: Settings, cached: Cache | None = None) -> Inputs:
    """Find and read the files. cached: of earlier runs, which know what files hold that have not changed."""
    stamps = Stamps(cached, settings.root)
    with phase("files found"):
        discovery = discover(paths, settings)
    with phase("files read"):
        sources, errors = stamps.read(discovery)

    @cache
    def rest() -> Sequence[Source]:
        return stamps.read(rest_of_project(paths, discovery, settings))[0]

    told = (*discovery.errors, *errors)
    again = partial(read, paths, settings)
    return Inputs(tuple(sources), told, len(discovery.files), rest, stamps=stamps, again=again)


def read_text(data: bytes, filename: str, settings: Settings, cached: Cache | None = None) -> Inputs:
    """Take one file as it is to be, not as it is on disk; ``filename`` says where in a project it belongs."""
    stamps = Stamps(cached, settings.root)
    path = Path(os.path.abspath(filename))
    found = discover_named(path, settings)
    sources = tuple(Source(name, None, data) for _, name in found.files)

    @cache
    def rest() -> Sequence[Source]:
        return stamps.read(rest_of_project([filename], found, settings))[0]

    again = partial(read_text, data, filename, settings)
    return Inputs(sources, (), len(found.files), rest, data, stamps, again)


def check_inputs(
    inputs: Inputs,
    sources: Sequence[Source],
    settings: Settings,
    progress: Progress | None = None,
    memory: Memory | None = None,
    cached: Cache | None = None,
) -> Report:
    """Check what was read, or what became of it: ``sources`` stand in for those of ``inputs``."""
    try:
        report = check_sources(sources, settings, progress, inputs.rest, memory, cached)
    except SourceError:
        if inputs.again is None or cached is None:
            raise
        # Somebody wrote to a file after all, between the look at its stamp and the moment that it was to be read.
        anew = inputs.again()
        return check_inputs(anew, anew.sources, settings, progress, memory)
    if inputs.stamps is not None:
        with phase("kept"):
            inputs.stamps.keep()
    return replace(report, files=inputs.files, errors=_sorted((*inputs.errors, *report.errors)))


def _sorted(errors: Iterable[FileError]) -> tuple[FileError, ...]:
    return tuple(sorted(errors, key=lambda error: (error.filename, error.span or Span(0, 0, 0, 0))))


def check_sources(
    sources: Sequence[Source],
    settings: Settings,
    progress: Progress | None = None,
    rest: Callable[[], Sequence[Source]] = tuple,
    memory: Memory | None = None,
    cached: Cache | None = None,
) -> Report:
    """Check what was read: facts of each file, the view of the whole, the rules, and, if asked for, the runs.

    rest: reads the other files of the project. They are looked at only if something was found, for what they
    know about it: a part of a project must not be accused of what the rest takes care of.
    memory: of earlier runs of this process, from which the facts of unchanged files are taken.
    cached: of earlier runs, from which all findings are taken if nothing has changed.
    """
    rules = Selection(settings)
    key, known = "", None
    if cached is not None:
        with phase("recalled"):
            key = cached.key_of(settings, content_of(sources))
            known = _recalled(sources, rules, rest, cached, key)
    with uncollected():
        if known is not None:
            analysis, by_name = known
        else:
            analysis, by_name = _analysed(sources, rules, settings, progress, rest, memory or Memory(), cached)
            analysis = replace(analysis, findings=tuple(named(analysis.findings, by_name, settings)))
    # Few files of no interest are looked through again sooner than they are kept.
    if cached is not None and known is None and (analysis.analysed or analysis.errors or len(sources) > FEW):
        with phase("kept"):
            cached.keep(key, _surroundings(analysis, rest), analysis)
    failed = {error.filename for error in analysis.errors}
    looked_at = {source.filename: source for source in sources if source.filename not in failed}
    looked_at |= by_name
    findings, warnings, gone = marked(analysis.findings, looked_at, rules, settings)
    if settings.verify and findings:
        texts = {name: source.text for name, source in by_name.items()}
        findings = _verified(findings, texts, settings, progress, cached)
    refuted = sum(finding.verdict.outcome is Outcome.REFUTED for finding in findings)
    if not settings.show_refuted:
        findings = [finding for finding in findings if finding.verdict.outcome is not Outcome.REFUTED]
    located = sorted((by_name[finding.filename].located(finding) for finding in findings), key=lambda each: each.order)
    shown = {related.filename for finding in located for related in finding.related}
    shown |= {finding.filename for finding in located}
    shown |= {edit.filename for each in located if each.fix is not None for edit in each.fix.edits if edit.filename}
    texts = {name: text for filename in shown if filename in by_name for name, text in by_name[filename].texts.items()}
    return Report(
        findings=tuple(located),
        errors=_sorted(analysis.errors),
        files=len(sources),
        analysed=len(analysis.analysed),
        refuted=refuted,
        root=os.getcwd(),
        sources=texts,
        warnings=warnings if cached is None or cached.problem is None else (cached.problem, *warnings),
        gone=gone,
        rules=rules,
    )


@contextmanager
def uncollected() -> Generator[None]:
    """While facts are made: the collector would walk them again and again, and free nothing."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _analysed(
    sources: Sequence[Source],
    rules: Selection,
    settings: Settings,
    progress: Progress | None,
    rest: Callable[[], Sequence[Source]],
    memory: Memory,
    cached: Cache | None,
) -> tuple[Analysis, Mapping[str, Source]]:
    """What the rules find, and the sources as they were analysed, by name."""
    problems = tuple(problem for source in sources if (problem := source.problem) is not None)
    undecoded = {problem.filename for problem in problems}
    decoded = [source for source in sources if source.filename not in undecoded]
    if not settings.rules and not any(prefilter.names_framework(source.data) for source in decoded):
        return Analysis(errors=problems), {}
    # Half of what there is of bnlint, which a run that finds everything in the cache can do without.
    from bnlint.analysing import analyse

    analysis, by_name = analyse(decoded, rules, settings, progress, rest, memory, cached)
    return replace(analysis, errors=(*problems, *analysis.errors)), by_name


def _recalled(
    sources: Sequence[Source],
    rules: Selection,
    rest: Callable[[], Sequence[Source]],
    cached: Cache,
    key: str,
) -> tuple[Analysis, Mapping[str, Source]] | None:
    """What an earlier run found in the same files."""
    by_filename = {source.filename: source for source in sources}
    analysis = cached.recall(key, lambda known: _surroundings(known, rest), by_filename, rules.codes)
    if analysis is None:
        return None
    translated = translated_to_show(analysis.translated, analysis.findings, by_filename)
    return analysis, {
        name: by_filename[name].as_python_3() if name in translated else by_filename[name] for name in analysis.analysed
    }


def _surroundings(analysis: Analysis, rest: Callable[[], Sequence[Source]]) -> str:
    return surroundings_of(declared_eras(analysis.around), rest() if analysis.saw_rest else ())


def _verified(
    findings: list[Finding],
    texts: Mapping[str, str],
    settings: Settings,
    progress: Progress | None,
    cached: Cache | None,
) -> list[Finding]:
    """The findings with their verdicts; what is let pass is not run."""
    from bnlint.verify.verifier import verify

    asked = [finding for finding in findings if not finding.suppressed]
    if progress is not None:
        progress.start("running", len(asked))
    announce = None if progress is None else progress.announce
    done = 0

    def step(now: int, _total: int) -> None:
        nonlocal done
        while progress is not None and done < now:
            progress.advance()
            done += 1

    how = replace(verify_settings(settings), jobs=settings.jobs or 1, remember=cached and cached.verdicts)
    verified = iter(verify(asked, texts, how, step, announce, settings.executor))
    return [finding if finding.suppressed else next(verified) for finding in findings]


def verify_settings(settings: Settings) -> VerifySettings:
    """How the verifier is to run code."""
    from bnlint.verify.verifier import VerifySettings

    chosen = VerifySettings(timeout=settings.timeout, isolation=settings.isolation)
    return replace(chosen, pythons=settings.python) if settings.python else chosen
