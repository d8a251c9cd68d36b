"""``ExponentialMovingAverage`` objects: where ``apply`` makes the op that moves the averages of batch statistics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.code.values import Call, Sequence, Value, path_of
from bnlint.analysis.module_facts.momenta import Momentum, known_momentum
from bnlint.analysis.module_facts.statistics import BatchStatistics, name_role
from bnlint.frozen import dataclass

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts


@dataclass(frozen=True, slots=True)
class AppliedAverage:
    """A call of ``ema.apply`` on statistics of a batch.

    is_certain: a batch statistic is seen to flow in; otherwise only names say so.
    """

    call: Call
    scope: int
    is_certain: bool


def applied_averages(project: ProjectFacts, module: ModuleFacts) -> Iterator[AppliedAverage]:
    """The calls of a module that apply an average object of TensorFlow to batch statistics."""
    batch = BatchStatistics(module.flow)
    for call, receiver in module.flow.index.methods.get("apply", ()):
        values = call.argument(0, "var_list")
        if values is None:
            continue
        items = list(_items(module, values))
        seen = any(batch.kind(item) is not None or _is_statistic(module, item) for item in items)
        if not seen and not any(name_role(path_of(item) or "") is not None for item in items):
            continue
        if is_average_object(project, module, receiver):
            yield AppliedAverage(call, module.flow.site(call).scope, seen)


def average_momenta(project: ProjectFacts, module: ModuleFacts) -> Iterator[Momentum]:
    """The momenta of the average objects that a module makes and applies to batch statistics."""
    seen: set[int] = set()
    for applied in applied_averages(project, module):
        method = module.flow.method_of(applied.call)
        for origin in module.flow.origins(method[0]) if method is not None and applied.is_certain else ():
            if not isinstance(origin, Call) or origin.id in seen:
                continue
            seen.add(origin.id)
            decay = origin.argument(0, "decay")
            momentum = known_momentum(module.flow, origin, decay) if decay is not None else None
            # With a count of steps the momentum starts small and grows.
            if momentum is not None and origin.argument(1, "num_updates") is None:
                yield momentum


def _items(module: ModuleFacts, values: Value) -> Iterator[Value]:
    for origin in module.flow.origins(values):
        if isinstance(origin, Sequence):
            yield from origin.items


def _is_statistic(module: ModuleFacts, value: Value) -> bool:
    """Whether a value is a variable that batch statistics are assigned to."""
    made = {statistic.call.id: statistic for statistic in module.statistics}
    found = [made.get(o.id) for o in module.flow.origins(value) if isinstance(o, Call)]
    return any(each is not None and (each.is_batch_norm or (each.role and not each.trainable)) for each in found)


def is_average_object(project: ProjectFacts, module: ModuleFacts, receiver: Value) -> bool:
    """Whether a value is an ``ExponentialMovingAverage`` of TensorFlow."""
    for home, origin in project.links.origins(module, receiver):
        name = home.flow.name_of(origin) if isinstance(origin, Call) else None
        if name is not None and name.startswith("tf.") and name.endswith(".ExponentialMovingAverage"):
            return True
    return False
