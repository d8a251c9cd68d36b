"""From sources to findings: the facts of each file, the view of the whole, the rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from pathlib import Path

from bnlint.analysis import era, prefilter
from bnlint.analysis.facts import ModuleFacts
from bnlint.analysis.project import ProjectFacts, project_facts
from bnlint.analysis.project_facts.helpers import with_helpers
from bnlint.analysis.project_facts.inheritance import with_inherited
from bnlint.analysis.project_facts.program import File, Programs
from bnlint.dependencies import declared_eras
from bnlint.findings import Analysis, Era, FileError, Finding
from bnlint.memory import Memory
from bnlint.progress import Progress
from bnlint.reading import analyse_all, module_name
from bnlint.registry import Selection
from bnlint.relocating import relocated
from bnlint.rule import Case, Rule
from bnlint.settings import Settings
from bnlint.source import Source
from bnlint.span import Span
from bnlint.timings import phase


def analyse(
    sources: Sequence[Source],
    rules: Selection,
    settings: Settings,
    progress: Progress | None,
    rest: Callable[[], Sequence[Source]],
    memory: Memory,
) -> tuple[Analysis, dict[str, Source]]:
    """What the rules find, and the sources as they were analysed, by name.

    rest: reads the other files of the project, which are looked at only if something was found.
    """
    # Those of all rules, so that what one of them finds does not depend on which others are selected.
    needs = [rule.needs for rule in rules.every]
    selected = tuple(rules)
    workers = settings.jobs, settings.executor
    with phase("sifted"):
        relevant, callers, aside = _sifted(sources, needs, memory)
    with phase("analysed"):
        by_name, modules, errors = analyse_all([*relevant, *callers], progress, memory, *workers)
        # What cannot be parsed still has words and imports.
        aside += [source for source in (*relevant, *callers) if source.filename not in by_name]
        optional = {source.filename for source in callers}
        errors = [error for error in errors if error.filename not in optional]
    with phase("judged"):
        given = {source.filename for source in sources}
        project = _project(modules, aside, settings, memory, by_name)
        found = _apply(selected, given, project, settings)
    # What is wrong with one of the others is told where it is checked.
    others = [source for source in (rest() if found else ()) if source.problem is None]
    if others:
        with phase("rest of the project"):
            relevant, callers, aside_too = _sifted(others, needs, memory, relevant)
            # What never runs together with the files of this run has no say in what becomes of their statistics.
            around = Programs([*map(File.of, modules), *_unparsed([*aside, *others], memory)], _root()).around(by_name)
            near = [source for source in (*relevant, *callers) if source.filename in around]
            far = [source for source in (*relevant, *callers) if source.filename not in around]
            everything = [*modules, *analyse_all(near, progress, memory, *workers)[1]]
            project = _project(everything, [*aside, *aside_too, *far], settings, memory, by_name)
            found = _apply(selected, given, project, settings)
    by_name = {name: source for name, source in by_name.items() if name in given}
    analysis = Analysis(
        tuple(found),
        tuple(errors),
        tuple(by_name),
        tuple(name for name, source in by_name.items() if source.written is not None),
        tuple(module.filename for module in project.modules),
        bool(found or others),
    )
    return analysis, by_name


def _sifted(
    sources: Sequence[Source], needs: Sequence[prefilter.Needs], memory: Memory, known: Sequence[Source] = ()
) -> tuple[list[Source], list[Source], list[Source]]:
    """The sources that matter, those that import a batch norm and so decide its training flag, and the others.

    known: sources of the project that matter and were sifted before.
    """
    relevant: list[Source] = []
    others: list[Source] = []
    matter = memory.derive(("matters", *needs), sources, lambda source: prefilter.matters(source.data, needs))
    for source, matters in zip(sources, matter, strict=True):
        (relevant if matters else others).append(source)
    layers = (source for source in (*known, *relevant) if prefilter.holds_layers(source.data))
    norms = [File(each.filename, *module_name(each.filename), "") for each in layers]
    importers = Programs([*norms, *_unparsed(others, memory)], _root()).importers(norms) if norms else set[str]()
    callers = [source for source in others if source.filename in importers]
    return relevant, callers, [source for source in others if source.filename not in importers]


def _unparsed(sources: Sequence[Source], memory: Memory) -> list[File]:
    return memory.derive("file", sources, lambda each: File(each.filename, *module_name(each.filename), each.text))


def _apply(rules: Sequence[Rule], given: Set[str], project: ProjectFacts, settings: Settings) -> list[Finding]:
    """What the rules say of the files that are given."""
    found: list[Finding] = []
    lent: dict[tuple[str, Span, str], Finding] = {}
    for module in project.modules:
        if module.filename not in given:
            continue
        written_for = project.era_of(module)
        for rule in rules:
            if settings.ignores_in(module.filename, rule.code):
                continue
            for finding in rule.check(Case(rule, module, project, written_for)):
                finding = relocated(finding, module.flow.tree.grafts)
                if finding.filename == module.filename:
                    found.append(finding)
                elif finding.filename in given and not settings.ignores_in(finding.filename, rule.code):
                    lent.setdefault((finding.filename, finding.span, finding.code), finding)
    said = {(finding.filename, finding.span, finding.code) for finding in found}
    found += [finding for place, finding in lent.items() if place not in said]
    return sorted(found, key=lambda finding: finding.order)


def _project(
    modules: Sequence[ModuleFacts],
    aside: Sequence[Source],
    settings: Settings,
    memory: Memory,
    by_name: dict[str, Source] | None = None,
) -> ProjectFacts:
    """The project view. by_name: where the files are noted that turn out to matter to others."""
    guessed = memory.derive("era", aside, lambda source: era.guess(source.data))
    guesses = {source.filename: guess for source, guess in zip(aside, guessed, strict=True)}
    declared = declared_eras(module.filename for module in modules)
    unparsed = _unparsed(aside, memory)
    project = with_inherited(project_facts(modules, guesses, declared, _pins(settings), unparsed, _root()))
    left = {source.filename: source for source in aside}

    def parse(file: File) -> ModuleFacts | None:
        sources, parsed, _ = analyse_all([left[file.filename]], memory=memory)
        if by_name is not None:
            by_name.update(sources)
        return parsed[0] if parsed else None

    return with_helpers(project, parse)


def _root() -> tuple[str, ...]:
    """The folder that file names start from, in parts."""
    return Path.cwd().parts


def _pins(settings: Settings) -> Era:
    pinned = settings.tensorflow is not None or settings.keras is not None
    return Era(settings.tensorflow, settings.keras, ("the settings say so",) if pinned else ())


def as_analysed(source: Source, settings: Settings) -> tuple[Source, Era, tuple[FileError, ...]]:
    """One file by itself as the analysis takes it, what it is written for, and why it cannot be parsed if it cannot."""
    if source.problem is not None:
        return source, _pins(settings), (source.problem,)
    memory = Memory()
    by_name, modules, errors = analyse_all([source], memory=memory)
    if not modules:
        return source, _pins(settings), tuple(errors)
    project = _project(modules, [], settings, memory)
    return by_name[source.filename], project.era_of(modules[0]), tuple(errors)
