"""Whether a control block waits for updates that stand somewhere else: in a function, a collection, another file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.code.values import Call, Global, Sequence, Value
from bnlint.analysis.module_facts.collections import UPDATE_OPS, key_of
from bnlint.analysis.module_facts.control import ControlBlock

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts

# How many functions and collections an update is looked for behind.
_DEPTH = 4


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
