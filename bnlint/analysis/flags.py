"""Which training flag reaches a batch norm of TensorFlow 1: passed, left out, or fixed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from bnlint.analysis.layers import LAYER_FUNCTIONS
from bnlint.analysis.phases import is_flag_name
from bnlint.analysis.scopes import Scope
from bnlint.analysis.values import Call, Const, Mapping, Parameter, Read, Value

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.program import File
    from bnlint.analysis.project import ProjectFacts

# How many wrappers may stand between a call and the layer.
_WRAPPERS = 3
_TRAINS = re.compile(r"\.minimize\(|\.apply_gradients\(|create_train_op|optimize_loss|train_op\s*=|\.fit\(")
_RESTORES = re.compile(r"\.restore\(|load_weights\(|import_meta_graph\(|latest_checkpoint\(")
_SAMPLERS = re.compile(r"gan(?![a-z])|gan$|generator|discriminator|critic|pix2pix", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FlaggedCall:
    """A call that makes a batch norm of ``tf.layers`` or ``slim``, or tells ``slim`` layers to make one.

    passed: the flag, None if it is left out; default: what holds then; made_by_others: the call only names the
    function, in ``normalizer_fn``. in_place: whoever runs the output runs the updates.
    """

    call: Call
    scope: int
    api: str
    passed: Value | None
    default: bool
    in_place: bool
    made_by_others: bool = False

    @property
    def flag(self) -> str:
        """The name of its flag."""
        return "training" if self.api.startswith("tf.") else "is_training"


@dataclass(frozen=True, slots=True)
class Gap:
    """A call that leaves out the flag of a function that hands it on to a batch norm, although it has one to pass.

    default: what the function takes then; flag: what could be passed, as the caller would write it.
    told_elsewhere: the same caller passes the flag in another call of the function.
    """

    call: Call
    scope: int
    function: Scope
    parameter: Parameter
    default: bool
    flag: str
    told_elsewhere: bool


class Flags:
    """Answers for one project."""

    def __init__(self, project: ProjectFacts) -> None:
        self._project = project
        self._calls: dict[str, list[FlaggedCall]] = {}

    def of(self, module: ModuleFacts) -> list[FlaggedCall]:
        """The batch norms of ``tf.layers`` and ``slim`` in a module whose options are all in sight."""
        known = self._calls.get(module.filename)
        if known is None:
            known = self._calls[module.filename] = list(self._find(module))
        return known

    def _find(self, module: ModuleFacts) -> Iterator[FlaggedCall]:
        for function in module.layer_functions:
            if not function.is_frozen and (function.complete or function.training is not None):
                slim = function.api.startswith("slim.")
                in_place = slim and function.updates_in_place
                yield FlaggedCall(function.call, function.scope, function.api, function.training, slim, in_place)
        for layer in module.layers:
            if layer.api == "tf.layers.BatchNormalization" and not _is(layer.creation.keyword("trainable"), False):
                for use in layer.uses:
                    if not use.may_pass_training:
                        yield FlaggedCall(use.call, use.scope, layer.api, use.training, False, False)
        for call in module.flow.tree.calls:
            yield from self._handed_over(module, call)

    def _handed_over(self, module: ModuleFacts, call: Call) -> Iterator[FlaggedCall]:
        """``normalizer_fn=slim.batch_norm`` with its ``normalizer_params``."""
        function, given = call.keyword("normalizer_fn"), call.keyword("normalizer_params")
        api = module.flow.name_of_value(function) if function is not None else None
        options = self._entries(module, given) if given is not None else {}
        if api in LAYER_FUNCTIONS and options is not None and not _is(options.get("trainable"), False):
            scope, slim = module.flow.site(call).scope, api.startswith("slim.")
            passed = options.get("is_training" if slim else "training")
            in_place = slim and _is(options.get("updates_collections"), None)
            yield FlaggedCall(call, scope, api, passed, slim, in_place, made_by_others=True)

    def _entries(self, module: ModuleFacts, value: Value) -> dict[str, Value] | None:
        """The entries of a dict display or of ``dict(...)``; None if it cannot be seen through."""
        found: dict[str, Value] | None = None
        for _, origin in self._project.links.origins(module, value):
            if isinstance(origin, Mapping) and all(isinstance(key, Const) for key, _ in origin.items):
                found = (found or {}) | {str(k.value): item for k, item in origin.items if isinstance(k, Const)}
            elif isinstance(origin, Call) and isinstance(origin.callee, Read) and origin.callee.path == "dict":
                if origin.args or any(name is None for name, _ in origin.keywords):
                    return None
                found = (found or {}) | {name: item for name, item in origin.keywords if name is not None}
            else:
                return None
        return found

    # -- flags that are not handed on ------------------------------------------------------------

    def gaps(self, module: ModuleFacts) -> list[Gap]:
        """The calls of a module that forget to hand a flag on."""
        return self._gaps.get(module.filename, [])

    @cached_property
    def _gaps(self) -> dict[str, list[Gap]]:
        links = self._project.links
        found: dict[str, list[Gap]] = defaultdict(list)
        pending = [each for module in self._project.modules for each in self._forwarders(module)]
        seen: set[tuple[str, int]] = set()
        for _ in range(_WRAPPERS):
            outer: list[_Forwarder] = []
            for forwarder in pending:
                module, function, parameter, _ = forwarder
                if (module.filename, function.id) in seen:
                    continue
                seen.add((module.filename, function.id))
                calls = links.calls_of(module, function)
                passed = [home.flow.passed(call, function, parameter.name) for home, call in calls]
                told = {
                    (h.filename, h.flow.site(c).scope) for (h, c), value in zip(calls, passed, strict=True) if value
                }
                for (home, call), value in zip(calls, passed, strict=True):
                    if value is not None:
                        outer += _own_parameter(home, call, value)
                    elif _reaches(home, call, forwarder):
                        gap = _gap(home, call, function, parameter, (home.filename, home.flow.site(call).scope) in told)
                        found[home.filename] += [gap] if gap is not None else []
            pending = outer
        return found

    def _forwarders(self, module: ModuleFacts) -> Iterator[_Forwarder]:
        """Functions that pass a parameter of theirs to a batch norm as its flag."""
        for flagged in self.of(module):
            if flagged.passed is not None:
                yield from _own_parameter(module, flagged.call, flagged.passed)

    # -- what else says that there are two phases ------------------------------------------------

    def trains(self, module: ModuleFacts) -> bool:
        """Whether the program that a module belongs to takes optimizer steps."""
        return any(_TRAINS.search(file.text) for file in self._files(module))

    def is_switched(self, module: ModuleFacts) -> bool:
        """Whether a flag that a run can switch exists in the program that a module belongs to."""
        return any(file.facts is not None and file.facts.phases.has_switch for file in self._files(module))

    def is_served(self, module: ModuleFacts, scope: int) -> bool:
        """Whether some file restores a trained network and calls this function without training it."""
        names = {around.name for around in module.flow.enclosing(scope) if around.kind == "function"}
        return any(
            names & file.words and _RESTORES.search(file.text) and not _TRAINS.search(file.text)
            for file in self._project.programs.files
        )

    def samples(self, module: ModuleFacts, scope: int) -> bool:
        """Whether code belongs to a generator or its opponent, which often use batch statistics on purpose."""
        return any(_SAMPLERS.search(name) for name in (module.module, module.scopes[scope].symbol))

    def sets_scopes(self, module: ModuleFacts) -> bool:
        """Whether an ``arg_scope`` of the program gives layers their flag from outside."""
        return any(
            any(name in ("is_training", None) for name, _ in call.keywords)
            for other in self._project.programs.of(module).modules
            for call in other.flow.tree.calls
            if (other.flow.name_of(call) or "").endswith("arg_scope")
        )

    def _files(self, module: ModuleFacts) -> tuple[File, ...]:
        """The program around a module; the whole project if nobody is seen to import it."""
        programs = self._project.programs
        program = programs.of(module)
        return program.files if program.is_driven else programs.files


class _Forwarder(NamedTuple):
    """A function that hands its parameter on as a flag, by this call inside."""

    module: ModuleFacts
    function: Scope
    parameter: Parameter
    inner: Call


def _own_parameter(module: ModuleFacts, call: Call, passed: Value) -> Iterator[_Forwarder]:
    """The function around a call, if the flag that the call passes is a parameter of it."""
    around = {scope.id for scope in module.flow.enclosing(module.flow.site(call).scope)}
    if isinstance(passed, Read):
        for binding in module.flow.definitions(passed):
            if isinstance(binding.value, Parameter) and binding.scope in around and is_flag_name(binding.value.name):
                yield _Forwarder(module, module.scopes[binding.scope], binding.value, call)


def _reaches(home: ModuleFacts, call: Call, forwarder: _Forwarder) -> bool:
    """Whether a call of a forwarder gets to the batch norm inside, if conditions like ``if use_bn:`` stand before."""
    module, function, _, inner = forwarder
    for guard in module.flow.site(inner).guards:
        parameter = function.parameter(guard.test.path) if isinstance(guard.test, Read) else None
        if parameter is None:
            return False
        given = home.flow.passed(call, function, parameter.name) or parameter.default
        if not isinstance(given, Const) or bool(given.value) is not guard.taken:
            return False
    return True


def _gap(home: ModuleFacts, call: Call, function: Scope, parameter: Parameter, told: bool) -> Gap | None:
    default = parameter.default
    if not isinstance(default, Const) or not (default.value is None or isinstance(default.value, bool)):
        return None
    if any(name is None for name, _ in call.keywords) or any(getattr(arg, "kind", "") == "star" for arg in call.args):
        return None
    scope = home.flow.site(call).scope
    flag = home.phases.flag_at(scope)
    if flag is None or home.phases.of_call(call) is not None:
        return None
    return Gap(call, scope, function, parameter, bool(default.value), flag, told)


def _is(value: Value | None, constant: object) -> bool:
    return isinstance(value, Const) and value.value is constant
