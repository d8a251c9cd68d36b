"""The momentum that batch-norm layers are given: the weight of the old value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bnlint.analysis.code.arithmetic import number
from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.values import Call, Value
from bnlint.analysis.module_facts.layers import Layer, LayerFunctionCall
from bnlint.frozen import dataclass

_KEYWORD = {"slim.batch_norm": "decay"}


@dataclass(frozen=True, slots=True)
class Momentum:
    """A momentum whose number the code shows. call: the layer or the average object; value: the expression."""

    call: Call
    value: Value
    number: float
    scope: int


def layer_momenta(
    flow: Dataflow, layers: Iterable[Layer], functions: Iterable[LayerFunctionCall]
) -> Iterator[Momentum]:
    """The momenta of a module's layers."""
    given = [(layer.creation, layer.creation.argument(1, "momentum")) for layer in layers]
    given += [(each.call, each.options.get(_KEYWORD.get(each.api, "momentum"))) for each in functions]
    found = (known_momentum(flow, call, value) for call, value in given if value is not None)
    return (momentum for momentum in found if momentum is not None)


def known_momentum(flow: Dataflow, call: Call, value: Value) -> Momentum | None:
    """What a call is given as momentum; None if the code does not show its number."""
    known = number(flow, value)
    return Momentum(call, value, known, flow.site(call).scope) if known is not None else None
