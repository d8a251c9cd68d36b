"""The pipeline: paths to a report. One function serves the command line, the editor and the tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bnlint.analysis import era, prefilter
from bnlint.analysis.facts import ModuleFacts
from bnlint.analysis.program import File
from bnlint.analysis.project import ProjectFacts, project_facts
from bnlint.cache import Analysis, Cache, key_of, surroundings_of
from bnlint.dependencies import declared_era
from bnlint.discovery import Discovery, discover, discover_named, rest_of_project
from bnlint.findings import Era, FileError, Finding, Outcome, Report, Span
from bnlint.marks import marked
from bnlint.progress import Progress
from bnlint.reading import Memory, analyse_all, module_name, uncollected
from bnlint.registry import load_rules
from bnlint.rule import Case, Rule
from bnlint.settings import Settings
from bnlint.source import Source, SourceError
from bnlint.timings import phase

if TYPE_CHECKING:
    from bnlint.verify import VerifySettings


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files of a run, read. ``rest`` reads the other files of the project.

    given: what was given in place of a file.
    """

    sources: tuple[Source, ...]
    errors: tuple[FileError, ...]
    files: int
    rest: Callable[[], Sequence[Source]]
    given: bytes = b""


def check(paths: Sequence[str], settings: Settings, progress: Progress | None = None) -> Report:
    """Check files and folders. Raises ConfigError for a baseline, RuleError for rule folders that cannot be loaded."""
    inputs = read(paths, settings)
    return check_inputs(inputs, inputs.sources, settings, progress)


def read(paths: Sequence[str], settings: Settings) -> Inputs:
    """Find and read the files."""
    with phase("files found"):
        discovery = discover(paths, settings)
    with phase("files read"):
        sources, errors = _decoded(discovery, Source.read)

    @cache
    def rest() -> Sequence[Source]:
        return _decoded(rest_of_project(paths, discovery, settings), Source.read)[0]

    return Inputs(tuple(sources), (*discovery.errors, *errors), len(discovery.files), rest)


def read_text(data: bytes, filename: str, settings: Settings) -> Inputs:
    """Take one file as it is to be, not as it is on disk; ``filename`` says where in a project it belongs."""
    path = Path(os.path.abspath(filename))
    found = discover_named(path, settings)
    sources, errors = _decoded(found, lambda _, name: Source.from_bytes(data, name))

    @cache
    def rest() -> Sequence[Source]:
        return _decoded(rest_of_project([filename], found, settings), Source.read)[0]

    return Inputs(tuple(sources), tuple(errors), len(found.files), rest, data)


def check_inputs(
    inputs: Inputs,
    sources: Sequence[Source],
    settings: Settings,
    progress: Progress | None = None,
    memory: Memory | None = None,
    cached: Cache | None = None,
) -> Report:
    """Check what was read, or what became of it: ``sources`` stand in for those of ``inputs``."""
    report = check_sources(sources, settings, progress, inputs.rest, memory, cached)
    errors = sorted(
        (*inputs.errors, *report.errors), key=lambda error: (error.filename, error.span or Span(0, 0, 0, 0))
    )
    return replace(report, files=inputs.files, errors=tuple(errors))


def _decoded(discovery: Discovery, decode: Callable[[Path, str], Source]) -> tuple[list[Source], list[FileError]]:
    sources: list[Source] = []
    errors: list[FileError] = []
    for path, filename in discovery.files:
        try:
            sources.append(decode(path, filename))
        except SourceError as error:
            errors.append(FileError(filename, str(error)))
    return sources, errors


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
    with phase("rules loaded"):
        every_rule = load_rules(settings.rules)
    rules = [rule for rule in every_rule if settings.selects(rule.code)]
    key = ""
    if cached is not None:
        with phase("recalled"):
            key = key_of(sources, settings)
    with uncollected():
        analysis, by_name = _recalled(sources, rules, rest, cached, key) or _analysed(
            sources, rules, settings, progress, rest, memory or Memory(), cached, key
        )
    failed = {error.filename for error in analysis.errors}
    looked_at = {source.filename: source for source in sources if source.filename not in failed}
    looked_at |= by_name
    findings, warnings, gone = marked(analysis.findings, looked_at, every_rule, settings)
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
        errors=analysis.errors,
        files=len(sources),
        analysed=len(analysis.analysed),
        refuted=refuted,
        root=os.getcwd(),
        sources=texts,
        warnings=warnings if cached is None or cached.problem is None else (cached.problem, *warnings),
        gone=gone,
        rules=tuple(rules),
    )


