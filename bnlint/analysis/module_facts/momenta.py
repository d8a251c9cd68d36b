"""The momentum that batch-norm layers are given: the weight of the old value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.code.arithmetic import number
from bnlint.analysis.code.values import Call, Value
from bnlint.frozen import dataclass

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts

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
        yield from known_momentum(module, call, value)


def known_momentum(module: ModuleFacts, call: Call, value: Value | None) -> Iterator[Momentum]:
    """What a call is given as momentum, if the code shows its number."""
    known = number(module.flow, value) if value is not None else None
    if value is not None and known is not None:
        yield Momentum(call, value, known, module.flow.site(call).scope)
