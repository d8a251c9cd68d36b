"""Calls that later versions of TensorFlow and Keras no longer have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.values import Call, Global, Read, Value, walk
from bnlint.analysis.module_facts.updates import Update
from bnlint.findings import Era
from bnlint.frozen import dataclass

_TENSORFLOW_2 = "TensorFlow 2"
_KERAS_3 = "Keras 3 (TensorFlow 2.16 and later)"
_ASSIGN = re.compile(r"^tensorflow\.assign(?:_add|_sub)?$")
_LAYERS = re.compile(r"^tensorflow\.(?:layers\.\w*[Bb]atch_?[Nn]ormalization|contrib\.(?:\w+\.)*batch_norm)$")
_VERSIONS = re.compile(r"\.(?:__version__|VERSION|version)$")
_COMPAT_LAYERS = re.compile(r"^tensorflow\.compat\.v1\.layers\.\w*[Bb]atch_?[Nn]ormalization$")


@dataclass(frozen=True, slots=True)
class RemovedCall:
    """A call of something that is gone. ``written`` is its full name as written; since: where it is gone."""

    call: Call
    update: Update | None
    written: str
    since: str
    remedy: str
    scope: int


def removed_calls(flow: Dataflow, updates: list[Update], era: Era) -> Iterator[RemovedCall]:
    """The removed calls of a module whose era is not TensorFlow 1, where the code does not look which one it has."""
    return (each for each in _removed(flow, updates, era) if not _is_asked_for(flow, each.call))


def _removed(flow: Dataflow, updates: list[Update], era: Era) -> Iterator[RemovedCall]:
    by_call = {update.call.id: update for update in updates}
    for call in flow.tree.calls:
        if not isinstance(call.callee, Global):
            continue
        written, scope = call.callee.name, flow.site(call).scope
        if _ASSIGN.match(written) and call.id in by_call and _is_of_statistic(by_call[call.id]):
            method = written.rpartition(".")[2]
            remedy = f"use the variable's own method: `variable.{method}(...)`"
            yield RemovedCall(call, by_call[call.id], written, _TENSORFLOW_2, remedy, scope)
        elif _LAYERS.match(written):
            remedy = "use `tf.keras.layers.BatchNormalization`, made once and called with `training=`"
            yield RemovedCall(call, None, written, _TENSORFLOW_2, remedy, scope)
        elif _COMPAT_LAYERS.match(written) and era.keras != "2":
            remedy = "use `tf.keras.layers.BatchNormalization`, or install tf-keras and set TF_USE_LEGACY_KERAS=1"
            yield RemovedCall(call, None, written, _KERAS_3, remedy, scope)


def _is_of_statistic(update: Update) -> bool:
    """Whether what is assigned to may be a moving statistic; counters of steps are assigned to as well."""
    return any(each.is_batch_norm or each.evidence & {"name", "average"} for each in update.statistics)


def _is_asked_for(flow: Dataflow, call: Call) -> bool:
    """Whether the code looks first which TensorFlow it has: ``hasattr(tf, "assign")``, ``tf.__version__ < "2"``."""
    scope = flow.site(call).scope
    guards = (*flow.site(call).guards, *(guard for around in flow.enclosing(scope) for guard in around.guards))
    return any(_asks_for_version(flow, guard.test) for guard in guards)


def _asks_for_version(flow: Dataflow, test: Value) -> bool:
    for value in walk(test):
        for origin in flow.origins(value) if isinstance(value, Read) else (value,):
            if any(_tells_version(part) for part in walk(origin)):
                return True
    return False


def _tells_version(value: Value) -> bool:
    if isinstance(value, Call):
        known = isinstance(value.callee, Read) and value.callee.path == "hasattr" and value.args
        return bool(known) and isinstance(value.args[0], Global)
    return isinstance(value, Global) and _VERSIONS.search(value.name) is not None
