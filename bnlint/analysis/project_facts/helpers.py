"""Functions of other files that compute, update or make the statistics of the one that calls them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.grafting import grafted
from bnlint.analysis.code.names import canonical
from bnlint.analysis.code.values import Call, Const, Global, Read, walk
from bnlint.analysis.facts import ModuleFacts, facts_of_flow
from bnlint.analysis.module_facts.statistics import is_moving_name
from bnlint.analysis.project_facts.file import File
from bnlint.frozen import dataclass

if TYPE_CHECKING:
    from bnlint.analysis.project import ProjectFacts

# A helper may call one of a third file; deeper chains are not followed.
_LEVELS = 3
# What the names of moving statistics begin with.
_MOVING = ("moving_", "running_", "pop_", "population_", "ema_", "_ema", "mov_", "run_")


@dataclass(frozen=True)
class _Helper:
    """A function of another file that a module calls by ``name``. facts: None if that file was not parsed."""

    name: str
    function: str
    file: File

    @property
    def facts(self) -> ModuleFacts | None:
        return self.file.facts


# By the name that the module calls it by; None for what is no function of the project.
_Known: TypeAlias = dict[str, _Helper | None]


def with_helpers(project: ProjectFacts, parse: Callable[[File], ModuleFacts | None]) -> ProjectFacts:
    """A project whose modules are read as if the functions that they give their statistics to stood in them.

    parse: the facts of a file that no rule needed to be parsed; None if it cannot be.
    """
    fresh: Sequence[ModuleFacts] = project.modules
    for _ in range(_LEVELS):
        helpers = {module.filename: found for module in fresh if (found := list(_helpers(project, module)))}
        if not helpers:
            break
        unread = {each.file.filename: each.file for found in helpers.values() for each in found if each.facts is None}
        read = {facts.filename: facts for file in unread.values() if (facts := parse(file)) is not None}
        helped = {
            module.filename: _helped(module, helpers[module.filename], read)
            for module in fresh
            if module.filename in helpers
        }
        modules = (*(helped.get(module.filename, module) for module in project.modules), *read.values())
        aside = tuple(file for file in project.aside if file.filename not in read)
        project = replace(project, modules=modules, aside=aside)
        fresh = list(helped.values())
    return project


def _helpers(project: ProjectFacts, module: ModuleFacts) -> Iterator[_Helper]:
    made = {each.call.id for each in (*module.statistics, *module.inherited) if each.role or not each.trainable}
    text = module.flow.tree.own_text
    if not made and not any(word in text for word in _MOVING):
        return
    named = _bound_to_statistics(module)
    known: _Known = {}
    for call in module.flow.tree.calls:
        name = _name(module, call)
        if name is None or module.flow.tree.grafted(name) is not None:
            continue
        if name not in known:
            known[name] = _found(project, module, name)
        helper = known[name]
        if helper is not None and (_gives(module, call, made) or call.id in named or _names_statistic(call)):
            yield helper


def _name(module: ModuleFacts, call: Call) -> str | None:
    match call.callee:
        case Global(name=name):
            return name if canonical(name) == name else None
        case Read(path=name) if "." not in name and any(each.endswith(".*") for each in module.flow.tree.imports):
            return name if not module.flow.definitions(call.callee) else None
        case _:
            return None


def _found(project: ProjectFacts, module: ModuleFacts, name: str) -> _Helper | None:
    """The function of this name in another file, if there is exactly one."""
    place = project.links.imported(name, module)
    if place is not None:
        home, scope = place
        file = project.programs.file_of(home)
        return _Helper(name, scope.name, file) if home is not module and scope.parent == 0 else None
    here = project.programs.file_of(module)
    function = name.rpartition(".")[2]
    defines = f"def {function}("
    imports = [name] if "." in name else [each for each in here.imports if each.endswith(".*")]
    files = [file for each in imports for file in project.programs.named(each, here)]
    files += [
        inner
        for file in files
        for each in file.imports
        if each.rpartition(".")[2] in (function, "*")
        for inner in project.programs.named(each, file)
    ]
    holding = [file for file in dict.fromkeys(files) if file.facts is None and _stands(defines, file.text)]
    return _Helper(name, function, holding[0]) if len(holding) == 1 else None


def _stands(words: str, text: str) -> bool:
    """Whether a line of a text starts with some words."""
    return text.startswith(words) or f"\n{words}" in text


def _gives(module: ModuleFacts, call: Call, made: set[int]) -> bool:
    """Whether a call is given one of the variables that these calls make."""
    reads = (part for given in call.given for part in walk(given))
    return bool(made) and any(
        isinstance(origin, Call) and origin.id in made
        for read in reads
        if isinstance(read, Read)
        for origin in module.flow.origins(read)
    )


def _bound_to_statistics(module: ModuleFacts) -> set[int]:
    """The calls, by id, whose results are bound to a name of a moving statistic."""
    calls = ((binding.path, binding.value) for binding in module.flow.tree.bindings)
    return {value.id for path, value in calls if isinstance(value, Call) and is_moving_name(path)}


def _names_statistic(call: Call) -> bool:
    """Whether one of the texts that a call is given is the name of a moving statistic."""
    given = (v.value for v in call.given if isinstance(v, Const))
    return any(isinstance(text, str) and is_moving_name(text) for text in given)


def _helped(module: ModuleFacts, helpers: Iterable[_Helper], read: Mapping[str, ModuleFacts]) -> ModuleFacts:
    """A module read together with its helpers."""
    names: dict[str, dict[str, str]] = defaultdict(dict)
    homes: dict[str, ModuleFacts] = {}
    for helper in helpers:
        home = helper.facts or read.get(helper.file.filename)
        if home is not None:
            homes[home.filename] = home
            names[home.filename][helper.name] = helper.function
    if not homes:
        return module
    tree = module.flow.tree
    inherited = {each.call.id for each in module.inherited}
    for filename, home in homes.items():
        tree = grafted(tree, home.flow.tree, filename, home.package, names[filename])
    own = frozenset(range(len(tree.calls))) - inherited
    facts = facts_of_flow(Dataflow(tree), module.filename, module.module, own)
    return replace(facts, own_era=module.own_era)
