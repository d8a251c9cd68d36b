"""Mean and variance that belong together, and what each of the two is fed with."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.scopes import Binding, Scope
from bnlint.analysis.code.values import Attribute, Call, Item, Op, Parameter, Read, Value, path_of, walk
from bnlint.analysis.code.values import Sequence as SequenceValue
from bnlint.analysis.module_facts.statistics import BatchKind, BatchStatistics, Role, Statistic, name_role
from bnlint.analysis.module_facts.updates import Rebinding, Update
from bnlint.frozen import dataclass
from bnlint.span import Span

_ROLE_WORD = re.compile(r"means?|variances?|vars?|sigma|std(?:dev)?|(?<![a-z])mu(?![a-z])", re.IGNORECASE)
# A statistic of this name is meant to hold a standard deviation.
_DEVIATION_NAME = re.compile(r"std|sigma|dev", re.IGNORECASE)
# Attributes and methods of a variable that only look at it.
_LOOKS = frozenset({"read_value", "value", "numpy", "shape", "get_shape", "dtype", "name", "op", "initializer"})
# The beginnings of what writes a variable, functions and methods.
_ASSIGNS = ("assign", "load", "scatter", "update", "set_value", "batch_set_value", "moving_average_update")
_MEANS_OF = frozenset({"tf.reduce_mean", "tf.math.reduce_mean", "keras.ops.mean", "keras.backend.mean"})


@dataclass(frozen=True, slots=True)
class Pair:
    """A moving mean and a moving variance that are created together."""

    mean: Statistic
    variance: Statistic

    def other(self, statistic: Statistic) -> Statistic:
        """The sibling."""
        return self.variance if statistic is self.mean else self.mean


@dataclass(frozen=True, slots=True)
class MixedUpdate:
    """A statistic is fed with the batch's statistic of another kind.

    fed: that kind; source: the expression; right: the expression that should stand there, if it is in sight.
    """

    update: Update
    fed: BatchKind
    source: Value
    right: str | None


@dataclass(frozen=True, slots=True)
class OneSidedUpdate:
    """Only ``update``'s statistic is updated; nothing ever updates its sibling ``resting``.

    swapped: the texts that make the missing update out of the existing one, as (span, text); None if not in sight.
    result: the name for the missing update's result, if the existing one's has a name.
    handed_out: the functions that return the sibling, so that other files may get hold of it.
    """

    update: Update
    resting: Statistic
    swapped: tuple[tuple[Span, str], ...] | None
    result: str | None
    handed_out: tuple[str, ...]


class Pairs:
    """The pairs of one module."""

    def __init__(
        self, flow: Dataflow, statistics: list[Statistic], updates: list[Update], rebindings: list[Rebinding]
    ) -> None:
        self._flow = flow
        self._updates = updates
        self._rebindings = rebindings
        self._batch = BatchStatistics(flow)
        self.all = list(_paired(statistics))

    def mixed(self) -> Iterator[MixedUpdate]:
        """Updates whose source is of the wrong kind: a mean for the variance, a deviation for the variance …"""
        for update in self._updates:
            role = update.role
            if role is None or update.average is None or len({s.role for s in update.statistics}) != 1:
                continue
            for source in update.average.sources:
                kind = self._certain_kind(source)
                if kind is None or kind == role or (role == "variance" and self._holds_deviation(update, kind)):
                    continue
                yield MixedUpdate(update, kind, source, self._right_source(update, source, kind, role))

    def one_sided(self) -> Iterator[OneSidedUpdate]:
        """Pairs of which one is updated, and the other one only read."""
        touched = {s.call.id for update in self._updates for s in update.statistics}
        touched |= {s.call.id for rebinding in self._rebindings for s in rebinding.statistics}
        for pair in self.all:
            for update in self._updates:
                moving = next((s for s in (pair.mean, pair.variance) if s in update.statistics), None)
                if moving is None or update.average is None or not moving.is_batch_norm:
                    continue
                resting = pair.other(moving)
                if resting.call.id not in touched and self.is_only_read(resting):
                    handed_out = tuple(sorted({function.name for function in self.returning(resting)}))
                    swapped = self._missing_update(update, moving, resting)
                    yield OneSidedUpdate(update, resting, swapped, self._result(update, resting), handed_out)
                    break

    # -- what feeds a statistic --------------------------------------------------------------------

    def _certain_kind(self, source: Value) -> BatchKind | None:
        kind = self._batch.kind(source)
        if kind != "mean":
            return kind
        origins = list(self._flow.origins(source))
        return kind if all(self._is_plain_mean(origin) for origin in origins) else None

    def _is_plain_mean(self, origin: Value) -> bool:
        """Whether a mean is that of the data, not of something computed from them: of squares, of variances."""
        if isinstance(origin, (Item, Parameter)):
            return True
        if not isinstance(origin, Call) or self._flow.name_of(origin) not in _MEANS_OF:
            return isinstance(origin, Call)
        data = origin.argument(0, "x", "input_tensor")
        return data is not None and all(isinstance(inner, (Parameter, Read)) for inner in self._flow.origins(data))

    def _holds_deviation(self, update: Update, kind: BatchKind) -> bool:
        names = " ".join((update.statistics[0].name, *update.statistics[0].paths))
        return kind == "deviation" and _DEVIATION_NAME.search(names) is not None

    def _right_source(self, update: Update, source: Value, kind: BatchKind, role: Role) -> str | None:
        if kind == "deviation":
            root = next((o for o in self._flow.origins(source) if isinstance(o, Call)), None)
            inside = root.args[0] if root is not None and root.args else None
            plain = inside is not None and self._batch.kind(inside) == role and root is source
            return self._text(inside.span) if inside is not None and plain else None
        partner = self._sibling(update, source, role)
        return partner.path if partner is not None and partner.span < source.span else None

    def _sibling(self, update: Update, source: Value, role: Role) -> Binding | None:
        """The name of the batch's statistic of a kind, where an update is fed with another one."""
        partner = self._partner(source) or self._computed_nearby(update, role)
        if partner is not None and self._batch.kind(partner.value) == role:
            return partner
        return self._handed_in(source, role) if isinstance(source, Read) else None

    def _partner(self, source: Value) -> Binding | None:
        """The name bound beside a source: ``variance`` for ``mean`` in ``mean, variance = moments(x)``."""
        bound = self._flow.definitions(source) if isinstance(source, Read) else ()
        if len(bound) != 1:
            return None
        same = [
            other
            for other in self._flow.tree.bindings
            if other.span == bound[0].span and other.scope == bound[0].scope and other.id != bound[0].id
        ]
        return same[0] if len(same) == 1 else None

    def _text(self, span: Span) -> str:
        return self._flow.tree.lines.slice(span)

    def _missing_update(
        self, update: Update, moving: Statistic, resting: Statistic
    ) -> tuple[tuple[Span, str], ...] | None:
        """What to replace in the existing update to get the missing one."""
        target, average = path_of(update.target), update.average
        if target is None or average is None or len(average.sources) != 1 or target not in moving.paths:
            return None
        source = average.sources[0]
        paths = [path for path in resting.paths if _ROLE_WORD.sub("*", path) == _ROLE_WORD.sub("*", target)]
        if not isinstance(source, Read) or len(paths) != 1:
            return None
        partner = self._sibling(update, source, resting.role) if resting.role is not None else None
        if partner is None:
            return None
        path = paths[0].replace("'", '"') if '"' in self._text(update.target.span) else paths[0]
        swaps = {part.span: path for part in walk(update.call) if path_of(part) == target}
        swaps |= {source.span: partner.path}
        # What is computed in another statement cannot be written anew by copying this one.
        inside = all(_is_inside(span, update.call.span) for span in swaps)
        return tuple(sorted(swaps.items())) if inside else None

    def _handed_in(self, source: Read, role: Role) -> Binding | None:
        """The parameter for a statistic of a kind whose name is like that of the parameter for another kind."""
        bound = self._flow.definitions(source)
        if len(bound) != 1 or bound[0].kind != "parameter" or name_role(source.path) in (None, role):
            return None
        like = _ROLE_WORD.sub("*", source.path)
        alike = [
            other
            for other in self._flow.tree.bindings
            if (other.scope, other.kind) == (bound[0].scope, "parameter") and _ROLE_WORD.sub("*", other.path) == like
        ]
        right = [other for other in alike if name_role(other.path) == role]
        return right[0] if len(alike) == 2 and len(right) == 1 else None

    def _result(self, update: Update, resting: Statistic) -> str | None:
        """``update_variance`` beside ``update_mean``; the sibling's name where the result has the variable's."""
        statement = update.statement
        if statement is None or self._flow.parent(update.call) is not None or len(statement.bindings) != 1:
            return None
        made = self._flow.tree.bindings[statement.bindings[0]].path
        word = _ROLE_WORD.search(resting.name)
        if made == path_of(update.target):
            return next(
                (path for path in resting.paths if _ROLE_WORD.sub("*", path) == _ROLE_WORD.sub("*", made)), None
            )
        name = _ROLE_WORD.sub(word[0], made) if word is not None else made
        taken = self._flow.tree.scopes[update.scope].bindings
        return name if name.isidentifier() and name not in taken else None

    def _computed_nearby(self, update: Update, role: Role) -> Binding | None:
        """The one name that holds the batch's statistic of the missing kind when an update runs."""
        if update.statement is None:
            return None
        found = [
            self._flow.tree.bindings[index]
            for statement in self._flow.tree.statements[: update.statement.index]
            if (statement.scope, statement.guards) == (update.scope, update.statement.guards)
            for index in statement.bindings
        ]
        right = [binding for binding in found if self._batch.kind(binding.value) == role]
        return right[0] if len(right) == 1 and right[0].path.isidentifier() else None

    # -- what becomes of a statistic ---------------------------------------------------------------

    def is_only_read(self, statistic: Statistic) -> bool:
        """Whether nothing in sight could update a statistic behind our back, and something reads it."""
        reads = list(self.reads_of(statistic))
        if not reads or any(not self._only_looks(read) for read in reads):
            return False
        names = {path.rpartition(".")[2] for path in statistic.paths if "." in path}
        return not any(self._assigns_from_outside(call, names) for call in self._flow.tree.calls)

    def reads_of(self, statistic: Statistic) -> Iterator[Read]:
        """The places that read a statistic by one of its names."""
        for binding in self._flow.tree.bindings:
            if binding.path in statistic.paths and self._holds(binding, statistic):
                yield from self._flow.readers(binding)

    def returning(self, statistic: Statistic) -> Iterator[Scope]:
        """The functions that hand a statistic out to their callers."""
        for read in self.reads_of(statistic):
            statement = self._flow.statement(read)
            returned = statement is not None and statement.kind == "return" and self._leaves_whole(read)
            if returned and not self._is_branch(read.scope):
                yield self._flow.tree.scopes[read.scope]

    def _holds(self, binding: Binding, statistic: Statistic) -> bool:
        return any(isinstance(o, Call) and o.id == statistic.call.id for o in self._flow.origins(binding.value))

    def _assigns_from_outside(self, call: Call, names: set[str]) -> bool:
        """``layer.moving_variance.assign(…)`` on an object that cannot be seen through."""
        method = self._flow.method_of(call)
        if method is None or not method[1].startswith(("assign", "load", "scatter")):
            return False
        path = path_of(method[0])
        return path is not None and path.rpartition(".")[2] in names and not path.startswith("self.")

    def _only_looks(self, read: Read) -> bool:
        parent = self._flow.parent(read)
        statement = self._flow.statement(read)
        if statement is None:
            return False
        match parent:
            case None:
                return statement.kind != "return" or self._may_return(read)
            case Op():
                return True
            case Attribute(name=name):
                return name in _LOOKS
            case Call() if parent.callee is read:
                return read.path.rpartition(".")[2] in _LOOKS
            case Call():
                name = self._flow.name_of(parent)
                if name is None:
                    return self._helper_only_looks(parent, read)
                return name.startswith(("tf.", "keras.")) and not name.startswith("tf.train.")
            case SequenceValue(items=items):
                # ``mean, variance = self.mean, self.variance``: each name is a binding of its own.
                alone = self._flow.parent(parent) is None
                one_each = alone and statement.kind == "assign" and len(statement.bindings) == len(items)
                return one_each or (statement.kind == "return" and self._leaves_whole(read) and self._may_return(read))
            case _:
                return False

    def _leaves_whole(self, read: Read) -> bool:
        """Whether a value, alone or in a tuple, is what its statement is about."""
        parent = self._flow.parent(read)
        while isinstance(parent, SequenceValue):
            parent = self._flow.parent(parent)
        return parent is None

    def _may_return(self, read: Read) -> bool:
        """Whether nobody who gets what a function returns updates it, as far as this module shows."""
        return self._is_branch(read.scope) or (read.scope in self._flow.callers and not self._assigns_blindly)

    @cached_property
    def _assigns_blindly(self) -> bool:
        """Whether the module assigns to something of which it is not known which variable it is."""
        known = {update.call.id for update in self._updates}
        for call in self._flow.tree.calls:
            if self._flow.index.tail_of(call).startswith(_ASSIGNS) and call.id not in known:
                return True
        return False

    def _helper_only_looks(self, call: Call, read: Read) -> bool:
        """Whether a function of this module does nothing to what it is given here."""
        helper = self._flow.called_scope(call)
        taken = [
            parameter.name
            for parameter in (helper.parameters if helper is not None else ())
            if helper is not None and self._flow.passed(call, helper, parameter.name) is read
        ]
        if helper is None or len(taken) != 1 or helper.id == read.scope:
            return False
        bound = (b for b in self._flow.tree.bindings if b.scope == helper.id and b.path == taken[0])
        uses = [use for binding in bound for use in self._flow.readers(binding)]
        return bool(uses) and all(
            isinstance(self._flow.parent(use), (Op, Call)) and self._only_looks(use) for use in uses
        )

    def _is_branch(self, scope: int) -> bool:
        return scope in self._flow.branch_scopes


