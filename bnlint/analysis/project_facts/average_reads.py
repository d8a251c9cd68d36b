"""``ExponentialMovingAverage`` objects that are read before they average, or given what they cannot average."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.code.scopes import Binding
from bnlint.analysis.code.values import Call, Read, Sequence, Value, path_of, walk
from bnlint.analysis.module_facts.statistics import BatchStatistics
from bnlint.analysis.project_facts.average_objects import is_average_object
from bnlint.frozen import dataclass

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts


@dataclass(frozen=True, slots=True)
class EarlyAverage:
    """A call of ``ema.average`` at a point where nothing can have been applied yet.

    applied: where ``apply`` stands in this module, None if it does so nowhere.
    """

    call: Call
    scope: int
    place: str
    applied: Call | None


@dataclass(frozen=True, slots=True)
class TensorAverage:
    """A call of ``ema.apply`` with tensors of a batch; ``tensor`` is the first of them."""

    call: Call
    scope: int
    tensor: Value


def tensor_averages(project: ProjectFacts, module: ModuleFacts) -> Iterator[TensorAverage]:
    """The calls of a module that apply an average to statistics of a batch, which are no variables."""
    batch = BatchStatistics(module.flow)
    for call, receiver in module.flow.index.methods.get("apply", ()):
        values = call.argument(0, "var_list")
        for origin in module.flow.origins(values) if values is not None else ():
            items = origin.items if isinstance(origin, Sequence) else ()
            tensor = next((item for item in items if batch.kind(item) is not None), None)
            if tensor is not None and is_average_object(project, module, receiver):
                yield TensorAverage(call, module.flow.site(call).scope, tensor)
                break


def early_averages(project: ProjectFacts, module: ModuleFacts) -> Iterator[EarlyAverage]:
    """The calls of ``average`` that come before every ``apply``, in the function that makes the object."""
    for call, receiver in module.flow.index.methods.get("average", ()):
        scope, place = module.flow.site(call).scope, path_of(receiver)
        made = _made_here(project, module, receiver, scope)
        if place is None or made is None or module.flow.site(call).loops:
            continue
        applies = [apply for apply, on in module.flow.index.methods.get("apply", ()) if path_of(on) == place]
        if not any(_may_run_between(module, apply, made, call) for apply in applies) and not _leaves(
            module, made, call, place
        ):
            yield EarlyAverage(call, scope, place, applies[0] if applies else None)


def _made_here(project: ProjectFacts, module: ModuleFacts, receiver: Value, scope: int) -> Binding | None:
    """The binding that makes an average object, if it stands in the same function and is the only one."""
    path = path_of(receiver)
    bindings = [each for each in module.flow.tree.bindings if each.path == path]
    if len(bindings) != 1 or bindings[0].scope != scope or not isinstance(bindings[0].value, Call):
        return None
    return bindings[0] if is_average_object(project, module, bindings[0].value) else None


def _may_run_between(module: ModuleFacts, apply: Call, made: Binding, read: Call) -> bool:
    """Whether an ``apply`` may run after the object is made and before it is read."""
    own = module.flow.site(apply).scope
    if own == made.scope:
        return apply.span < read.span
    inner = next((scope for scope in module.flow.enclosing(own) if scope.parent == made.scope), None)
    if inner is None or inner.kind == "lambda":
        return inner is not None and inner.span < read.span
    reads = (value for call in module.scopes[made.scope].calls for value in walk(call))
    return any(isinstance(value, Read) and value.path == inner.name and value.span < read.span for value in reads)


def _leaves(module: ModuleFacts, made: Binding, read: Call, place: str) -> bool:
    """Whether the object, or the one that holds it, is handed to other code before it is read."""
    for call in module.scopes[made.scope].calls:
        if not made.span < call.span < read.span or _holds(call, read):
            continue
        if any(path_of(value) in (place, "self") for argument in call.given for value in walk(argument)):
            return True
        callee = path_of(call.callee) or ""
        if place.startswith("self.") and callee.startswith("self.") and callee.count(".") == 1:
            return True
    return False


def _holds(call: Call, part: Call) -> bool:
    """Whether a call stands among the arguments of another, which then runs later."""
    return any(value is part for argument in call.given for value in walk(argument))
