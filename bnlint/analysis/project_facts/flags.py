"""The batch norms of TensorFlow 1, the training flag that each gets, and what says that there are two phases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.analysis.code.values import Call, Const, Mapping, Opaque, Read, Value
from bnlint.analysis.module_facts.layers import LAYER_FUNCTIONS
from bnlint.analysis.project_facts.far import Far
from bnlint.frozen import dataclass

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts
    from bnlint.analysis.project_facts.file import File

_LOSS = re.compile(r"(?:^|_)(?:loss|losses|criterion)(?:_|$)", re.IGNORECASE)
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


class Flags:
    """Answers for one project."""

    def __init__(self, project: ProjectFacts) -> None:
        self._project = project
        self._calls: dict[str, list[FlaggedCall]] = {}
        self._arg_scopes: dict[str, list[tuple[ModuleFacts, Call]]] = {}

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
        if api not in LAYER_FUNCTIONS or (given is None and self._hands_parameters(module)):
            return
        options = self._entries(module, given) if given is not None else {}
        if options is not None and not _is(options.get("trainable"), False):
            scope, slim = module.flow.site(call).scope, api.startswith("slim.")
            passed = options.get("is_training" if slim else "training")
            in_place = slim and _is(options.get("updates_collections"), None)
            yield FlaggedCall(call, scope, api, passed, slim, in_place, made_by_others=True)

    def _entries(self, module: ModuleFacts, value: Value) -> dict[str, Value] | None:
        """The entries of a dict display or of ``dict(...)``; None if it cannot be seen through."""
        found: dict[str, Value] | None = None
        for home, origin in self._project.links.origins(module, value):
            if isinstance(origin, Mapping) and all(isinstance(key, Const) for key, _ in origin.items):
                entries = {str(key.value): item for key, item in origin.items if isinstance(key, Const)}
            elif isinstance(origin, Call) and isinstance(origin.callee, Read) and origin.callee.path == "dict":
                if origin.args or any(name is None for name, _ in origin.keywords):
                    return None
                entries = {name: item for name, item in origin.keywords if name is not None}
            else:
                return None
            if home is not module:  # whose names mean nothing here
                entries = {k: v if isinstance(v, Const) else Opaque(v.span, "elsewhere") for k, v in entries.items()}
            found = (found or {}) | entries
        return found

    # -- the phases of a program -----------------------------------------------------------------

    def trains(self, module: ModuleFacts) -> bool:
        """Whether the program that a module belongs to takes optimizer steps."""
        return any(file.trains for file in self._files(module)) or self._far(module).train()

    def restores(self, module: ModuleFacts) -> bool:
        """Whether the program that a module belongs to starts from a network that was trained before."""
        return any(file.restores for file in self._files(module)) or self._far(module).restore()

    def is_switched(self, module: ModuleFacts) -> bool:
        """Whether a flag that a run can switch exists in the program that a module belongs to."""
        return any(file.facts is not None and file.facts.phases.has_switch for file in self._files(module))

    def is_served(self, module: ModuleFacts, scope: int) -> bool:
        """Whether a file without training restores the network that this code builds, and runs it."""
        if any(file.drives and file.only_serves for file in self._project.programs.of(module).files):
            return True
        names = [around.name for around in module.flow.enclosing(scope) if around.kind == "function"]
        files = self._project.programs.files
        return any(file.serves(name) for file in files for name in names) or any(map(self._project.far.serve, names))

    def samples(self, module: ModuleFacts, scope: int) -> bool:
        """Whether code belongs to a generator or its opponent, which often use batch statistics on purpose."""
        return any(_SAMPLERS.search(name) for name in (module.module, module.scopes[scope].symbol))

    def makes_a_loss(self, module: ModuleFacts, scope: int) -> bool:
        """Whether code belongs to a function that, by its name, makes a loss: inference has no use for that."""
        return any(_LOSS.search(name) for name in module.scopes[scope].symbol.split("."))

    def sets_scopes(self, module: ModuleFacts) -> bool:
        """Whether an ``arg_scope``, here or in a file that imports this one, gives layers their flag from outside."""
        return any(self._gives_flag(other, call) for other, call in self._scopes(module))

    def _hands_parameters(self, module: ModuleFacts) -> bool:
        """Whether an ``arg_scope`` gives layers the ``normalizer_params`` that they do not name themselves."""
        return any(call.keyword("normalizer_params") is not None for _, call in self._scopes(module))

    def _scopes(self, module: ModuleFacts) -> list[tuple[ModuleFacts, Call]]:
        """The calls of ``arg_scope`` in a module and in files that import it."""
        known = self._arg_scopes.get(module.filename)
        if known is None:
            known = self._arg_scopes[module.filename] = [
                (other, call)
                for other in self._project.programs.of(module).modules
                if other is module or self._imports(other, module)
                for call in other.flow.tree.calls
                if is_arg_scope(other, call)
            ]
        return known

    def _gives_flag(self, module: ModuleFacts, call: Call) -> bool:
        """Whether a call passes the flag: by name, among ``**options``, or by its place in a function in sight."""
        if any(name in ("is_training", None) for name, _ in call.keywords):
            return True
        function = self._project.links.definition(module, call.callee)
        return function is not None and module.flow.passed(call, function[1], "is_training") is not None

    def _imports(self, other: ModuleFacts, module: ModuleFacts) -> bool:
        last = module.module.rpartition(".")[2]
        return any(last in name.split(".") for name in other.flow.tree.imports)

    def _files(self, module: ModuleFacts) -> tuple[File, ...]:
        """The program around a module; the whole project if nobody is seen to import it."""
        programs = self._project.programs
        program = programs.of(module)
        return program.files if program.is_driven else programs.files

    def _far(self, module: ModuleFacts) -> Far:
        """What is far from a module that nobody is seen to import; else nothing."""
        return Far() if self._project.programs.of(module).is_driven else self._project.far


def is_arg_scope(module: ModuleFacts, call: Call) -> bool:
    """Whether a call is slim's ``arg_scope``."""
    return (module.flow.name_of(call) or "").endswith("arg_scope")


def _is(value: Value | None, constant: object) -> bool:
    return isinstance(value, Const) and value.value is constant
