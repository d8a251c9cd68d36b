"""Functional Keras models that are built with a literal ``training=``, and what is frozen besides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.code.scopes import Binding
from bnlint.analysis.code.values import Call, Const, Global, Value, is_false, path_of, walk
from bnlint.analysis.module_facts.layers import LAYER_CLASSES
from bnlint.analysis.project_facts.keras_models import MODELS, NETWORKS, STEPS
from bnlint.frozen import dataclass

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts

# The networks of Keras that have no batch norm.
_WITHOUT = ("VGG", "ConvNeXt")
_CLASSES = frozenset(name.rpartition(".")[2] for name in LAYER_CLASSES)


@dataclass(frozen=True, slots=True)
class FixedCall:
    """A layer or model with a batch norm, called on a symbolic tensor with a literal ``training=``.

    callee: the place that holds the layer, None if it is made right there. rows: where the layer is made.
    unfrozen: the bindings that set ``trainable`` of the callee to something else than False.
    of_layers: whether the callee is a model, with layers to freeze one by one.
    """

    call: Call
    scope: int
    training: bool
    flag: Const
    callee: str | None
    rows: tuple[int, ...]
    unfrozen: tuple[Binding, ...]
    of_layers: bool


def fixed_calls(project: ProjectFacts, module: ModuleFacts) -> Iterator[FixedCall]:
    """Functional calls with a literal ``training=``."""
    flow, models = module.flow, project.keras_models
    for call in flow.tree.calls:
        flag = call.keyword("training")
        if not isinstance(flag, Const) or not isinstance(flag.value, bool) or not call.args:
            continue
        scope = flow.site(call).scope
        if any(around.name in STEPS for around in flow.enclosing(scope)) or not models.is_symbolic(
            module, call.args[0]
        ):
            continue
        networks = _library_networks(project, module, call.callee)
        if networks or models.holds_batch_norm(module, call.callee):
            callee = path_of(call.callee)
            made = [layer.span.row for layer in module.layers if any(use.call is call for use in layer.uses)]
            unfrozen = tuple(each for each in _switches(module, callee) if not is_false(each.value))
            rows = tuple(made or networks)
            yield FixedCall(call, scope, flag.value, flag, callee, rows, unfrozen, _is_model(project, module, call))


def _library_networks(project: ProjectFacts, module: ModuleFacts, callee: Value) -> list[int]:
    """Where a module makes the networks of Keras that it calls, if they have batch norms and something is trained."""
    if not project.fits and not project.has_tape:
        return []
    made = [
        (origin, home.flow.name_of(origin) or "")
        for home, origin in project.links.origins(module, callee)
        if isinstance(origin, Call) and home is module
    ]
    return [
        origin.span.row
        for origin, name in made
        if name.startswith(NETWORKS) and not name.rpartition(".")[2].startswith(_WITHOUT)
    ]


def _is_model(project: ProjectFacts, module: ModuleFacts, call: Call) -> bool:
    """Whether what is called has a list of layers, and is neither a batch norm itself nor a layer of the project."""
    origins = project.links.origins(module, call.callee)
    names = [home.flow.name_of(origin) or "" for home, origin in origins if isinstance(origin, Call)]
    return any(name in MODELS or name.startswith(NETWORKS) for name in names)


def _switches(module: ModuleFacts, path: str | None) -> Iterator[Binding]:
    """Where a module sets ``trainable`` on a place."""
    return (each for each in module.flow.tree.bindings if path is not None and each.path == f"{path}.trainable")


def is_frozen(module: ModuleFacts, path: str | None) -> bool:
    """Whether a module keeps the batch norms of a place from training: all of it, or them among its layers."""
    switches = [each for each in module.flow.tree.bindings if each.path.endswith(".trainable")]
    if any(_asks_for_norms(value) for each in switches for value in (each.value, *(g.test for g in each.guards))):
        return True
    set_to = [each.value for each in switches if each.path in (f"{path}.trainable", "layer.trainable")]
    return bool(set_to) and all(is_false(value) for value in set_to)


def _asks_for_norms(value: Value) -> bool:
    """Whether a condition is about batch norms, by their class or by a text that names them."""
    for part in walk(value):
        match part:
            case Global(name=name) if name.rpartition(".")[2] in _CLASSES:
                return True
            case Const(value=str() as text) if "norm" in text.lower() or "bn" in text.lower():
                return True
            case _:
                pass
    return False
