"""What the rules find in one part of a project: the facts of each file, the view of the whole, the rules."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from bnlint import timings
from bnlint.analysis.facts import ModuleFacts
from bnlint.analysis.project import ProjectFacts, project_facts
from bnlint.analysis.project_facts.far import Answer, Far, Question
from bnlint.analysis.project_facts.file import File
from bnlint.analysis.project_facts.helpers import with_helpers
from bnlint.analysis.project_facts.importing import ImportGraph
from bnlint.analysis.project_facts.inheritance import with_inherited
from bnlint.findings import Era, FileError, Finding
from bnlint.frozen import dataclass
from bnlint.memory import Memory
from bnlint.parts import Part
from bnlint.progress import Progress
from bnlint.reading import analyse_all, module_name
from bnlint.registry import Selection
from bnlint.relocating import relocated
from bnlint.rule import Case, Rule
from bnlint.settings import Settings
from bnlint.sifting import Sifted
from bnlint.source import Source
from bnlint.span import Span
from bnlint.timings import phase


@dataclass(frozen=True)
class View:
    """What is known before a part is judged, to be sent to whoever judges it.

    parse: the files that matter, to be parsed where they are near; optional: those whose errors nobody asked for.
    aside: the other files. given: the names of those that are checked. root: the folder that names start from, part by
    part. sifted: by file name, what its text says by itself. imports: which file imports which. declared: by file name,
    what the dependency files around it say.
    """

    settings: Settings
    given: frozenset[str]
    parse: tuple[Source, ...]
    optional: frozenset[str]
    aside: tuple[Source, ...]
    root: tuple[str, ...]
    sifted: Mapping[str, Sifted]
    imports: ImportGraph
    declared: Mapping[str, Era]


@dataclass(frozen=True)
class Judged:
    """What is found in a part.

    own: in its files; lent: in files of other parts, which may have found it too.
    parsed: the names of all files that were; translated: those that had to be read as Python 2, as they were read.
    asked: what files had to answer that are far from the part, see `Far`.
    """

    own: tuple[Finding, ...] = ()
    lent: tuple[Finding, ...] = ()
    errors: tuple[FileError, ...] = ()
    parsed: tuple[str, ...] = ()
    translated: tuple[Source, ...] = ()
    asked: Mapping[Question, Answer] = field(default_factory=dict[Question, Answer])


def judge(view: View, parts: Iterable[Part], memory: Memory, progress: Progress | None = None) -> Iterator[Judged]:
    """What is found in the files of each part."""
    files = files_of(view, memory)
    for part in parts:
        yield _judged(view, part, files, memory, progress)


def judge_apart(
    view: View, parts: Iterable[Part], memory: Memory | None = None, progress: Progress | None = None
) -> tuple[list[Judged], Mapping[str, float]]:
    """The same in another process, and how long each phase took there.

    memory: what this process knows; it keeps nothing of the files of earlier parts.
    """
    memory = memory or Memory()
    timings.forget()
    if memory.forget_files():
        gc.collect()
    found = list(judge(view, parts, memory, progress))
    return found, timings.spent()


def _judged(view: View, part: Part, files: dict[str, File], memory: Memory, progress: Progress | None) -> Judged:
    by_name, modules, errors = facts_near(view, part, memory, progress)
    with phase("judged"):
        project = project_of(view, part, modules, by_name, files, memory)
        own, lent = _applied(tuple(Selection(view.settings)), part.files, view, project)
    return Judged(
        own,
        lent,
        tuple(error for error in errors if error.filename in view.given - view.optional),
        tuple(module.filename for module in project.modules),
        tuple(source for source in by_name.values() if source.written is not None),
        project.far.asked,
    )


def facts_near(
    view: View, part: Part, memory: Memory, progress: Progress | None = None
) -> tuple[dict[str, Source], list[ModuleFacts], list[FileError]]:
    """The files near a part as they were analysed, by name, with the facts of those that could be."""
    with phase("analysed"):
        return analyse_all([source for source in view.parse if source.filename in part.near], memory, progress)


def project_of(
    view: View,
    part: Part,
    modules: Sequence[ModuleFacts],
    by_name: dict[str, Source],
    files: Mapping[str, File],
    memory: Memory,
) -> ProjectFacts:
    """The project as a part sees it. by_name: where the files are noted that turn out to matter to others."""
    # What is far, or cannot be parsed, still has words and imports.
    guesses = {name: view.sifted[name].era for name in files if name not in by_name}
    around = view.imports.around(part.near)
    aside = [files[name] for name in sorted(around) if name not in by_name]
    far = Far(files, around)
    project = project_facts(modules, guesses, view.declared, pinned(view.settings), aside, view.root, view.imports, far)

    def parse(file: File) -> ModuleFacts | None:
        sources = [source for source in (*view.aside, *view.parse) if source.filename == file.filename]
        sources, found, _ = analyse_all(sources, memory)
        by_name.update(sources)
        return found[0] if found else None

    return with_helpers(with_inherited(project), parse)


def files_of(view: View, memory: Memory) -> dict[str, File]:
    """All files of the project as they are known without being parsed, by their names and sorted by these."""
    sources = sorted((*view.aside, *view.parse), key=lambda source: source.filename)
    return {file.filename: file for file in as_files(sources, view.sifted, memory)}


def as_files(sources: Iterable[Source], sifted: Mapping[str, Sifted], memory: Memory) -> list[File]:
    """The files as they are known without being parsed."""

    def file(source: Source) -> File:
        name = source.filename
        return File(name, *module_name(name), lambda: source.text, sifted[name].imports)

    return memory.derive("file", sources, file)


def pinned(settings: Settings) -> Era:
    """What the settings say all code is written for."""
    said = settings.tensorflow is not None or settings.keras is not None
    return Era(settings.tensorflow, settings.keras, ("the settings say so",) if said else ())


def _applied(
    rules: Sequence[Rule], files: frozenset[str], view: View, project: ProjectFacts
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """What the rules say of some files, and what they say on the way of others that are given."""
    own: list[Finding] = []
    lent: dict[tuple[str, Span, str], Finding] = {}
    settings = view.settings
    for module in project.modules:
        if module.filename not in files:
            continue
        written_for = project.era_of(module)
        for rule in rules:
            if settings.ignores_in(module.filename, rule.code):
                continue
            for finding in rule.check(Case(rule, module, project, written_for)):
                finding = relocated(finding, module.flow.tree.grafts)
                if finding.filename == module.filename:
                    own.append(finding)
                elif finding.filename in view.given and not settings.ignores_in(finding.filename, rule.code):
                    lent.setdefault((finding.filename, finding.span, finding.code), finding)
    return tuple(own), tuple(lent.values())
