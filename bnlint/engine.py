"""The pipeline: paths to a report. One function serves the command line, the editor and the tests."""

from __future__ import annotations

import ast
import gc
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from libcst import ParserSyntaxError

from bnlint.analysis import era, prefilter
from bnlint.analysis.facts import ModuleFacts, analyse
from bnlint.analysis.program import File
from bnlint.analysis.project import ProjectFacts, project_facts
from bnlint.dependencies import declared_era
from bnlint.discovery import Discovery, discover, rest_of_project
from bnlint.findings import Era, FileError, Finding, Outcome, Report, Span
from bnlint.marks import marked
from bnlint.progress import Progress
from bnlint.registry import load_rules
from bnlint.rule import Case, Rule
from bnlint.settings import Settings
from bnlint.source import Source, SourceError

if TYPE_CHECKING:
    from bnlint.verify import VerifySettings

# Bytes of source from which on starting processes costs less than it saves.
_WORTH_A_PROCESS = 400_000


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files of a run, read. ``rest`` reads the other files of the project."""

    sources: tuple[Source, ...]
    errors: tuple[FileError, ...]
    files: int
    rest: Callable[[], Sequence[Source]]


def check(paths: Sequence[str], settings: Settings, progress: Progress | None = None) -> Report:
    """Check files and folders. Raises ConfigError for a baseline, RuleError for rule folders that cannot be loaded."""
    inputs = read(paths, settings)
    return check_inputs(inputs, inputs.sources, settings, progress)


def read(paths: Sequence[str], settings: Settings) -> Inputs:
    """Find and read the files."""
    discovery = discover(paths, settings)
    sources, errors = _read(discovery)

    @cache
    def rest() -> Sequence[Source]:
        return _read(rest_of_project(paths, discovery, settings))[0]

    return Inputs(tuple(sources), (*discovery.errors, *errors), len(discovery.files), rest)


def check_inputs(
    inputs: Inputs, sources: Sequence[Source], settings: Settings, progress: Progress | None = None
) -> Report:
    """Check what was read, or what became of it: ``sources`` stand in for those of ``inputs``."""
    report = check_sources(sources, settings, progress, inputs.rest)
    errors = sorted(
        (*inputs.errors, *report.errors), key=lambda error: (error.filename, error.span or Span(0, 0, 0, 0))
    )
    return replace(report, files=inputs.files, errors=tuple(errors))


def _read(discovery: Discovery) -> tuple[list[Source], list[FileError]]:
    sources: list[Source] = []
    errors: list[FileError] = []
    for path, filename in discovery.files:
        try:
            sources.append(Source.read(path, filename))
        except SourceError as error:
            errors.append(FileError(filename, str(error)))
    return sources, errors


def check_sources(
    sources: Sequence[Source],
    settings: Settings,
    progress: Progress | None = None,
    rest: Callable[[], Sequence[Source]] = tuple,
) -> Report:
    """Check what was read: facts of each file, the view of the whole, the rules, and, if asked for, the runs.

    rest: reads the other files of the project. They are looked at only if something was found, for what they
    know about it: a part of a project must not be accused of what the rest takes care of.
    """
    every_rule = load_rules(settings.rules)
    rules = [rule for rule in every_rule if settings.selects(rule.code)]
    needs = [rule.needs for rule in rules]
    relevant, aside = _sifted(sources, needs)
    by_name, modules, errors = _analyse(relevant, progress)
    found = _apply(rules, modules, _project(modules, aside, settings), settings)
    others = rest() if found else ()
    if others:
        relevant, aside_too = _sifted(others, needs)
        everything = [*modules, *_analyse(relevant, progress)[1]]
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
    texts = {name: text for filename in shown if filename in by_name for name, text in by_name[filename].texts.items()}
    return Report(
        tuple(located), tuple(errors), len(sources), len(modules), refuted, os.getcwd(), texts, warnings, gone=gone
    )


def _sifted(sources: Sequence[Source], needs: Sequence[prefilter.Needs]) -> tuple[list[Source], list[Source]]:
    """The sources that must be parsed, and the others."""
    relevant: list[Source] = []
    aside: list[Source] = []
    for source in sources:
        (relevant if prefilter.matters(source.data, needs) else aside).append(source)
    return relevant, aside


def _analyse(
    sources: Sequence[Source], progress: Progress | None
) -> tuple[dict[str, Source], list[ModuleFacts], list[FileError]]:
    """The sources as they were analysed, by name, with the facts of those that could be."""
    by_name: dict[str, Source] = {}
    modules: list[ModuleFacts] = []
    errors: list[FileError] = []
    if progress is not None:
        progress.start("checking", len(sources))
    for facts in _in_parallel(sources, _processors()):
        if isinstance(facts, FileError):
            errors.append(facts)
        else:
            source, module = facts
            by_name[source.filename] = source
            modules.append(module)
        if progress is not None:
            progress.advance()
    return by_name, modules, errors


def _processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_parallel(sources: Sequence[Source], jobs: int) -> Iterator[tuple[Source, ModuleFacts] | FileError]:
    """The facts of each source, in order; in processes where that pays."""
    # A fork copies the caller as it is: nothing of it runs again, but it must not have threads.
    can_fork = "fork" in get_all_start_methods() and threading.active_count() == 1
    if jobs < 2 or not can_fork or sum(len(source.data) for source in sources) < _WORTH_A_PROCESS:
        # The collector walks the growing trees again and again, and frees nothing.
        gc.disable()
        try:
            yield from map(_facts, sources)
        finally:
            gc.enable()
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork"), initializer=gc.disable) as executor:
        yield from executor.map(_facts, sources, chunksize=4)


def _facts(source: Source) -> tuple[Source, ModuleFacts] | FileError:
    """What is known of one file, read as Python 3 or else as Python 2."""
    names = _module_name(source.filename)
    try:
        try:
            return source, analyse(source.text, source.filename, *names)
        except ParserSyntaxError as error:
            translated = source.as_python_3()
            try:
                return translated, analyse(translated.text, source.filename, *names)
            except ParserSyntaxError:
                return _syntax_error(source, error)
    except RecursionError:
        return FileError(source.filename, "is nested too deeply to be analysed")


def _module_name(filename: str) -> tuple[str, str]:
    """The dotted names of the module and of its package, as its path suggests."""
    path = PurePosixPath(filename).with_suffix("")
    parts = [part for part in path.parts if part not in ("..", "/", ".")]
    package = parts[:-1]
    return ".".join(package if parts[-1:] == ["__init__"] else parts), ".".join(package)


def _syntax_error(source: Source, error: ParserSyntaxError) -> FileError:
    """Python's own words and place, which are better than libcst's."""
    message, row, column = error.message, error.raw_line, error.raw_column + 1
    try:
        ast.parse(source.text)
    except SyntaxError as own:
        message, row, column = own.msg, own.lineno or row, own.offset or column
    except (ValueError, RecursionError, MemoryError):
        pass
    cell, span = source.locate(Span(row, max(column, 1), row, max(column, 1)))
    place = source.filename if cell is None else f"{source.filename}:cell {cell}"
    return FileError(place, f"cannot be parsed as Python 3: {message}", span)


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
    files = [File(source.filename, *_module_name(source.filename), source.text) for source in aside]
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
