"""How many training steps a module shows, and what that leaves of a moving average's start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bnlint.analysis.code.arithmetic import number
from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.values import Call, Read, Value
from bnlint.analysis.module_facts.layers import Layer, LayerFunctionCall
from bnlint.analysis.module_facts.momenta import Momentum, layer_momenta
from bnlint.frozen import dataclass

_STEPS = frozenset({"apply_gradients", "train_on_batch"})
_RANGES = frozenset({"range", "xrange", "trange"})


@dataclass(frozen=True, slots=True)
class SlowAverage:
    """A layer that remembers this share of its initial statistics after all steps of the program."""

    momentum: Momentum
    steps: int

    @property
    def share(self) -> float:
        """What is left of the initial value."""
        return float(self.momentum.number**self.steps)


def slow_averages(
    flow: Dataflow, layers: Iterable[Layer], functions: Iterable[LayerFunctionCall]
) -> Iterator[SlowAverage]:
    """The layers with a momentum that is written out, in a module that shows all steps of its training."""
    momenta = [each for each in layer_momenta(flow, layers, functions) if 0 < each.number < 1]
    steps = _steps(flow) if momenta else None
    if steps is not None:
        yield from (SlowAverage(momentum, steps) for momentum in momenta)


def _steps(flow: Dataflow) -> int | None:
    """The training steps of a module; None if some of its training cannot be counted, or there is none."""
    total = 0.0
    training = {flow.site(call).scope for call in flow.tree.calls if _method(flow, call) in _STEPS}
    for call in flow.tree.calls:
        method = _method(flow, call)
        called = flow.called_scope(call)
        if method in ("fit", "fit_generator"):
            count = _fitted(flow, call)
        elif flow.site(call).loops and (method in _STEPS or (called is not None and called.id in training)):
            count = _trips(flow, call)
        else:
            continue
        if count is None:
            return None
        total += count
    return int(total) or None


def _method(flow: Dataflow, call: Call) -> str | None:
    method = flow.method_of(call)
    return method[1] if method is not None else None


def _fitted(flow: Dataflow, call: Call) -> float | None:
    """The steps of a call of ``fit`` that says how many there are in an epoch."""
    steps, epochs = call.keyword("steps_per_epoch"), call.keyword("epochs", "nb_epoch")
    each = number(flow, steps) if steps is not None else None
    times = number(flow, epochs) if epochs is not None else 1.0
    return None if each is None or times is None else each * times


def _trips(flow: Dataflow, call: Call) -> float | None:
    """How often a call runs for one run of its function, through all ``for … in range(…)`` around it."""
    statement = flow.statement(call)
    if statement is None:
        return None
    open_loops: dict[int, Value] = {}
    for index in flow.tree.scopes[statement.scope].statements:
        if index >= statement.index:
            break
        earlier = flow.tree.statements[index]
        open_loops = {depth: value for depth, value in open_loops.items() if depth <= earlier.loops}
        if earlier.kind == "loop":
            open_loops[earlier.loops + 1] = earlier.value
    trips = 1.0
    for depth in range(1, statement.loops + 1):
        times = _times(flow, open_loops[depth]) if depth in open_loops else None
        if times is None:
            return None
        trips *= times
    return trips


def _times(flow: Dataflow, iterated: Value) -> float | None:
    if not isinstance(iterated, Call) or not isinstance(iterated.callee, Read) or iterated.callee.path not in _RANGES:
        return None
    bounds = [number(flow, argument) for argument in iterated.args]
    if any(bound is None for bound in bounds) or not 1 <= len(bounds) <= 2:
        return None
    known = [bound for bound in bounds if bound is not None]
    return known[-1] - (known[0] if len(known) == 2 else 0.0)
