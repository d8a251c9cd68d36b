"""What becomes of an op in the whole project: run, kept where nobody looks, or dropped, here or by a caller."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from bnlint.analysis.code.scopes import Scope
from bnlint.analysis.code.values import Attribute, Call, Global, Parameter, Read, Sequence, Value, path_of, walk
from bnlint.analysis.module_facts.collections import UPDATE_OPS, key_of
from bnlint.analysis.module_facts.control import ControlBlock
from bnlint.analysis.module_facts.updates import Update
from bnlint.analysis.module_facts.uses import End
from bnlint.analysis.project_facts.average_objects import AppliedAverage, applied_averages
from bnlint.frozen import dataclass

if TYPE_CHECKING:
    from bnlint.analysis.facts import ModuleFacts
    from bnlint.analysis.project import ProjectFacts

# Members of GraphKeys that TensorFlow itself reads.
_READ_BY_LIBRARY = frozenset(
    {
        "moving_average_variables", "trainable_variables", "global_variables", "variables", "local_variables",
        "model_variables", "summaries", "summary_op", "losses", "regularization_losses", "init_op",
        "local_init_op", "ready_op", "table_initializers", "global_step", "queue_runners", "savers",
    }
)  # fmt: skip

# How many callers an op is followed to.
_DEPTH = 5

# used: something may run it; dropped: nothing can, here or in a caller; kept: in an attribute or a collection that
# nothing reads; waits: a control dependency block lists it in which nothing is built.
Fate = Literal["used", "dropped", "kept", "waits"]


@dataclass(frozen=True)
class Outcome:
    """The fate of an op. ``place`` is the call in a caller that drops what it is given, if that is where it ends."""

    fate: Fate
    place: tuple[ModuleFacts, Call] | None = None
    where: str | None = None


class Fates:
    """Answers for one project."""

    def __init__(self, project: ProjectFacts) -> None:
        self._project = project
        self._counted: dict[str, Counter[str]] = {}
        self._mentioned: dict[str, int] = {}

    def of(self, module: ModuleFacts, op: Value) -> Outcome:
        """What becomes of an op that a module makes."""
        return self._worst(list(self._outcomes(module, op, None, _DEPTH)))

    def _worst(self, outcomes: list[Outcome]) -> Outcome:
        """One use is enough to run an op; otherwise the place that says most about why it is not."""
        for fate in ("used", "waits", "kept"):
            for outcome in outcomes:
                if outcome.fate == fate:
                    return outcome
        return next((outcome for outcome in outcomes if outcome.place is not None), Outcome("dropped"))

    def _outcomes(self, module: ModuleFacts, value: Value, index: int | str | None, depth: int) -> Iterator[Outcome]:
        ends = module.uses.ends(value, index)
        yield from (self._outcome(module, end, depth) for end in ends)
        if not ends:  # Only other parts of what it is in are looked at.
            yield Outcome("dropped")

    def _outcome(self, module: ModuleFacts, end: End, depth: int) -> Outcome:
        match end.kind:
            case "empty":
                return Outcome("waits")
            case "dropped" | "unread":
                return Outcome("dropped")
            case "stored":
                return self._stored(module, end)
            case "exported":
                return Outcome("used" if self._project.is_read_elsewhere(module, end.name or "") else "dropped")
            case "collected":
                return self._collected(module, end)
            case "returned":
                return self._returned(module, end, depth)
            case "given":
                return self._given(module, end, depth)
            case _:
                return Outcome("used")

    def _stored(self, module: ModuleFacts, end: End) -> Outcome:
        name = end.name or ""
        grown = len(re.findall(rf"\b{name}\.(?:append|extend|insert|add)\(", module.flow.tree.own_text))
        # Blocks in which nothing is built list it and run nothing.
        heads = (control.block.context for control in module.control_blocks if control.empty)
        vain = sum(isinstance(v, Read) and v.path.rpartition(".")[2] == name for head in heads for v in walk(head))
        if self._project.is_read_elsewhere(module, name) or self._mentions(name) > grown + vain:
            return Outcome("used")
        return Outcome("waits") if vain else Outcome("kept", where=f"the attribute `{name}`")

    def waits_in_vain(self, module: ModuleFacts, control: ControlBlock) -> bool:
        """Whether nothing is built in a block, and none of what it waits for is run in another way."""
        if not control.empty:
            return False
        ops = [value for value in control.dependencies if isinstance(value, Call)]
        handed_on = {id(o) for s in control.leaving for value in walk(s.value) for o in module.flow.origins(value)}
        return bool(ops) and all(id(op) not in handed_on and self.of(module, op).fate == "waits" for op in ops)

    def _collected(self, module: ModuleFacts, end: End) -> Outcome:
        name = end.call.argument(0, "name", "names") if end.call is not None else None
        key = key_of(module.flow, name)
        if key is None or key in _READ_BY_LIBRARY or self._project.may_be_read(key):
            return Outcome("used")
        if any(other.collections.runs(key) for other in self._project.modules):
            return Outcome("used")
        where = "`UPDATE_OPS`" if key == UPDATE_OPS else f"the collection `{key}`"
        return Outcome("kept", where=where)

    def dropped_calls(self, module: ModuleFacts, op: Value) -> Iterator[tuple[ModuleFacts, Call]]:
        """The calls of the function that makes and returns an op which drop it, while other calls use theirs."""
        for end in module.uses.ends(op):
            scope = module.scopes[end.scope] if end.kind == "returned" and end.scope is not None else None
            if scope is None or scope.kind != "function" or not self._all_calls_known(module, scope):
                continue
            for home, call in self._project.links.calls_of(module, scope):
                if self._worst(list(self._outcomes(home, call, end.index, _DEPTH))) == Outcome("dropped"):
                    yield home, call

    def _returned(self, module: ModuleFacts, end: End, depth: int) -> Outcome:
        scope = module.scopes[end.scope] if end.scope is not None else None
        if scope is None or depth <= 0 or scope.kind != "function" or not self._all_calls_known(module, scope):
            return Outcome("used")
        found: list[Outcome] = []
        for home, call in self._project.links.calls_of(module, scope):
            for outcome in self._outcomes(home, call, end.index, depth - 1):
                dropped_here = outcome.fate == "dropped" and outcome.place is None
                found.append(Outcome("dropped", (home, call)) if dropped_here else outcome)
        return self._worst(found) if found else Outcome("used")

    def _given(self, module: ModuleFacts, end: End, depth: int) -> Outcome:
        """What becomes of an op that is put into a list which the callers pass."""
        scope = module.scopes[end.scope] if end.scope is not None else None
        if scope is None or depth <= 0 or scope.kind != "function" or not self._all_calls_known(module, scope):
            return Outcome("used")
        found: list[Outcome] = []
        for home, call in self._project.links.calls_of(module, scope):
            passed = home.flow.passed(call, scope, end.name or "")
            if isinstance(passed, Sequence):
                found.append(Outcome("dropped", (home, call)))
            elif isinstance(passed, Read) and passed.path.isidentifier():
                outcome = self._of_list(home, passed, depth)
                found.append(Outcome("dropped", (home, call)) if outcome == Outcome("dropped") else outcome)
            else:
                return Outcome("used")
        return self._worst(found)

    def _of_list(self, module: ModuleFacts, read: Read, depth: int) -> Outcome:
        """What becomes of the ops in a list, apart from the functions that only put more of them into it."""
        bound = module.flow.definitions(read)
        if not all(binding.kind == "parameter" or isinstance(binding.value, Sequence) for binding in bound):
            return Outcome("used")
        ends = {end for binding in bound for end in module.uses.ends_of_list(binding)}
        ends = {end for end in ends if end.call is None or not self._only_fills(module, end.call, read.path, depth)}
        return self._worst([self._outcome(module, end, depth - 1) for end in ends])

    def _only_fills(self, module: ModuleFacts, call: Call, path: str, depth: int) -> bool:
        """Whether a function that is called does nothing with a list but put something into it."""
        place = self._project.links.called(module, call)
        if place is None or depth <= 0:
            return False
        home, scope = place
        names = [each.name for each in scope.parameters]
        taken = [name for name in names if path_of(module.flow.passed(call, scope, name) or call) == path]
        bindings = [home.flow.tree.bindings[index] for name in taken for index in scope.bindings.get(name, ())]
        ends = {end for each in bindings if each.kind == "parameter" for end in home.uses.ends_of_list(each)}
        return bool(taken) and all(
            end.is_nowhere
            or (end.kind == "given" and end.scope == scope.id and end.name in taken)
            or any(end.call is not None and self._only_fills(home, end.call, name, depth - 1) for name in taken)
            for end in ends
        )

    def _all_calls_known(self, module: ModuleFacts, scope: Scope) -> bool:
        """Whether every mention of a function is a call that is known to run it."""
        calls = self._project.links.calls_of(module, scope)
        if not calls or self._mentions(scope.name) != len(calls) or self._project.far.mention(scope.name):
            return False
        return not any(file.mentions_name(scope.name) for file in self._project.aside)

    def _mentions(self, name: str) -> int:
        """How often a name is read in the project, as a name or as an attribute."""
        if name not in self._mentioned:
            # Few files hold the word at all; to look for that in the text costs next to nothing.
            holding = (module for module in self._project.modules if name in module.flow.tree.own_text)
            self._mentioned[name] = sum(self._read_in(module)[name] for module in holding)
        return self._mentioned[name]

    def _read_in(self, module: ModuleFacts) -> Counter[str]:
        """How often each name is read in a module."""
        found = self._counted.get(module.filename)
        if found is None:
            found = self._counted[module.filename] = Counter()
            stack = [statement.value for statement in module.flow.tree.own_statements]
            stack += [v for scope in module.flow.tree.own_scopes for v in (*scope.decorators, *scope.bases)]
            while stack:
                value = stack.pop()
                stack.extend(value.children)
                if isinstance(value, (Read, Global, Attribute)):
                    name = value.name if isinstance(value, Attribute) else (path_of(value) or "").rpartition(".")[2]
                    found[name] += 1
        return found


@dataclass(frozen=True)
class LostOp:
    """An op that moves averages of a batch and that nothing runs.

    made: the assignment, or the ``apply`` of an average object; module, call: where it is lost, by default where
    it is made; where: what keeps it, in words.
    """

    made: Update | AppliedAverage
    home: ModuleFacts
    fate: Fate
    module: ModuleFacts
    call: Call
    where: str | None


def lost_ops(project: ProjectFacts) -> Iterator[LostOp]:
    """The ops of all modules written for graphs that nothing runs. What one caller drops is told once."""
    fates = project.fates
    seen: set[tuple[str, int]] = set()
    for module in project.modules:
        if project.era_of(module).tensorflow != "1":
            continue
        averages = [update for update in module.updates if update.average is not None]
        for made in (*averages, *applied_averages(project, module)):
            if module.runs_eagerly(made.scope) or module.runs_only_eagerly(made.call):
                continue
            outcome = fates.of(module, made.call)
            is_lost = outcome.fate in ("dropped", "kept")
            lost = [outcome.place or (module, made.call)] if is_lost else []
            if _is_given(module, made) and (outcome.place is not None or not is_lost):
                lost = list(fates.dropped_calls(module, made.call)) or lost
            outcome = outcome if is_lost else Outcome("dropped")
            for home, call in lost:
                if (home.filename, call.id) not in seen:
                    seen.add((home.filename, call.id))
                    yield LostOp(made, module, outcome.fate, home, call, outcome.where)


def _is_given(module: ModuleFacts, made: Update | AppliedAverage) -> bool:
    """Whether the caller says which variable is updated, so that each call makes an op for another one."""
    return isinstance(made, Update) and any(
        isinstance(binding.value, Parameter) and binding.scope == made.scope
        for binding in (module.flow.definitions(made.target) if isinstance(made.target, Read) else ())
    )
