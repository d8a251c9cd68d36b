"""Training or inference: the values that tell the phases apart, and the phase in which code runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.names import BRANCHING
from bnlint.analysis.code.scopes import Guard, Scope
from bnlint.analysis.code.values import (
    Attribute,
    Call,
    Choice,
    Const,
    Global,
    Op,
    Parameter,
    Read,
    Sequence,
    Subscript,
    Value,
    path_of,
    walk,
)

# Names of flags. A bare "phase" or "mode" is one too where it is tested, but nothing that must be passed on.
_TRAINING = re.compile(
    r"_*(?:(?:tf|is|on|in|bn|phase|do|b|if)_?){0,2}(?:train|training|trainning|learning_phase|istrain)"
    r"(?:_?(?:phase|flag|mode|ph|pl|placeholder|bool|holder|switch|state|bn))?_*",
    re.IGNORECASE,
)
_INFERENCE = re.compile(
    r"_*(?:(?:is|on|in|phase|do)_?)?(?:test|testing|eval|evaluation|evaluating|infer|inference|predict|predicting|"
    r"prediction|deploy|deterministic|val|validation|validating|sampling|export|serving)(?:_?(?:phase|flag|mode))?_*",
    re.IGNORECASE,
)
_PHASE = re.compile(r"_*(?:bn_?)?(?:phase|mode)(?:_?key)?_*", re.IGNORECASE)
_BARE_PHASE = re.compile(r"_*(?:bn_?)?phase_*", re.IGNORECASE)
_TRAINING_WORD = re.compile(r"(?:.*[._])?(?:train|training|fit|learn)", re.IGNORECASE)
_INFERENCE_WORD = re.compile(
    r"(?:.*[._])?(?:test|eval|evaluate|infer|inference|predict|prediction|val|valid|validation|export|serve|sample)",
    re.IGNORECASE,
)

_PLACEHOLDERS = frozenset({"tf.placeholder", "tf.placeholder_with_default", "keras.backend.placeholder"})
_LEARNING_PHASE = frozenset({"keras.backend.learning_phase", "keras.backend.symbolic_learning_phase"})
_SELECTIONS = frozenset({"tf.where", "tf.select", "keras.ops.where", "keras.backend.switch"})
_SAME_TRUTH = frozenset(
    {"tf.cast", "tf.identity", "tf.squeeze", "tf.reshape", "tf.convert_to_tensor", "tf.constant", "bool", "int"}
)
# Functions that run a trained network. In TensorFlow 1 ``inference`` is what builds it, for training too.
_SERVING = re.compile(
    r"(?:^|_)(?:sampler?|sampling|predict\w*|evaluat\w*|eval|test|serve|serving|export|deploy)(?:_|$)", re.IGNORECASE
)
_TRAINS = re.compile(r"(?:^|_)(?:train|training|fit)(?:_|$)", re.IGNORECASE)
# How far a value is followed.
_DEPTH = 6


def named_side(name: str) -> bool | None:
    """What a flag of this name says when it is true: True training, False inference; None for other names."""
    tail = _tail(name)
    if _TRAINING.fullmatch(tail):
        return True
    return False if _INFERENCE.fullmatch(tail) else None


def is_flag_name(name: str) -> bool:
    """Whether a parameter of this name is a training flag that must be passed on."""
    return named_side(name) is True


def _tail(name: str) -> str:
    return name.rstrip("'\"]").rpartition(".")[2].rpartition("['")[2]


class Phases:
    """Answers for one module. A side is True for training, False for inference, None if it is not known."""

    def __init__(self, flow: Dataflow) -> None:
        self._flow = flow

    # -- values ----------------------------------------------------------------------------------

    def side(self, test: Value, depth: int = _DEPTH) -> bool | None:
        """The phase that a condition stands for when it holds."""
        if depth <= 0:
            return None
        match test:
            case Op(op="not", operands=(inner,)):
                return _inverted(self.side(inner, depth - 1))
            case Op(op="and" | "or" as op, operands=operands):
                sides = {self.side(operand, depth - 1) for operand in operands}
                known = sides - {None}
                return known.pop() if len(known) == 1 and (op == "and" or len(sides) == 1) else None
            case Op(op="==" | "!=" | "is" | "is not" | "in" | "not in" as op, operands=(left, right)):
                side = self._compared(left, right, depth)
                return _inverted(side) if op in ("!=", "is not", "not in") else side
            case Op(op=">" | ">=" | "<" | "<=" as op, operands=(flag, Const(value=int() | float()))):
                side = self.side(flag, depth - 1)
                return side if op.startswith(">") else _inverted(side)
            case Call():
                return self._side_of_call(test, depth)
            case _:
                return self._side_of_place(test, depth)

    def _compared(self, left: Value, right: Value, depth: int) -> bool | None:
        """The side of ``left == right``."""
        for flag, other in ((left, right), (right, left)):
            if isinstance(other, Const):
                if isinstance(other.value, str):
                    return _said(other.value) if self._may_be_phase(flag) else None
                side = self.side(flag, depth - 1) if other.value is not None else None
                return side if other.value else _inverted(side)
            words = other.items if isinstance(other, Sequence) else (other,)
            sides = {_said(path_of(word) or "") for word in words if isinstance(word, (Global, Attribute, Read))}
            sides |= {_said(word.value) for word in words if isinstance(word, Const) and isinstance(word.value, str)}
            if len(sides) == 1 and self._may_be_phase(flag):
                return sides.pop()
        return None

    def _may_be_phase(self, value: Value) -> bool:
        path = path_of(value) or ""
        return _PHASE.fullmatch(_tail(path)) is not None or named_side(path) is not None

    def _side_of_call(self, call: Call, depth: int) -> bool | None:
        name = self._flow.name_of(call)
        if name in _LEARNING_PHASE:
            return True
        if name in _PLACEHOLDERS:
            label = call.keyword("name")
            return named_side(label.value) if isinstance(label, Const) and isinstance(label.value, str) else None
        if name == "tf.equal" and len(call.args) == 2:
            return self._compared(call.args[0], call.args[1], depth)
        plain = isinstance(call.callee, Read) and call.callee.path in _SAME_TRUTH
        if call.args and (name in _SAME_TRUTH or plain):
            return self.side(call.args[0], depth - 1)
        if call.args and name == "tf.logical_not":
            return _inverted(self.side(call.args[0], depth - 1))
        return None

    def _side_of_place(self, value: Value, depth: int) -> bool | None:
        path = path_of(value)
        side = named_side(path) if path is not None else None
        if side is not None or not isinstance(value, Read):
            return side
        for binding in self._flow.definitions(value):
            if isinstance(binding.value, (Call, Op, Read)) and binding.kind == "assign":
                found = self.side(binding.value, depth - 2)
                if found is not None:
                    return found
        return None

    def depends(self, value: Value, depth: int = _DEPTH) -> bool:
        """Whether a value is computed from a flag, as ``tf.where(training, new, old)`` is."""
        for part in walk(value):
            if isinstance(part, (Read, Attribute, Subscript)) and self._side_of_place(part, 2) is not None:
                return True
            if isinstance(part, Call) and self._flow.name_of(part) in _LEARNING_PHASE:
                return True
            if isinstance(part, Read) and depth > 0:
                bound = self._flow.definitions(part)
                if len(bound) <= 3 and any(self.depends(b.value, depth - 2) for b in bound if b.kind == "assign"):
                    return True
        return False

    def placeholder(self, value: Value) -> Call | None:
        """The placeholder that a value is or is computed from, if it is a flag."""
        for origin in self._flow.origins(value):
            if isinstance(origin, Call) and self._flow.name_of(origin) in _PLACEHOLDERS:
                return origin
            if isinstance(origin, Call) and self._flow.name_of(origin) in ("tf.logical_not", "tf.cast", "tf.equal"):
                return self.placeholder(origin.args[0]) if origin.args else None
        return None

    # -- places ----------------------------------------------------------------------------------

    def guarded(self, guards: tuple[Guard, ...]) -> bool | None:
        """The phase in which statements under these conditions run."""
        for guard in guards:
            side = self._guard_side(guard.test, guard.taken)
            if side is not None:
                return side
        return None

    def _guard_side(self, test: Value, taken: bool) -> bool | None:
        if isinstance(test, Op) and test.op == "not":
            return self._guard_side(test.operands[0], not taken)
        if isinstance(test, Op) and test.op in ("and", "or"):
            # Of "a and b" both hold where it is true; where it is false nothing is known of either.
            if (test.op == "and") is not taken:
                return None
            sides = {self._guard_side(operand, taken) for operand in test.operands} - {None}
            return sides.pop() if len(sides) == 1 else None
        side = self.side(test)
        return side if taken else _inverted(side)

    def of_call(self, call: Call) -> bool | None:
        """The phase in which a call runs, as the conditions and branches around it tell."""
        site = self._flow.site(call)
        side = self._in_choice(call)
        side = side if side is not None else self.guarded(site.guards)
        return side if side is not None else self.of_scope(site.scope)

    def of_value(self, value: Value) -> bool | None:
        """The phase for which a value is read; the arguments of ``tf.where`` count as chosen."""
        side = self.selection_of(value)
        side = side if side is not None else self._in_choice(value)
        statement = self._flow.statement(value)
        if side is None and statement is not None:
            side = self.guarded(statement.guards)
            return side if side is not None else self.of_scope(statement.scope)
        return side

    def selection_of(self, value: Value) -> bool | None:
        """The phase for which ``tf.where(training, a, b)`` picks a value; it computes both."""
        parent = self._flow.parent(value)
        while parent is not None:
            if isinstance(parent, Call) and self._flow.name_of(parent) in _SELECTIONS and len(parent.args) > 2:
                side = self.side(parent.args[0])
                if side is not None and value is not parent.args[0]:
                    return side if value is parent.args[1] else not side
            value, parent = parent, self._flow.parent(parent)
        return None

    def chooses(self, call: Call) -> bool:
        """Whether a call chooses between the phases: ``tf.cond``, ``tf.where`` and their like on a flag."""
        name = self._flow.name_of(call)
        if name not in _SELECTIONS and name not in BRANCHING:
            return False
        return self.predicate_side(call) is not None

    def predicate_side(self, choice: Call) -> bool | None:
        """The phase in which ``tf.cond``, ``tf.where`` or their like take the first of their branches."""
        predicate = choice.argument(0, "pred", "condition")
        if predicate is None:
            return None
        # As a number it may be either, but the truth that a graph branches on is called after training.
        bare = _BARE_PHASE.fullmatch(_tail(path_of(predicate) or "")) is not None
        return True if bare else self.side(predicate)

    def _in_choice(self, value: Value) -> bool | None:
        parent = self._flow.parent(value)
        while parent is not None:
            if isinstance(parent, Choice) and value is not parent.test:
                side = self.side(parent.test)
                if side is not None:
                    return side if value is parent.body else not side
            value, parent = parent, self._flow.parent(parent)
        return None

    def of_scope(self, scope: int) -> bool | None:
        """The phase in which a function runs: it is a branch of ``tf.cond``, or is defined under a condition."""
        for around in self._flow.enclosing(scope):
            branch = self._flow.branch_scopes.get(around.id)
            if branch is not None:
                side = self.predicate_side(branch[0])
                if side is not None:
                    return side if branch[1] == 0 else not side
            side = self.guarded(around.guards)
            if side is not None:
                return side
        return None

    def serves(self, scope: int) -> bool:
        """Whether the names of the functions around a scope say that it runs a trained network, inner ones first."""
        for around in self._flow.enclosing(scope):
            if around.kind == "function" and _TRAINS.search(around.name):
                return False
            if around.kind == "function" and _SERVING.search(around.name):
                return True
        return False

    # -- flags -----------------------------------------------------------------------------------

    def flag_parameter(self, scope: Scope) -> Parameter | None:
        """The parameter of a function that is its training flag."""
        return next((parameter for parameter in scope.parameters if is_flag_name(parameter.name)), None)

    def flag_at(self, scope: int) -> str | None:
        """A flag that code of a scope could pass on, as it would write it: a parameter, ``self.x`` or a variable."""
        for around in self._flow.enclosing(scope):
            own = {parameter.name for parameter in around.parameters}
            for path in around.bindings:
                if path.startswith("self.") is not (around.kind == "class") or path.count(".") > 1 or "[" in path:
                    continue
                if is_flag_name(path) and (path in own or self._holds_flag(around, path)):
                    return path
        return None

    def _holds_flag(self, scope: Scope, path: str) -> bool:
        """Whether a place holds a placeholder, a truth value or what a caller passed, and no data."""
        for index in scope.bindings[path]:
            value = self._flow.tree.bindings[index].value
            for origin in self._flow.origins(value):
                if isinstance(origin, Const) and isinstance(origin.value, (bool, int)):
                    return True
                if isinstance(origin, Parameter) and is_flag_name(origin.name):
                    return True
                if isinstance(origin, Op) and self.side(origin) is not None:
                    return True
                if isinstance(origin, Call) and self._flow.name_of(origin) in _PLACEHOLDERS | _LEARNING_PHASE:
                    return True
        return False

    @cached_property
    def has_switch(self) -> bool:
        """Whether some flag of the module can be either: a placeholder, or a name that is given both truths."""
        placeholders = self._flow.index.named(*_PLACEHOLDERS)
        return bool(self._flow.index.named(*_LEARNING_PHASE)) or any(
            self._side_of_call(call, 2) or self._bound_to_flag(call) for call in placeholders
        )

    @cached_property
    def has_placeholder(self) -> bool:
        """Whether the module makes a placeholder of any kind."""
        return bool(self._flow.index.named(*_PLACEHOLDERS))

    def _bound_to_flag(self, call: Call) -> bool:
        statement = self._flow.statement(call)
        bound = statement.bindings if statement is not None else ()
        return any(is_flag_name(self._flow.tree.bindings[index].path) for index in bound)

    def reads(self, parameter: Parameter, scope: Scope) -> Iterator[Read]:
        """The places that read a parameter."""
        for index in scope.bindings.get(parameter.name, ()):
            binding = self._flow.tree.bindings[index]
            if binding.kind == "parameter":
                yield from self._flow.readers(binding)


def _inverted(side: bool | None) -> bool | None:
    return None if side is None else not side


def _said(word: str) -> bool | None:
    """The phase that a constant is named after: ``'train'``, ``tf.estimator.ModeKeys.EVAL``."""
    if _TRAINING_WORD.fullmatch(word):
        return True
    return False if _INFERENCE_WORD.fullmatch(word) else None


__all__ = ["Phases", "is_flag_name", "named_side"]
