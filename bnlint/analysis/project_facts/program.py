"""Which files make up one program, and which of their functions it can reach.

A repository often holds several programs. What one of them runs says nothing about the next, so the rules that ask
"does anybody run this?" ask it of the files that are imported together. Files that no rule has use for are not
parsed; of these the imports and the words are enough.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property

from bnlint.analysis.code.names import relative_module
from bnlint.analysis.code.scopes import Scope
from bnlint.analysis.code.values import Attribute, Call, Const, Global, Read, Value
from bnlint.analysis.facts import ModuleFacts
from bnlint.analysis.module_facts.train_steps import drives
from bnlint.analysis.project_facts.importing import LIBRARIES, ImportGraph
from bnlint.frozen import dataclass

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<level>\.*)(?P<module>[\w.]*)[ \t]+import[ \t]*(?P<names>\([^)]*\)|[^\n#]+)"
    r"|import[ \t]+(?P<plain>[^\n#]+))",
    re.MULTILINE,
)
_COMMENT = re.compile(r"#[^\n]*")
_WORD = re.compile(r"[A-Za-z_]\w*")
# What code that trains holds.
_TRAINS = re.compile(r"\.minimize\(|\.apply_gradients\(|create_train_op|optimize_loss|train_op\s*=|\.fit\(|\.train\(")
# A file that speaks of these takes part in training, even if the step itself is built elsewhere.
_TAKES_PART = re.compile(r"train_?(?:op|step)|[oO]ptimi[sz]er|def train|\.train\(|\bepochs?\b")
_RESTORING = (".restore(", "load_weights(", "import_meta_graph(", "latest_checkpoint(")

# Methods that are called without being named.
_IMPLICIT = frozenset({"call", "build", "forward", "train_step", "test_step"})
# What is mentioned where a function is looked up under a name that only a run knows.
_ANY = "*"


@dataclass(frozen=True, eq=False)
class File:
    """A file of the project. ``facts`` is None if no rule needed it to be parsed."""

    filename: str
    module: str
    package: str
    text: str = field(repr=False)
    facts: ModuleFacts | None = field(default=None, repr=False)

    @classmethod
    def of(cls, facts: ModuleFacts) -> File:
        """A file that was parsed."""
        return cls(facts.filename, facts.module, facts.package, facts.flow.tree.own_text, facts)

    @cached_property
    def imports(self) -> frozenset[str]:
        """Full names of what it imports; ``x.*`` for a star."""
        if self.facts is not None:
            return frozenset(self.facts.flow.tree.imports)
        return frozenset(imported_names(self.text, self.package))

    @cached_property
    def drives(self) -> bool:
        """Whether it runs a graph."""
        return drives(self.text)

    @cached_property
    def trains(self) -> bool:
        """Whether it trains something."""
        return _TRAINS.search(self.text) is not None

    @property
    def restores(self) -> bool:
        """Whether it restores what was trained."""
        return any(word in self.text for word in _RESTORING)

    @cached_property
    def only_serves(self) -> bool:
        """Whether it restores a trained network and does not train it."""
        return self.restores and not self.trains and _TAKES_PART.search(self.text) is None

    @cached_property
    def words(self) -> frozenset[str]:
        """Every name in its text."""
        return frozenset(map(sys.intern, _WORD.findall(self.text)))

    @cached_property
    def mentions(self) -> Mapping[int, frozenset[str]]:
        """The names that each scope reads, by scope id; of a file without facts all words, as scope 0."""
        return {0: self.words} if self.facts is None else _mentions(self.facts)

    def mentions_name(self, name: str) -> bool:
        """Whether some scope reads a name."""
        # Few files hold the word at all; to look for that in the text costs next to nothing.
        return name in self.text and name in self._mentioned

    @cached_property
    def _mentioned(self) -> frozenset[str]:
        return frozenset(name for names in self.mentions.values() for name in names)


def imported_names(text: str, package: str) -> Iterator[str]:
    """What the import statements of a text name, found without parsing it."""
    for match in _import_statements(text):
        if match["plain"]:
            yield from (part.split()[0] for part in match["plain"].split(",") if part.split())
            continue
        level = len(match["level"])
        module = relative_module(package, level, match["module"]) if level else match["module"]
        for part in _COMMENT.sub("", match["names"]).strip("() \t").split(","):
            if part.split():
                yield f"{module}.{part.split()[0]}"


def _import_statements(text: str) -> Iterator[re.Match[str]]:
    """Matches of ``_IMPORT``, tried only in lines that hold the word: many times as fast as on every line."""
    end, found = 0, text.find("import")
    while found >= 0:
        start = text.rfind("\n", 0, found) + 1
        match = _IMPORT.match(text, start) if start >= end else None
        if match is not None:
            yield match
            end = match.end()
        found = text.find("import", max(end, found + 1))


def _mentions(facts: ModuleFacts) -> dict[int, frozenset[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for scope in facts.flow.tree.own_scopes:
        around = scope.parent if scope.parent is not None else scope.id
        outside = (*scope.decorators, *scope.bases, *(p.default for p in scope.parameters if p.default is not None))
        found[around] |= set(_names(outside))
    hidden: dict[int, frozenset[str]] = {}
    for statement in facts.flow.tree.own_statements:
        scope = statement.scope
        if scope not in hidden:
            hidden[scope] = frozenset(p.name for each in facts.flow.enclosing(scope) for p in each.parameters)
        found[scope] |= set(_names([statement.value], hidden[scope]))
    return {scope: frozenset(names) for scope, names in found.items()}


def _names(values: Iterable[Value], parameters: Collection[str] = ()) -> Iterator[str]:
    """The names in some values. parameters: names that mean what a caller passes, which is named there."""
    stack = list(values)
    while stack:
        value = stack.pop()
        stack.extend(value.children)
        match value:
            case Global(name=name) if name.partition(".")[0] in LIBRARIES:
                pass  # what a library holds is nothing of the project's, even under the same name
            case Global(name=name):
                yield from _WORD.findall(name)
            case Read(path=name):
                first, *rest = _WORD.findall(name) or ("",)
                yield from rest if first in parameters else (first, *rest)
            case Attribute(name=name):
                yield name
            case Const(value=str() as text) if text.isidentifier():
                yield text
            case Call(callee=Read(path="getattr"), args=(_, name, *_)) if not isinstance(name, Const):
                yield _ANY
            case Call(callee=Read(path="globals")):
                yield _ANY
            case _:
                pass


@dataclass(frozen=True)
class Program:
    """Files that may run together with one of them, the start.

    is_driven: one of those that reach the start runs a graph, so what is fetched is in view.
    """

    start: File
    files: tuple[File, ...]
    is_driven: bool

    @cached_property
    def modules(self) -> tuple[ModuleFacts, ...]:
        """The files that were parsed."""
        return tuple(file.facts for file in self.files if file.facts is not None)

    def mentions(self, name: str) -> bool:
        """Whether a file reads a name or an attribute of that name."""
        return any(file.mentions_name(name) for file in self.files)

    def is_live(self, module: ModuleFacts, scope: int) -> bool:
        """Whether a scope may run when the program does."""
        return (module.filename, scope) in self._live

    @cached_property
    def _live(self) -> frozenset[tuple[str, int]]:
        """Scopes that the program reaches by the names of functions, from the start, its callers and all top levels."""
        by_name: dict[str, list[tuple[File, Scope]]] = defaultdict(list)
        scopes = [(file, scope) for file in self.files if file.facts is not None for scope in file.facts.scopes]
        for file, scope in scopes:
            by_name[scope.name].append((file, scope))
            if scope.kind == "function":
                by_name[_ANY].append((file, scope))
        pending = [(file, 0) for file in self.files] + self._above
        live: set[tuple[str, int]] = set()
        while pending:
            file, scope = pending.pop()
            if (file.filename, scope) in live:
                continue
            live.add((file.filename, scope))
            for name in file.mentions.get(scope, ()):
                pending += [(other, each.id) for other, each in by_name.get(name, ())]
            pending += [(file, inner.id) for inner in _entered(file, scope)]
        return frozenset(live)

    @property
    def _above(self) -> list[tuple[File, int]]:
        """The scopes of the start that take an optimizer step or run a graph, and all that lead to them by name."""
        facts = self.start.facts
        steps = [] if facts is None else [step.scope for step in facts.train_steps.steps]
        steps += [] if facts is None else [facts.flow.site(run.call).scope for run in facts.train_steps.runs]
        found = {(self.start.filename, scope): self.start for scope in steps}
        fresh: list[tuple[str, int]] = list(found)
        while fresh:
            names = {name for filename, scope in fresh for name in _around(found[filename, scope], scope)}
            fresh = []
            for file in self.files:
                for scope, mentioned in file.mentions.items():
                    if (file.filename, scope) not in found and names & mentioned:
                        found[file.filename, scope] = file
                        fresh.append((file.filename, scope))
        return [(file, scope) for (_, scope), file in found.items()]


def _around(file: File, scope: int) -> Iterator[str]:
    """The names of a scope and of those around it."""
    if file.facts is not None:
        yield from (each.name for each in file.facts.flow.enclosing(scope) if each.name)


def _entered(file: File, scope: int) -> Iterator[Scope]:
    """Scopes that are entered together with one: lambdas, class bodies' special methods, the class around a method."""
    if file.facts is None:
        return
    outer = file.facts.scopes[scope]
    for inner in file.facts.scopes:
        if inner.parent != scope:
            continue
        special = inner.name.startswith("__") or inner.name in _IMPLICIT
        if inner.kind == "lambda" or (outer.kind == "class" and special):
            yield inner


