"""Statistics that a class gets from a base class in another file, or from Keras."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.names import canonical
from bnlint.analysis.code.scopes import Binding, ModuleTree, Scope
from bnlint.analysis.code.values import Attribute, Call, Const, Global, Read
from bnlint.analysis.facts import ModuleFacts, facts_of_flow
from bnlint.analysis.module_facts.layers import LAYER_CLASSES
from bnlint.analysis.module_facts.statistics import CONSTRUCTOR_METHODS
from bnlint.span import Span

if TYPE_CHECKING:
    from bnlint.analysis.project import ProjectFacts

# By the id of a class, the attributes that it inherits: what calls of which constructor they hold.
_Attribute = tuple[str, str, Sequence[tuple[str | None, Const]]]
_Inherited = Mapping[int, Sequence[_Attribute]]
_NOWHERE = Span(1, 1, 1, 1)
_OF_KERAS = tuple(
    (f"self.{name}", "add_weight", (("name", Const(_NOWHERE, name)), ("trainable", Const(_NOWHERE, False))))
    for name in ("moving_mean", "moving_variance")
)


def with_inherited(project: ProjectFacts) -> ProjectFacts:
    """A project whose modules know the statistics that their classes inherit from other files."""
    modules = [_inheriting(module, _inherited(project, module)) for module in project.modules]
    changed = any(new is not old for new, old in zip(modules, project.modules, strict=True))
    return replace(project, modules=tuple(modules)) if changed else project


def _inherited(project: ProjectFacts, module: ModuleFacts) -> _Inherited:
    found: dict[int, list[_Attribute]] = defaultdict(list)
    for owner in module.scopes:
        bases = [base.name for base in owner.bases if isinstance(base, Global)]
        if any(canonical(name) in LAYER_CLASSES for name in bases):
            found[owner.id] += _OF_KERAS
        elif bases:
            for home, base in project.links.lineage(module, owner):
                if home is not module:
                    found[owner.id] += _attributes(home, base)
    return {scope: attributes for scope, attributes in found.items() if attributes}


def _attributes(home: ModuleFacts, base: Scope) -> Iterator[_Attribute]:
    for statistic in home.statistics:
        if home.flow.class_of(statistic.scope) is base and (statistic.role is not None or not statistic.trainable):
            options = [(name, v) for name, v in statistic.constructor.keywords if isinstance(v, Const)]
            yield from ((path, statistic.made_by, options) for path in statistic.paths if path.startswith("self."))


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
        for attribute in attributes:
            _make(made, made.scopes[owner], attribute)
    own = frozenset(range(len(tree.calls)))
    return facts_of_flow(Dataflow(made), module.filename, module.module, own)


def _make(tree: ModuleTree, owner: Scope, attribute: _Attribute) -> None:
    path, made_by, options = attribute
    span = owner.bases[0].span
    is_method = made_by in CONSTRUCTOR_METHODS
    callee = Attribute(span, Read(span, "self", owner.id, ()), made_by) if is_method else Global(span, made_by)
    call = Call(span, len(tree.calls), callee, (), tuple(options))
    binding = Binding(len(tree.bindings), path, owner.id, "assign", call, span, span, ())
    tree.calls.append(call)
    tree.call_sites.append((owner.id, (), (), 0))
    tree.bindings.append(binding)
    owner.bindings[path] = [*owner.bindings.get(path, ()), binding.id]
