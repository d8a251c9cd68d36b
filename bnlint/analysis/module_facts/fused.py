"""Calls of ``fused_batch_norm``, which returns the new statistics and leaves it to the caller to store them."""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.values import Call, Const, Value
from bnlint.analysis.module_facts.statistics import FUSED, Statistic
from bnlint.analysis.module_facts.updates import Update
from bnlint.analysis.module_facts.uses import Uses
from bnlint.frozen import dataclass


@dataclass(frozen=True, slots=True)
class FusedCall:
    """A call in training mode that is given moving statistics and whose new ones are dropped."""

    call: Call
    scope: int
    statistics: tuple[Statistic, ...]


def dropping_calls(
    flow: Dataflow, uses: Uses, statistics: list[Statistic], updates: list[Update]
) -> Iterator[FusedCall]:
    """The calls of a module after which nobody stores the new statistics, or others for the same variables."""
    made = {statistic.call.id: statistic for statistic in statistics}
    assigned = {id(statistic) for update in updates for statistic in update.statistics}
    for call in flow.index.named(*FUSED):
        if _is_false(flow, call.argument(7, "is_training")):
            continue
        given = (call.argument(3, "mean"), call.argument(4, "variance"))
        origins = [origin for value in given if value is not None for origin in flow.origins(value)]
        held = [made[origin.id] for origin in origins if isinstance(origin, Call) and origin.id in made]
        if len({id(each) for each in held}) < 2 or any(id(each) in assigned for each in held):
            continue
        if uses.is_nowhere(call, 1) and uses.is_nowhere(call, 2):
            yield FusedCall(call, flow.site(call).scope, tuple(held))


def _is_false(flow: Dataflow, value: Value | None) -> bool:
    origins = list(flow.origins(value)) if value is not None else []
    return bool(origins) and all(isinstance(origin, Const) and origin.value is False for origin in origins)