class Programs:
    """The programs of a project, by what its files import.

    imports: which file imports which, where that is known already. root: see `Importable`.
    """

    def __init__(self, files: Sequence[File], root: Sequence[str] = (), imports: ImportGraph | None = None) -> None:
        self.files = tuple(files)
        self._imports = imports or ImportGraph(self.files, root)
        self._found: dict[str, Program] = {}

    def of(self, module: ModuleFacts) -> Program:
        """The program around a module: itself, whatever imports it, and everything that those import."""
        return self.of_file(self.file_of(module))

    def of_file(self, start: File) -> Program:
        """The program around a file."""
        found = self._found.get(start.filename)
        if found is None:
            above = self._imports.above([start.filename])
            files = tuple(self._by_name[name] for name in self._imports.below(above))
            is_driven = any(self._by_name[name].drives for name in above)
            found = self._found[start.filename] = Program(start, files, is_driven)
        return found

    def file_of(self, module: ModuleFacts) -> File:
        """The file of a module."""
        return self._of_facts[id(module)]

    def named(self, name: str, importer: File) -> list[File]:
        """The files that an imported name may mean."""
        return [self._by_name[found] for found in self._imports.named(name, importer.package)]

    @cached_property
    def _of_facts(self) -> dict[int, File]:
        return {id(file.facts): file for file in self.files if file.facts is not None}

    @cached_property
    def _by_name(self) -> dict[str, File]:
        return {file.filename: file for file in self.files}
