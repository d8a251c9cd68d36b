"""Normalisation by the statistics of the batch alone: no moving ones are kept for inference."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from bnlint.analysis.code.scopes import Scope
from bnlint.analysis.code.values import Call, Const, Item, Op, Parameter, Read, Sequence, Value, walk
from bnlint.analysis.module_facts.phases import is_flag_name
from bnlint.analysis.module_facts.statistics import ROOTS
from bnlint.frozen import dataclass

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts

_MOMENTS = frozenset({"tf.nn.moments", "keras.ops.moments"})
_NORMALISERS = frozenset(
    {
        "tf.nn.batch_normalization", "tf.nn.batch_norm_with_global_normalization", "keras.ops.batch_normalization",
        "keras.backend.batch_normalization",
    }
)  # fmt: skip
_KEEPS = frozenset({"apply", "average", "add_update"})
_EVALUATES = re.compile(
    r"(?:\w*_)?(?:valid|validation|val|test|eval|evaluate|evaluation|predict|prediction|infer|inference|sampler|sample)"
    r"(?:_\w*)?"
)


@dataclass(frozen=True, slots=True)
class BatchOnly:
    """A function that takes a flag and normalises by the batch alone.

    call: the normalisation, where it is skipped at inference; None where the flag is not read at all.
    serves: inference uses the function, as far as the project shows.
    """

    function: Scope
    flag: Parameter
    call: Call | None
    serves: bool


class BatchOnlyNorms:
    """Answers for one module of a project."""

    def __init__(self, project: ProjectFacts, module: ModuleFacts) -> None:
        self._project = project
        self._module = module
        self._flow = module.flow

    @cached_property
    def all(self) -> list[BatchOnly]:
        """The functions of the module that keep nothing for inference."""
        return [found for scope in self._module.scopes for found in self._of(scope)]

    def _of(self, function: Scope) -> Iterator[BatchOnly]:
        flag = self._module.phases.flag_parameter(function)
        if function.kind != "function" or flag is None:
            return
        norms = list(self._normalisations(function))
        if not norms or self._keeps_statistics(function):
            return
        if not any(self._module.phases.reads(flag, function)):
            if not function.has_kwargs and not self._overrides(function):
                yield BatchOnly(function, flag, None, self._serves(function, flag))
        elif all(self._module.phases.of_call(call) is True for call in (*norms, *self._roots(function))):
            yield BatchOnly(function, flag, norms[0], True)

    def _normalisations(self, function: Scope) -> Iterator[Call]:
        """Calls in a function that normalise by moments over the batch; for arithmetic, the moments themselves."""
        moments = [call for call in function.calls if self._flow.name_of(call) in _MOMENTS]
        over_batch = {call.id for call in moments if self._is_over_batch(call.argument(1, "axes", "axis"))}
        if not over_batch or len(over_batch) < len(moments):
            return
        for call in function.calls:
            if self._flow.name_of(call) in _NORMALISERS:
                yield call
        for index in function.statements:
            for value in walk(self._flow.tree.statements[index].value):
                if isinstance(value, Op) and value.op == "-" and len(value.operands) == 2:
                    yield from (call for call in self._moments_of(value.operands[1]) if call.id in over_batch)

    def _roots(self, function: Scope) -> Iterator[Call]:
        """The roots that arithmetic divides by to normalise, with whatever statistics."""
        yield from (call for call in function.calls if self._flow.name_of(call) in ROOTS)

    def _moments_of(self, value: Value) -> Iterator[Call]:
        for origin in self._flow.origins(value):
            if isinstance(origin, Item):
                for source in self._flow.origins(origin.base):
                    if isinstance(source, Call):
                        yield source

    def _is_over_batch(self, axes: Value | None) -> bool:
        """Whether axes hold the first one: a display with 0, or ``range`` from 0."""
        for origin in self._flow.origins(axes) if axes is not None else ():
            if isinstance(origin, Sequence):
                return any(isinstance(item, Const) and item.value == 0 for item in origin.items)
            if isinstance(origin, Call) and isinstance(origin.callee, Read) and origin.args:
                if origin.callee.path in ("list", "tuple"):
                    return self._is_over_batch(origin.args[0])
                first = origin.args[0]
                return origin.callee.path == "range" and (
                    len(origin.args) == 1 or (isinstance(first, Const) and first.value == 0)
                )
        return False

    def _keeps_statistics(self, function: Scope) -> bool:
        """Whether the function, or the class around it, makes or updates variables for inference."""
        owner = self._flow.class_of(function.id) or function
        inside = {s.id for s in self._module.scopes if any(a is owner for a in self._flow.enclosing(s.id))}
        if any(each.scope in inside and not each.trainable for each in self._module.statistics):
            return True
        if any(update.scope in inside for update in self._module.updates):
            return True
        if any(state.owner is owner for state in self._module.plain_states):
            return True
        methods = (self._flow.method_of(call) for scope in inside for call in self._module.scopes[scope].calls)
        return any(method is not None and method[1] in _KEEPS for method in methods)

    def _overrides(self, function: Scope) -> bool:
        """Whether a base class asks for the parameter."""
        owner = self._flow.class_of(function.id)
        if owner is None:
            return False
        lineage = list(self._project.links.lineage(self._module, owner))[1:]
        return any(function.name in current.bindings for _, current in lineage)

    def _serves(self, function: Scope, flag: Parameter) -> bool:
        """Whether some call turns the flag off, or a program with the function evaluates a network."""
        for home, call in self._project.links.calls_of(self._module, function):
            passed = home.flow.passed(call, function, flag.name)
            if passed is not None and any(isinstance(o, Const) and o.value is False for o in home.flow.origins(passed)):
                return True
        files = self._project.programs.of(self._module).files
        return any(_EVALUATES.fullmatch(word) for file in files for word in file.words if not is_flag_name(word))