def _is_inside(span: Span, outer: Span) -> bool:
    starts = (span.row, span.column) >= (outer.row, outer.column)
    return starts and (span.end_row, span.end_column) <= (outer.end_row, outer.end_column)


def _paired(statistics: Sequence[Statistic]) -> Iterator[Pair]:
    """The mean and the variance of one name, or else the only ones that a function or method makes to normalise by."""
    roles = [statistic for statistic in statistics if statistic.role is not None and statistic.evidence]
    named: dict[tuple[int, str], list[Statistic]] = defaultdict(list)
    for statistic in roles:
        named[statistic.scope, _ROLE_WORD.sub("*", statistic.name).lower()].append(statistic)
    pairs = [pair for group in named.values() if (pair := _pair(group)) is not None]
    paired = {each.call.id for pair in pairs for each in (pair.mean, pair.variance)}
    together: dict[int, list[Statistic]] = defaultdict(list)
    for statistic in roles:
        if "normalisation" in statistic.evidence and statistic.call.id not in paired:
            together[statistic.scope].append(statistic)
    yield from pairs
    yield from (pair for group in together.values() if (pair := _pair(group)) is not None)


def _pair(group: Sequence[Statistic]) -> Pair | None:
    means = [statistic for statistic in group if statistic.role == "mean"]
    variances = [statistic for statistic in group if statistic.role == "variance"]
    return Pair(means[0], variances[0]) if len(means) == len(variances) == 1 else None