def _analysed(
    sources: Sequence[Source],
    rules: Sequence[Rule],
    settings: Settings,
    progress: Progress | None,
    rest: Callable[[], Sequence[Source]],
    memory: Memory,
    cached: Cache | None,
    key: str,
) -> tuple[Analysis, Mapping[str, Source]]:
    """What the rules find, and the sources as they were analysed, by name. key: what to remember it under."""
    needs = [rule.needs for rule in rules]
    with phase("sifted"):
        relevant, aside = _sifted(sources, needs, memory)
    with phase("analysed"):
        by_name, modules, errors = analyse_all(relevant, progress, memory, settings.jobs)
    with phase("judged"):
        found = _apply(rules, modules, _project(modules, aside, settings, memory), settings)
    others = rest() if found else ()
    everything = modules
    if others:
        with phase("rest of the project"):
            relevant, aside_too = _sifted(others, needs, memory)
            everything = [*modules, *analyse_all(relevant, progress, memory, settings.jobs)[1]]
            found = _apply(rules, modules, _project(everything, [*aside, *aside_too], settings, memory), settings)
    analysis = Analysis(
        tuple(found),
        tuple(errors),
        tuple(by_name),
        tuple(name for name, source in by_name.items() if source.written is not None),
        tuple(module.filename for module in everything),
        bool(found or others),
    )
    if cached is not None and (modules or errors):
        with phase("kept"):
            cached.keep(key, _surroundings(analysis, rest), analysis)
    return analysis, by_name


def _recalled(
    sources: Sequence[Source],
    rules: Sequence[Rule],
    rest: Callable[[], Sequence[Source]],
    cached: Cache | None,
    key: str,
) -> tuple[Analysis, Mapping[str, Source]] | None:
    """What an earlier run found in the same files."""
    if cached is None:
        return None
    with phase("recalled"):
        codes = [rule.code for rule in rules]
        analysis = cached.recall(key, lambda known: _surroundings(known, rest), sources, codes)
    if analysis is None:
        return None
    translated = {*analysis.translated}
    by_filename = {source.filename: source for source in sources}
    return analysis, {
        name: by_filename[name].as_python_3() if name in translated else by_filename[name] for name in analysis.analysed
    }


def _surroundings(analysis: Analysis, rest: Callable[[], Sequence[Source]]) -> str:
    return surroundings_of(_declared(analysis.around), rest() if analysis.saw_rest else ())


def _sifted(
    sources: Sequence[Source], needs: Sequence[prefilter.Needs], memory: Memory
) -> tuple[list[Source], list[Source]]:
    """The sources that must be parsed, and the others."""
    relevant: list[Source] = []
    aside: list[Source] = []
    matter = memory.derive(("matters", *needs), sources, lambda source: prefilter.matters(source.data, needs))
    for source, matters in zip(sources, matter, strict=True):
        (relevant if matters else aside).append(source)
    return relevant, aside


def _apply(
    rules: Sequence[Rule], modules: Sequence[ModuleFacts], project: ProjectFacts, settings: Settings
) -> list[Finding]:
    found: list[Finding] = []
    for module in modules:
        written_for = project.era_of(module)
        for rule in rules:
            if not settings.ignores_in(module.filename, rule.code):
                found += rule.check(Case(rule, module, project, written_for))
    return sorted(found, key=lambda finding: finding.order)


def _project(
    modules: Sequence[ModuleFacts], aside: Sequence[Source], settings: Settings, memory: Memory
) -> ProjectFacts:
    guesses = memory.derive("era", aside, lambda source: era.guess(source.data))
    files = memory.derive("file", aside, lambda each: File(each.filename, *module_name(each.filename), each.text))
    return project_facts(modules, guesses, _declared([module.filename for module in modules]), _pins(settings), files)


def _pins(settings: Settings) -> Era:
    pinned = settings.tensorflow is not None or settings.keras is not None
    return Era(settings.tensorflow, settings.keras, ("the settings say so",) if pinned else ())


def _declared(filenames: Iterable[str]) -> dict[str, Era]:
    """By file name, the era that the dependency files around it declare."""
    known: dict[Path, Era | None] = {}
    return {filename: declared_era(Path(os.path.abspath(filename)).parent, known) for filename in filenames}


def _verified(
    findings: list[Finding],
    texts: Mapping[str, str],
    settings: Settings,
    progress: Progress | None,
    cached: Cache | None,
) -> list[Finding]:
    """The findings with their verdicts; what is let pass is not run."""
    from bnlint.verify import verify

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
    verified = iter(verify(asked, texts, how, step, announce))
    return [finding if finding.suppressed else next(verified) for finding in findings]


def verify_settings(settings: Settings) -> VerifySettings:
    """How the verifier is to run code."""
    from bnlint.verify import VerifySettings

    chosen = VerifySettings(timeout=settings.timeout, isolation=settings.isolation)
    return replace(chosen, pythons=settings.python) if settings.python else chosen


def as_analysed(source: Source, settings: Settings) -> tuple[Source, Era, tuple[FileError, ...]]:
    """One file by itself as the analysis takes it, what it is written for, and why it cannot be parsed if it cannot."""
    memory = Memory()
    by_name, modules, errors = analyse_all([source], memory=memory)
    if not modules:
        return source, _pins(settings), tuple(errors)
    project = _project(modules, [], settings, memory)
    return by_name[source.filename], project.era_of(modules[0]), tuple(errors)
