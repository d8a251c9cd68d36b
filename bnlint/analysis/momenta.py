"""The momentum that batch-norm layers and average objects are given: the weight of the old value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bnlint.analysis.arithmetic import number
from bnlint.analysis.average_objects import applied_averages
from bnlint.analysis.values import Call, Value

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts

_KEYWORD = {"slim.batch_norm": "decay"}


@dataclass(frozen=True, slots=True)
class Momentum:
    """A momentum whose number the code shows. call: the layer or the average object; value: the expression."""

    call: Call
    value: Value
    number: float
    scope: int


def layer_momenta(module: ModuleFacts) -> Iterator[Momentum]:
    """The momenta of a module's layers."""
    given = [(layer.creation, layer.creation.argument(1, "momentum")) for layer in module.layers]
    given += [(each.call, each.options.get(_KEYWORD.get(each.api, "momentum"))) for each in module.layer_functions]
    for call, value in given:
        yield from _known(module, call, value)


def average_momenta(project: ProjectFacts, module: ModuleFacts) -> Iterator[Momentum]:
    """The momenta of the average objects that a module makes and applies to batch statistics."""
    seen: set[int] = set()
    for applied in applied_averages(project, module):
        method = module.flow.method_of(applied.call)
        for origin in module.flow.origins(method[0]) if method is not None and applied.is_certain else ():
            if isinstance(origin, Call) and origin.id not in seen:
                seen.add(origin.id)
                # With a count of steps the momentum starts small and grows.
                if origin.argument(1, "num_updates") is None:
                    yield from _known(module, origin, origin.argument(0, "decay"))


def _known(module: ModuleFacts, call: Call, value: Value | None) -> Iterator[Momentum]:
    known = number(module.flow, value) if value is not None else None
    if value is not None and known is not None:
        yield Momentum(call, value, known, module.flow.site(call).scope)
