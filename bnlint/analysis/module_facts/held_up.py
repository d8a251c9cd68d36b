"""Losses that were made to wait for ops: an identity of the loss, which the gradients walk past."""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.scopes import Statement
from bnlint.analysis.code.values import Call, Const, Op, Value
from bnlint.analysis.module_facts.control import ControlBlock
from bnlint.analysis.module_facts.train_steps import SessionRun
from bnlint.analysis.module_facts.uses import Kind, Uses
from bnlint.frozen import dataclass

_THROUGH = frozenset({"tf.identity", "tf.stop_gradient", "tf.add"})


@dataclass(frozen=True, slots=True)
class HeldUpLoss:
    """A control block in which a value only passes through, on its way to the gradients and nowhere else.

    statement: the one in the block; steps: the calls that take the gradients.
    """

    control: ControlBlock
    statement: Statement
    steps: tuple[Call, ...]


def held_up_losses(
    flow: Dataflow, uses: Uses, blocks: list[ControlBlock], runs: list[SessionRun]
) -> Iterator[HeldUpLoss]:
    """The blocks that wait for something on behalf of a loss that no run of the train op needs."""
    for control in blocks:
        inside = [statement for statement in control.leaving if statement.kind != "with"]
        if len(inside) != 1:
            continue
        statement = inside[0]
        if statement.kind != "assign" or not _passes_through(flow, statement.value):
            continue
        ends = uses.ends(statement.value)
        steps = tuple(end.call for end in ends if end.kind == "optimised" and end.call is not None)
        if steps and _is_left_out(flow, statement.value, {end.kind for end in ends}, steps, runs):
            yield HeldUpLoss(control, statement, steps)


def _is_left_out(flow: Dataflow, loss: Value, ends: set[Kind], steps: tuple[Call, ...], runs: list[SessionRun]) -> bool:
    """Whether the loss goes to the gradients alone, or some run in sight takes the step without fetching it."""
    if ends == {"optimised"}:
        return True
    if not ends <= {"optimised", "fetched", "exported", "returned"}:
        return False
    taking = [run for run in runs if any(isinstance(f, Call) and f.id in {s.id for s in steps} for f in run.fetches)]
    return any(all(fetch is not loss for fetch in run.fetches) for run in taking)


def _passes_through(flow: Dataflow, value: Value) -> bool:
    """Whether the gradient of a value does not need the value: an identity, or the addition of a constant."""
    match value:
        case Call(args=args) if flow.name_of(value) in _THROUGH and args:
            return flow.name_of(value) != "tf.add" or any(_is_constant(flow, argument) for argument in args)
        case Op(op="+", operands=operands):
            return any(_is_constant(flow, operand) for operand in operands)
        case _:
            return False


def _is_constant(flow: Dataflow, value: Value) -> bool:
    return isinstance(value, Const) or (isinstance(value, Call) and flow.name_of(value) == "tf.constant")
