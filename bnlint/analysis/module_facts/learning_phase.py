"""``K.set_learning_phase``: the phase that Keras 2 takes for all layers in a graph."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.values import Call, Const
from bnlint.frozen import dataclass

_TRAINS = frozenset({"fit", "fit_generator", "train_on_batch", "minimize", "apply_gradients", "get_updates"})
_ELSEWHERE = re.compile(
    r"export|freez|convert|save|load|restor|test|eval|predict|infer|demo|serv|detect", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class PinnedPhase:
    """A call that pins the phase to inference before a model is trained by ``training``."""

    call: Call
    scope: int
    training: Call


def pinned_phases(flow: Dataflow) -> Iterator[PinnedPhase]:
    """The calls of a module that pin the phase for the training that comes after them."""
    calls = flow.index.named("keras.backend.set_learning_phase")
    if not calls or any(not _pins(call) for call in calls):
        return
    trainings = [call for call, _ in flow.index.of_methods(*_TRAINS)]
    for call in calls:
        scope = flow.tree.scopes[flow.site(call).scope]
        if scope.kind == "function" and _ELSEWHERE.search(scope.name):
            continue
        for training in trainings:
            home = flow.site(training).scope
            after = home == scope.id and training.span > call.span
            if after or (scope.kind == "module" and home != scope.id):
                yield PinnedPhase(call, scope.id, training)
                break


def _pins(call: Call) -> bool:
    value = call.argument(0, "value")
    return isinstance(value, Const) and value.value in (0, False)
