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
from bnlint.dependencies import declared_era
from bnlint.discovery import Discovery, discover, discover_named, rest_of_project
from bnlint.findings import Era, FileError, Finding, Outcome, Report, Span
from bnlint.marks import marked
from bnlint.progress import Progress
from bnlint.reading import Memory, analyse_all, module_name
from bnlint.registry import load_rules
from bnlint.rule import Case, Rule
from bnlint.settings import Settings
from bnlint.source import Source, SourceError

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
    discovery = discover(paths, settings)
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
) -> Report:
    """Check what was read, or what became of it: ``sources`` stand in for those of ``inputs``."""
    report = check_sources(sources, settings, progress, inputs.rest, memory)
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
) -> Report:
    """Check what was read: facts of each file, the view of the whole, the rules, and, if asked for, the runs.

    rest: reads the other files of the project. They are looked at only if something was found, for what they
    know about it: a part of a project must not be accused of what the rest takes care of.
    memory: of earlier runs, from which the facts of unchanged files are taken.
    """
    every_rule = load_rules(settings.rules)
    rules = [rule for rule in every_rule if settings.selects(rule.code)]
    needs = [rule.needs for rule in rules]
    relevant, aside = _sifted(sources, needs)
    by_name, modules, errors = analyse_all(relevant, progress, memory)
    found = _apply(rules, modules, _project(modules, aside, settings), settings)
    others = rest() if found else ()
    if others:
        relevant, aside_too = _sifted(others, needs)
        everything = [*modules, *analyse_all(relevant, progress, memory)[1]]
        found = _apply(rules, modules, _project(everything, [*aside, *aside_too], settings), settings)
    looked_at = {source.filename: source for source in aside} | by_name
    findings, warnings, gone = marked(found, looked_at, every_rule, settings)
    if settings.verify and findings:
        findings = _verified(findings, {name: source.text for name, source in by_name.items()}, settings, progress)
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
        errors=tuple(errors),
        files=len(sources),
        analysed=len(modules),
        refuted=refuted,
        root=os.getcwd(),
        sources=texts,
        warnings=warnings,
        gone=gone,
        rules=tuple(rules),
    )


def _sifted(sources: Sequence[Source], needs: Sequence[prefilter.Needs]) -> tuple[list[Source], list[Source]]:
    """The sources that must be parsed, and the others."""
    relevant: list[Source] = []
    aside: list[Source] = []
    for source in sources:
        (relevant if prefilter.matters(source.data, needs) else aside).append(source)
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


def _project(modules: Sequence[ModuleFacts], aside: Sequence[Source], settings: Settings) -> ProjectFacts:
    guesses = [era.guess(source.data) for source in aside]
    files = [File(source.filename, *module_name(source.filename), source.text) for source in aside]
    return project_facts(modules, guesses, _declared(modules), _pins(settings), files)


def _pins(settings: Settings) -> Era:
    pinned = settings.tensorflow is not None or settings.keras is not None
    return Era(settings.tensorflow, settings.keras, ("the settings say so",) if pinned else ())


def _declared(modules: Iterable[ModuleFacts]) -> dict[str, Era]:
    """By file name, the era that the dependency files around a module declare."""
    of_folder = cache(declared_era)
    return {module.filename: of_folder(Path(os.path.abspath(module.filename)).parent) for module in modules}


def _verified(
    findings: list[Finding], texts: Mapping[str, str], settings: Settings, progress: Progress | None
) -> list[Finding]:
    """The findings with their verdicts; what is let pass is not run."""
    from bnlint.verify import verify

    asked = [finding for finding in findings if not finding.suppressed]
    if progress is not None:
        progress.start("running", len(asked))
    done = 0

    def step(now: int, _total: int) -> None:
        nonlocal done
        while progress is not None and done < now:
            progress.advance()
            done += 1

    verified = iter(verify(asked, texts, verify_settings(settings), step))
    return [finding if finding.suppressed else next(verified) for finding in findings]


def verify_settings(settings: Settings) -> VerifySettings:
    """How the verifier is to run code."""
    from bnlint.verify import VerifySettings

    chosen = VerifySettings(timeout=settings.timeout, isolation=settings.isolation)
    return chosen if settings.python is None else replace(chosen, python=settings.python)
