"""Variables that hold the statistics of a batch normalisation, recognised by how they are made and used."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.values import (
    Attribute,
    Call,
    Const,
    Item,
    Op,
    Opaque,
    Read,
    Sequence,
    Subscript,
    Value,
    path_of,
    walk,
)
from bnlint.analysis.module_facts.makers import creations
from bnlint.span import Span

Role = Literal["mean", "variance"]
BatchKind = Literal["mean", "variance", "deviation"]

_CONSTRUCTORS = frozenset(
    {
        "tf.Variable", "tf.get_variable", "tf.get_local_variable", "tf.local_variable", "tf.model_variable",
        "tf.variable", "slim.variable", "slim.model_variable", "keras.Variable", "keras.backend.variable",
    }
)  # fmt: skip
CONSTRUCTOR_METHODS = frozenset({"add_weight", "add_variable", "get_variable"})

# mean and variance are arguments 1 and 2 of all of these but the fused one.
NORMALISE = frozenset(
    {"tf.nn.batch_normalization", "keras.backend.batch_normalization", "keras.ops.batch_normalization"}
)
FUSED = frozenset({"tf.nn.fused_batch_norm"})
_MOMENTS = frozenset({"tf.nn.moments", "keras.ops.moments", "tf.nn.sufficient_statistics", "tf.nn.weighted_moments"})
_MOMENT_PARTS: dict[int | None, Role] = {0: "mean", 1: "variance"}
_MEANS = frozenset({"tf.reduce_mean", "tf.math.reduce_mean", "keras.ops.mean", "keras.backend.mean"})
_VARIANCES = frozenset(
    {"tf.math.reduce_variance", "tf.reduce_variance", "keras.ops.var", "keras.backend.var", "tf.experimental.numpy.var"}
)
_DEVIATIONS = frozenset(
    {"tf.math.reduce_std", "tf.sqrt", "tf.math.sqrt", "keras.ops.sqrt", "keras.ops.std", "keras.backend.std"}
)
_STACKS = frozenset({"tf.stack", "tf.concat", "keras.ops.stack", "keras.ops.concatenate"})
ROOTS = frozenset(
    {"tf.sqrt", "tf.math.sqrt", "tf.rsqrt", "tf.math.rsqrt", "keras.ops.sqrt", "keras.ops.rsqrt", "keras.backend.sqrt"}
)

_VARIANCE_NAME = re.compile(r"var(?:iances?|s)?\d*$|sigma|std", re.IGNORECASE)
_MEAN_NAME = re.compile(r"mean|(?:^|_)mu(?:_|$)|avg$", re.IGNORECASE)
_MOVING_NAME = re.compile(
    r"(?:^|[_./])(?:moving|running|pop(?:ulation)?|ema|mov|run)(?:_|$).*(?:mean|mu|var|variance|sigma|std)"
    r"|(?:mean|var(?:iance)?)[_/]ema",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Statistic:
    """A variable that is, or may be, a moving statistic.

    call: what makes it; constructor: the constructor's call, which differs where a function of the module makes it.
    evidence: "normalisation" (a batch normalisation reads it), "average" (something like a moving
    average of it is computed), "moments" (a batch mean or variance flows into it), "name".
    """

    call: Call
    constructor: Call
    name: str
    scope: int
    trainable: bool
    made_by: str
    paths: set[str] = field(default_factory=set)
    role: Role | None = None
    evidence: set[str] = field(default_factory=set)

    @property
    def span(self) -> Span:
        """Where it is created."""
        return self.call.span

    @property
    def is_batch_norm(self) -> bool:
        """Whether its use says that it belongs to a batch normalisation, not to some other average."""
        return bool(self.evidence & {"normalisation", "moments"}) or {"name", "average"} <= self.evidence


def name_role(name: str) -> Role | None:
    """The role that a name suggests."""
    tail = name.rpartition(".")[2]
    if _VARIANCE_NAME.search(tail):
        return "variance"
    return "mean" if _MEAN_NAME.search(tail) else None


def is_moving_name(name: str) -> bool:
    """Whether a name says that a place holds a moving statistic; a weak hint."""
    return _MOVING_NAME.search(name) is not None


class Statistics:
    """All variables of a module that may be statistics, and which of them a value is."""

    def __init__(self, flow: Dataflow) -> None:
        self._flow = flow
        self._by_call: dict[int, Statistic] = {}
        for call, constructor, made_by in creations(flow, self._constructors()):
            self._by_call[call.id] = self._made(call, constructor, made_by)
        if self._by_call:
            self._name_by_binding()
            self._find_normalisations()

    def __iter__(self) -> object:
        return iter(self._by_call.values())

    @property
    def all(self) -> list[Statistic]:
        """Every candidate, in program order."""
        return list(self._by_call.values())

    def of(self, value: Value) -> list[Statistic]:
        """The statistics that a value may be."""
        found: dict[int, Statistic] = {}
        for origin in self._flow.origins(value):
            if isinstance(origin, Call) and origin.id in self._by_call:
                found[origin.id] = self._by_call[origin.id]
        return list(found.values())

    def is_variable(self, value: Value, statistics: list[Statistic]) -> bool:
        """Whether a value may be one of these variables, read directly (not computed from them)."""
        return bool(statistics) and any(found in statistics for found in self.of(value))

    def _constructors(self) -> list[tuple[Call, str]]:
        """The calls that make variables, in program order, each with what it calls."""
        index, found = self._flow.index, dict[int, tuple[Call, str]]()
        for call, receiver in index.of_methods(*CONSTRUCTOR_METHODS):
            method, path = index.tail_of(call), path_of(receiver)
            if path == "self" or (path is not None and method != "get_variable"):
                found[call.id] = call, method
        for call in index.named(*_CONSTRUCTORS):
            found[call.id] = call, self._flow.name_of(call) or ""
        return [found[number] for number in sorted(found)]

    def _made(self, call: Call, constructor: Call, made_by: str) -> Statistic:
        flag = constructor.keyword("trainable")
        if flag is None and made_by in ("tf.get_variable", "get_variable"):
            flag = constructor.argument(5)
        if flag is None and made_by == "tf.Variable":
            flag = constructor.argument(1)
        trainable = not (isinstance(flag, Const) and flag.value is False)
        if made_by in ("keras.backend.variable", "tf.local_variable", "tf.get_local_variable"):
            trainable = False
        text = constructor.keyword("name") or (constructor.args[0] if constructor.args else None)
        name = text.value if isinstance(text, Const) and isinstance(text.value, str) else ""
        statistic = Statistic(call, constructor, name, self._flow.site(call).scope, trainable, made_by)
        self._note_name(statistic, name)
        return statistic

    def _note_name(self, statistic: Statistic, name: str) -> None:
        if _MOVING_NAME.search(name):
            statistic.evidence.add("name")
        statistic.role = statistic.role or name_role(name)

    def _name_by_binding(self) -> None:
        for binding in self._flow.tree.bindings:
            if binding.kind not in ("assign", "with"):
                continue
            for statistic in self.of(binding.value) if _may_be_variable(binding.value) else ():
                statistic.paths.add(binding.path)
                direct = isinstance(binding.value, Call) and binding.value.id == statistic.call.id
                if direct or not statistic.name:
                    statistic.name = binding.path
                self._note_name(statistic, binding.path)

    def _find_normalisations(self) -> None:
        for call in self._flow.index.named(*NORMALISE, *FUSED, *ROOTS):
            name = self._flow.name_of(call)
            if name in NORMALISE:
                self._note_role(call.argument(1, "mean"), "mean")
                self._note_role(call.argument(2, "variance", "var"), "variance")
            elif name in FUSED:
                self._note_role(call.argument(3, "mean"), "mean")
                self._note_role(call.argument(4, "variance"), "variance")
            else:
                for value in walk(call):
                    if isinstance(value, (Read, Attribute, Subscript)):
                        self._note_root(value, self._divides_difference(call))
        self._find_subtractions()

    def _find_subtractions(self) -> None:
        """``(x - mean)`` in a function that also divides by a root of a variance statistic."""
        rooted = {s.scope for s in self._by_call.values() if "normalisation" in s.evidence and s.role == "variance"}
        if not rooted:
            return
        for statement in self._flow.tree.statements:
            for value in walk(statement.value):
                if isinstance(value, Op) and value.op == "-" and len(value.operands) == 2:
                    for statistic in self.of(value.operands[1]):
                        if name_role(statistic.name) == "mean":
                            statistic.evidence.add("normalisation")
                            statistic.role = "mean"

    def _divides_difference(self, root: Call) -> bool:
        """``(x - mean) / sqrt(variance)`` or with ``* rsqrt``; an optimizer divides a gradient by a root."""
        parent = self._flow.parent(root)
        if not isinstance(parent, Op) or parent.op not in "*/":
            return False
        others = [operand for operand in parent.operands if operand is not root]
        return any(
            isinstance(part, Op) and part.op == "-" and len(part.operands) == 2
            for other in others
            for origin in self._flow.origins(other)
            for part in walk(origin)
        )

    def _note_root(self, value: Value, divides_difference: bool) -> None:
        """A root alone proves little: Adam takes one of its second moments too."""
        for statistic in self.of(value):
            if divides_difference or name_role(statistic.name) == "variance":
                statistic.evidence.add("normalisation")
                statistic.role = "variance"

    def _note_role(self, value: Value | None, role: Role) -> None:
        for statistic in self.of(value) if value is not None else ():
            statistic.evidence.add("normalisation")
            statistic.role = role


def _may_be_variable(value: Value) -> bool:
    return isinstance(value, (Call, Read, Attribute, Subscript, Item))


class BatchStatistics:
    """What a value says about a batch: a mean, a variance, a deviation."""

    def __init__(self, flow: Dataflow) -> None:
        self._flow = flow

    def kind(self, value: Value) -> BatchKind | None:
        """What a value is computed as, seen through names; None if it is no statistic of a batch."""
        found: set[BatchKind] = set()
        for origin in self._flow.origins(value):
            kind = self._kind_of(origin)
            if kind is not None:
                found.add(kind)
        return found.pop() if len(found) == 1 else None

    def is_moment(self, value: Value) -> bool:
        """Whether a value is part of what a function such as ``tf.nn.moments`` returns."""
        return any(isinstance(o, Item) and self._kind_of(o) is not None for o in self._flow.origins(value))

    def _kind_of(self, origin: Value) -> BatchKind | None:
        match origin:
            case Item(base=base, index=index):
                for source in self._flow.origins(base):
                    if isinstance(source, Call) and self._flow.name_of(source) in _MOMENTS:
                        return _MOMENT_PARTS.get(index)
                return None
            case Call():
                name = self._flow.name_of(origin)
                if name in _VARIANCES:
                    return "variance"
                if name in _DEVIATIONS:
                    return "deviation"
                if name in _STACKS:
                    return self._kind_inside(origin.argument(0, "values", "x"))
                return self._mean_kind(origin) if name in _MEANS else None
            case _:
                return None

    def _kind_inside(self, values: Value | None) -> BatchKind | None:
        """The kind of all elements of a list, or of the list that a comprehension makes."""
        kinds: set[BatchKind | None] = set()
        for origin in self._flow.origins(values) if values is not None else ():
            if isinstance(origin, Sequence):
                kinds |= {self.kind(item) for item in origin.items}
            elif isinstance(origin, Opaque) and origin.kind == "comprehension":
                kinds.add(self.kind(origin.parts[0]))
        return kinds.pop() if len(kinds) == 1 else None

    def _mean_kind(self, call: Call) -> Role:
        squared = (
            "tf.square",
            "tf.math.square",
            "tf.math.squared_difference",
            "tf.squared_difference",
            "keras.ops.square",
        )
        inner = call.args[0] if call.args else None
        for origin in self._flow.origins(inner) if inner is not None else ():
            if isinstance(origin, Call) and self._flow.name_of(origin) in squared:
                return "variance"
            if isinstance(origin, Op) and origin.op == "**":
                return "variance"
        return "mean"
