"""Statistics that a class gets from a base class in another file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bnlint.analysis.dataflow import Dataflow
from bnlint.analysis.facts import ModuleFacts, facts_of_flow
from bnlint.analysis.scopes import Binding, ModuleTree, Scope
from bnlint.analysis.statistics import CONSTRUCTOR_METHODS, Statistic
from bnlint.analysis.values import Attribute, Call, Const, Global, Read
from bnlint.findings import Span

if TYPE_CHECKING:
    from bnlint.analysis.project import ProjectFacts

# By the id of a class, the attributes that it inherits, with the statistic that each holds.
_Inherited = Mapping[int, Sequence[tuple[str, Statistic]]]


def with_inherited(project: ProjectFacts) -> ProjectFacts:
    """A project whose modules know the statistics that their classes inherit from other files."""
    modules = [_inheriting(module, _inherited(project, module)) for module in project.modules]
    changed = any(new is not old for new, old in zip(modules, project.modules, strict=True))
    return replace(project, modules=tuple(modules)) if changed else project


def _inherited(project: ProjectFacts, module: ModuleFacts) -> _Inherited:
    found: dict[int, list[tuple[str, Statistic]]] = defaultdict(list)
    for owner in module.scopes:
        if owner.kind == "class" and any(isinstance(base, Global) for base in owner.bases):
            for home, base in project.links.lineage(module, owner):
                if home is not module:
                    found[owner.id] += _attributes(home, base)
    return {scope: attributes for scope, attributes in found.items() if attributes}


def _attributes(home: ModuleFacts, base: Scope) -> Iterator[tuple[str, Statistic]]:
    for statistic in home.statistics:
        if home.flow.class_of(statistic.scope) is base and (statistic.role is not None or not statistic.trainable):
            yield from ((path, statistic) for path in sorted(statistic.paths) if path.startswith("self."))


def _inheriting(module: ModuleFacts, inherited: _Inherited) -> ModuleFacts:
    """A module read as if its classes made what they inherit, at the place where they name their base class."""
    if not inherited:
        return module
    tree = module.flow.tree
    made = replace(
        tree,
        scopes=[
            replace(scope, bindings={**scope.bindings}) if scope.id in inherited else scope for scope in tree.scopes
        ],
        bindings=[*tree.bindings],
        calls=[*tree.calls],
        call_sites=[*tree.call_sites],
    )
    for owner, attributes in inherited.items():
        for path, statistic in attributes:
            _make(made, made.scopes[owner], path, statistic)
    own = frozenset(range(len(tree.calls)))
    return facts_of_flow(Dataflow(made), module.filename, module.module, own)


def _make(tree: ModuleTree, owner: Scope, path: str, statistic: Statistic) -> None:
    span = owner.bases[0].span
    kept = ((name, value) for name, value in statistic.constructor.keywords if isinstance(value, Const))
    call = Call(span, len(tree.calls), _constructor(statistic, owner, span), (), tuple(kept))
    binding = Binding(len(tree.bindings), path, owner.id, "assign", call, span, span, ())
    tree.calls.append(call)
    tree.call_sites.append((owner.id, (), (), 0))
    tree.bindings.append(binding)
    owner.bindings[path] = [*owner.bindings.get(path, ()), binding.id]


def _constructor(statistic: Statistic, owner: Scope, span: Span) -> Attribute | Global:
    if statistic.made_by in CONSTRUCTOR_METHODS:
        return Attribute(span, Read(span, "self", owner.id, ()), statistic.made_by)
    return Global(span, statistic.made_by)
