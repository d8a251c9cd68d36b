"""Which statistics survive saving and loading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.values import Call, Op, Opaque, Read, Sequence, Value, path_of, walk
from bnlint.analysis.module_facts.collections import key_of
from bnlint.analysis.module_facts.statistics import Statistic
from bnlint.frozen import dataclass

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts

_SAVERS = frozenset({"tf.train.Saver", "tf.saver.Saver"})
_TRAINABLE = frozenset({"tf.trainable_variables", "tf.get_trainable_variables", "slim.get_trainable_variables"})
_COLLECTIONS = frozenset({"tf.get_collection", "tf.get_collection_ref"})
# Variables that one adds to the weights and that are no statistics.
_COUNTER = re.compile(r"step|epoch|rate|iter|count", re.IGNORECASE)
_GROWS = frozenset({"append", "extend", "insert", "update"})
_SAVES_ITSELF = ("save_own_variables", "load_own_variables")
_TRACKS = frozenset({"_track_variable", "track_variable", "_add_variable"})
_CHECKPOINTS = frozenset({"tf.train.Checkpoint", "tf.train.CheckpointManager"})
_KERAS_SAVES = frozenset({"save", "save_weights", "load_weights", "load_model", "save_model"})


@dataclass(frozen=True, slots=True)
class PartialSaver:
    """A saver of trainable variables only. ``selection``: the argument that names them."""

    call: Call
    selection: Value
    scope: int


class Saving:
    """Answers for one project."""

    def __init__(self, project: ProjectFacts) -> None:
        self._project = project

    # -- savers of a graph -------------------------------------------------------------------------

    def partial_savers(self, module: ModuleFacts) -> Iterator[PartialSaver]:
        """Savers that save only trainable variables, of programs with moving statistics that are not trainable."""
        flow = module.flow
        whole: list[Call] = []
        partial: list[PartialSaver] = []
        for call in flow.index.named(*_SAVERS):
            selection = self._selection(flow, call)
            if selection is None:
                whole.append(call)
            else:
                partial.append(PartialSaver(call, selection, flow.site(call).scope))
        # What becomes of a layer in the rest of a program is the dearest question.
        if not partial or any(self._saves(module, call) for call in whole) or not self._has_statistics(module):
            return
        yield from (saver for saver in partial if self._saves(module, saver.call))

    def _selection(self, flow: Dataflow, saver: Call) -> Value | None:
        """What a saver is given to save, if that is trainable variables alone."""
        selection = saver.argument(0, "var_list")
        return selection if selection is not None and self._only_trainable(flow, selection) else None

    def _only_trainable(self, flow: Dataflow, value: Value) -> bool:
        if isinstance(value, Read) and self._grows(flow, value):
            return False
        origins = list(flow.origins(value))
        return bool(origins) and all(self._is_trainable(flow, origin) for origin in origins)

    def _is_trainable(self, flow: Dataflow, origin: Value) -> bool:
        match origin:
            case Call():
                name = flow.name_of(origin)
                if name in _COLLECTIONS:
                    return key_of(flow, origin.argument(0, "key")) == "trainable_variables"
                return name in _TRAINABLE
            case Opaque(kind="comprehension", parts=parts):
                inside = [value for part in parts for value in walk(part) if isinstance(value, (Call, Read))]
                others = [
                    value
                    for value in inside
                    if "variables" in ((isinstance(value, Call) and flow.name_of(value)) or "")
                ]
                return any(self._only_trainable(flow, value) for value in inside) and all(
                    self._only_trainable(flow, value) for value in others
                )
            case Op(op="+", operands=operands):
                rest = [part for part in operands if not self._only_trainable(flow, part)]
                return len(rest) < len(operands) and all(_counts(part) for part in rest)
            case _:
                return False

    def _grows(self, flow: Dataflow, read: Read) -> bool:
        """Whether something is appended to a list that was bound to a name."""
        return any(
            path_of(receiver) == read.path and not all(_counts(argument) for argument in call.args)
            for call, receiver in flow.index.of_methods(*_GROWS)
        )

    def _saves(self, module: ModuleFacts, saver: Call) -> bool:
        """Whether somebody saves with a saver, or hands it to something that does."""
        flow = module.flow
        parent = flow.parent(saver)
        if isinstance(parent, Call) and flow.method_of(parent) is None:
            return True
        names = {b.path for b in flow.tree.bindings if b.value is saver}
        tails = {name.rpartition(".")[2] for name in names if "." in name}
        owner = flow.class_of(flow.site(saver).scope)
        for other in self._project.programs.of(module).modules:
            for call, receiver in other.flow.index.methods.get("save", ()):
                path = path_of(receiver) or ""
                around = other.flow.class_of(other.flow.site(call).scope)
                if around is not None and around is not owner and path in around.bindings:
                    continue  # an attribute of the same name that another class binds for itself
                if path.rpartition(".")[2] in tails or (other is module and path in names):
                    return True
        return any(path_of(value) in names for call in flow.tree.calls for _, value in call.keywords)

    def _has_statistics(self, module: ModuleFacts) -> bool:
        """Whether a program has statistics that inference reads and that are no weights."""
        if any(other.among_weights for other in self._project.modules):
            return False
        program = self._project.programs.of(module)
        for other in program.modules:
            if any(s.is_batch_norm and "average" in s.evidence and not s.trainable for s in other.statistics):
                return True
            calls = [layer.creation for layer in other.layers]
            calls += [place.call for place in other.collections.places if place.flag != "on"]
            if any(program.is_live(other, other.flow.site(call).scope) for call in calls):
                return True
        return False

    # -- variables of Keras layers -------------------------------------------------------------------

    def is_raw(self, module: ModuleFacts, statistic: Statistic) -> bool:
        """Whether a statistic is a ``tf.Variable`` in an attribute of a Keras layer that Keras 3 does not know of."""
        owner = module.flow.class_of(statistic.scope)
        if statistic.made_by != "tf.Variable" or owner is None:
            return False
        if not any(path.startswith("self.") for path in statistic.paths):
            return False
        if not any(base.startswith("keras.") for base in self._project.links.base_names(module, owner)):
            return False
        if any(self._project.links.method(module, owner, name) is not None for name in _SAVES_ITSELF):
            return False
        return not self._is_tracked(module, statistic) and not self._only_checkpoints(module)

    def _is_tracked(self, module: ModuleFacts, statistic: Statistic) -> bool:
        calls = (call for name in _TRACKS for call, _ in module.flow.index.methods.get(name, ()))
        return any(call.args and path_of(call.args[0]) in statistic.paths for call in calls)

    def _only_checkpoints(self, module: ModuleFacts) -> bool:
        """``tf.train.Checkpoint`` saves raw variables too; it is what the program uses if nothing else saves."""
        modules = self._project.programs.of(module).modules
        if not any(other.flow.index.named(*_CHECKPOINTS) for other in modules):
            return False
        return all(_KERAS_SAVES.isdisjoint(other.flow.index.methods) for other in modules)


def _counts(value: Value) -> bool:
    """Whether what is added to the weights is a counter or a rate, by name."""
    items = value.items if isinstance(value, Sequence) else (value,)
    return all(_COUNTER.search(path_of(item) or "") is not None for item in items)
