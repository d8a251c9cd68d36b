"""Losses that were made to wait for ops: an identity of the loss, which the gradients walk past."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bnlint.analysis.collections import UPDATE_OPS, key_of
from bnlint.analysis.control import ControlBlock
from bnlint.analysis.dataflow import Dataflow
from bnlint.analysis.scopes import Statement
from bnlint.analysis.train_steps import SessionRun
from bnlint.analysis.uses import Kind, Uses
from bnlint.analysis.values import Call, Const, Global, Op, Sequence, Value

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts

# How many functions and collections an update is looked for behind.
_DEPTH = 4
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


def waits_for_updates(project: ProjectFacts, module: ModuleFacts, control: ControlBlock) -> bool:
    """Whether a block waits for updates, also for those that a function makes or a collection holds."""
    known = control.updates or control.waits_for_collection
    return bool(known) or any(_updates(project, module, value, _DEPTH) for value in control.dependencies)


def _updates(project: ProjectFacts, module: ModuleFacts, value: Value, depth: int) -> bool:
    if depth <= 0:
        return False
    inside: list[tuple[ModuleFacts, Value]] = []
    for home, origin in project.links.origins(module, value):
        if isinstance(origin, Sequence):
            inside += [(home, item) for item in origin.items]
        elif isinstance(origin, Call):
            if any(update.call is origin and update.average is not None for update in home.updates):
                return True
            if home.flow.name_of(origin) in ("tf.group", "tf.tuple"):
                inside += [(home, argument) for argument in origin.args]
            inside += _collected(project, home, origin)
            place = project.links.called(home, origin)
            inside += [(place[0], returned) for returned in place[1].returns] if place is not None else []
    return any(_updates(project, home, each, depth - 1) for home, each in inside)


def _collected(project: ProjectFacts, module: ModuleFacts, call: Call) -> Iterator[tuple[ModuleFacts, Value]]:
    """What the project puts into the collection that a call reads."""
    read = next((read for read in module.collections.reads if read.call is call), None)
    key = _key(project, module, call.argument(0, "key", "name")) if read is not None else None
    for other in project.modules if key is not None and key != UPDATE_OPS else ():
        yield from ((other, add.value) for add in other.collections.adds if _key(project, other, add.name) == key)


def _key(project: ProjectFacts, module: ModuleFacts, name: Value | None) -> str | None:
    """The collection that a value names, a constant of another file included."""
    key = key_of(module.flow, name)
    if key is not None or not isinstance(name, Global):
        return key
    package, _, member = name.name.rpartition(".")
    home = project.module_named(package, module)
    bound = [home.flow.tree.bindings[index].value for index in home.scopes[0].bindings.get(member, ())] if home else []
    return key_of(home.flow, bound[0]) if home is not None and len(bound) == 1 else None
