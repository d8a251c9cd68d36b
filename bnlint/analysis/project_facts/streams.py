"""Code that updates the statistics of one layer several times in a training step."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.code.values import Call, Const, Definition, Value, is_false, path_of
from bnlint.analysis.module_facts.phases import is_flag_name
from bnlint.frozen import dataclass
from bnlint.span import Span

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts

_FLAGS = ("training", "is_training", "train", "phase_train")
# Most programs make their strategy in a file that says nothing of batch norm and is not parsed.
_DISTRIBUTES = re.compile(r"\b(?:(?:MultiWorker)?MirroredStrategy|TPUStrategy)\(")
_RECOMPUTES = frozenset({"tf.recompute_grad"})


@dataclass(frozen=True, slots=True)
class SharedStream:
    """The second training call of one layer or model in one step; ``first`` is the call before it."""

    call: Call
    first: Call
    scope: int
    place: str


@dataclass(frozen=True, slots=True)
class Recomputed:
    """``tf.recompute_grad`` around code that updates statistics, as a call or as a decorator."""

    span: Span
    scope: int
    rows: tuple[int, ...]


class Streams:
    """Answers for one module of a project."""

    def __init__(self, project: ProjectFacts, module: ModuleFacts) -> None:
        self._project = project
        self._module = module
        self._flow = module.flow

    # -- several streams -----------------------------------------------------------------------------

    def shared(self) -> Iterator[SharedStream]:
        """Layers and models with a batch norm that a function with a gradient tape calls on several inputs."""
        taped = {self._flow.site(call).scope for call in self._flow.index.named("tf.GradientTape")}
        for scope in taped:
            calls: dict[str, list[Call]] = defaultdict(list)
            for call in self._module.scopes[scope].calls:
                path = path_of(call.callee)
                if path is not None and call.args and self._trains(call):
                    calls[path].append(call)
            for path, found in calls.items():
                second = next((call for call in found[1:] if self._is_other_stream(found[0], call)), None)
                if second is not None and self._project.keras_models.holds_batch_norm(self._module, second.callee):
                    yield SharedStream(second, found[0], scope, path)

    def _trains(self, call: Call) -> bool:
        takes = self._project.keras_models.parameters(self._module, call.callee)[2:3]
        by_position = call.args[1] if len(call.args) > 1 and all(is_flag_name(each.name) for each in takes) else None
        flag = call.keyword(*_FLAGS) or by_position
        return flag is not None and not (isinstance(flag, Const) and not flag.value)

    def _is_other_stream(self, first: Call, second: Call) -> bool:
        """Whether two calls run in one step on data of different kinds, as far as that can be seen."""
        one, other = self._flow.site(first), self._flow.site(second)
        shared = min(len(one.guards), len(other.guards))
        return (
            one.guards[:shared] == other.guards[:shared]
            and path_of(first.args[0]) != path_of(second.args[0])
            and not self._is_made_alike(first.args[0], second.args[0])
        )

    def _is_made_alike(self, one: Value, other: Value) -> bool:
        """Whether the same model or the same expression made both, so that they are batches of one kind."""
        first, second = ({self._maker(origin) for origin in self._flow.origins(each)} for each in (one, other))
        return first == second and len(first) == 1 and None not in first

    def _maker(self, origin: Value) -> str | None:
        if not isinstance(origin, Call):
            return None
        is_model = self._project.keras_models.holds_batch_norm(self._module, origin.callee)
        return path_of(origin.callee) if is_model else self._module.text(origin.span)

    # -- recomputation -------------------------------------------------------------------------------

    def recomputed(self) -> Iterator[Recomputed]:
        """Functions with a batch norm that are run a second time for their gradients."""
        for call in self._flow.index.named(*_RECOMPUTES):
            rows = self._updating(call.args[0]) if call.args else None
            if rows is not None:
                yield Recomputed(call.span, self._flow.site(call).scope, rows)
        for scope in self._module.scopes:
            for decorator in scope.decorators:
                rows = self._updated_in(scope.id) if self._flow.name_of_value(decorator) in _RECOMPUTES else ()
                if rows:
                    yield Recomputed(decorator.span, scope.id, rows)

    def _updating(self, value: Value) -> tuple[int, ...] | None:
        """Where the statistics are made that calling a value updates; None if it updates none."""
        functions = [o.scope for o in self._flow.origins(value) if isinstance(o, Definition)]
        for function in functions:
            rows = self._updated_in(function)
            if rows:
                return rows
        if not functions and self._project.keras_models.holds_batch_norm(self._module, value):
            return ()
        return None

    def _updated_in(self, function: int) -> tuple[int, ...]:
        """Where the statistics are made that a function updates; what is frozen or told not to train updates none."""
        inside = {s.id for s in self._module.scopes if any(a.id == function for a in self._flow.enclosing(s.id))}
        rows = {
            layer.span.row
            for layer in self._module.layers
            for use in layer.uses
            if use.scope in inside and not layer.is_frozen and not is_false(use.training)
        }
        rows |= {s.span.row for u in self._module.updates if u.scope in inside and u.average for s in u.statistics}
        return tuple(sorted(rows))


def replicated(project: ProjectFacts, module: ModuleFacts) -> Iterator[Call]:
    """Default Keras batch norms of a program that trains on several replicas."""
    if not module.layers or not any(_DISTRIBUTES.search(file.text) for file in project.programs.of(module).files):
        return
    for layer in module.layers:
        flag = layer.creation.keyword("synchronized")
        hidden = any(name is None for name, _ in layer.creation.keywords)
        if layer.api == "keras.layers.BatchNormalization" and flag is None and not hidden and not layer.is_frozen:
            yield layer.creation
