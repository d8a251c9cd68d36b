"""The layer is not told the right phase, or updates in both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst
from libcst import matchers as m

from mutants.mutation import (
    BATCH_NORMS,
    PHASES,
    File,
    Place,
    called,
    calls,
    keyword,
    mentions,
    mutation,
    named,
    parts,
    without,
)


def _is_false(arg: cst.Arg) -> bool:
    return m.matches(arg.value, m.Name("False"))


def _bases(place: Place) -> str:
    return " ".join(
        base.value.attr.value if isinstance(base.value, cst.Attribute) else getattr(base.value, "value", "")
        for each in place.around
        if isinstance(each, cst.ClassDef)
        for base in each.bases
    )


def _in_keras(place: Place) -> bool:
    """Whether Keras tells the layers the phase by itself."""
    return any(base in _bases(place) for base in ("Layer", "Model"))


def _lines(file: File) -> Iterator[tuple[Place, cst.SimpleStatementLine]]:
    for place in file.places:
        if isinstance(place.statement, cst.SimpleStatementLine):
            yield place, place.statement


@mutation("BN3")
def training_flag_dropped(file: File) -> Iterator[cst.Module]:
    """A layer outside of Keras classes, or a model under a tape, is called without the flag."""
    for place, statement in _lines(file):
        if file.in_graph:
            told = calls(statement, *BATCH_NORMS)
        elif (place.around and not _in_keras(place)) or _under_tape(file, place):
            told = _told_layers(file, place, statement)
        else:
            continue
        for call in told:
            flag = keyword(call, *PHASES)
            if flag is not None and not _is_false(flag):
                yield file.replaced(call, without(call, flag))


def _under_tape(file: File, place: Place) -> bool:
    return any(
        isinstance(other.statement, cst.With)
        and other.statement.body is place.block
        and any(called(item.item) == "GradientTape" for item in other.statement.items)
        for other in file.places
    )


def _told_layers(file: File, place: Place, statement: cst.BaseStatement) -> Iterator[cst.Call]:
    """Calls of Keras batch norms, and of models under a tape which hold one."""
    for call in parts(statement, m.Call()):
        assert isinstance(call, cst.Call)
        makers = list(_makers(file, place, file.code(call.func)))
        is_layer = any(called(maker) in BATCH_NORMS for maker in makers)
        if is_layer or (_under_tape(file, place) and any(_holds_norm(file, maker) for maker in makers)):
            yield call


def _makers(file: File, place: Place, name: str) -> Iterator[cst.CSTNode]:
    """What makes the thing of this name: a call; of ``self`` the class; of a parameter any class of the file."""
    classes = [each.statement for each in file.places if isinstance(each.statement, cst.ClassDef)]
    if name == "self":
        yield from (each for each in place.around if isinstance(each, cst.ClassDef))
        return
    known = False
    for target, value in (pair for each in file.places if (pair := named(each.statement))):
        if isinstance(target, cst.Tuple) and isinstance(value, cst.Tuple):
            pairs = [(one.value, other.value) for one, other in zip(target.elements, value.elements, strict=False)]
        else:
            pairs = [(target, value)]
        for one, made in pairs:
            if file.code(one) == name and isinstance(made, cst.Call):
                known = True
                yield made
    if not known and name.rpartition(".")[2] == "model":
        yield from classes


def _holds_norm(file: File, maker: cst.CSTNode) -> bool:
    """Whether a class, or what a call runs, makes a batch norm."""
    if isinstance(maker, cst.ClassDef):
        return bool(calls(maker, "BatchNormalization"))
    name = called(maker)
    return any(
        isinstance(each.statement, cst.ClassDef | cst.FunctionDef)
        and each.statement.name.value == name
        and calls(each.statement, "BatchNormalization")
        for each in file.places
    )


@mutation("BN3")
def flag_not_forwarded(file: File) -> Iterator[cst.Module]:
    """A function of a graph hands its flag on to another one no more, which has False for default then."""
    if not file.in_graph:
        return
    for place in file.places:
        function = place.statement
        if not isinstance(function, cst.FunctionDef) or not calls(function, *BATCH_NORMS):
            continue
        flag = next((each for each in function.params.params if each.name.value in PHASES), None)
        if flag is None or _is_predicate(function, flag.name.value):
            continue
        position = function.params.params.index(flag)
        needed = [each for each in function.params.params[position + 1 :] if each.default is None]
        if needed:
            continue
        defaulted = file.replaced(
            flag,
            flag.with_changes(
                default=cst.Name("False"), equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
            ),
        )
        inside = File(defaulted, file.era)
        for call in calls(defaulted, function.name.value):
            passed = keyword(call, flag.name.value) or (call.args[position] if len(call.args) == position + 1 else None)
            if passed is not None and not _is_false(passed):
                yield inside.replaced(call, without(call, passed))


def _is_predicate(function: cst.FunctionDef, flag: str) -> bool:
    """Whether ``tf.cond`` gets the flag: it takes no Python truth value, so such a program fails at once.

    Run in TensorFlow 1.15 and 2.21 each of them ends with "TypeError: pred must not be a Python bool".
    """
    conditions = (call.args[0].value for call in calls(function, "cond"))
    return any(m.matches(condition, m.Name(flag)) for condition in conditions)


@mutation("BN3", "BN2")
def update_hoisted_out_of_branch(file: File) -> Iterator[cst.Module]:
    """The updates stand before the test of the phase, or before the functions that ``tf.cond`` chooses from."""
    for place in file.places:
        branch = place.statement
        # In a graph the caller builds each phase once, by itself.
        asks = (
            isinstance(branch, cst.If) and m.matches(branch.test, m.OneOf(*map(m.Name, PHASES))) and not file.in_graph
        )
        if not asks and not (isinstance(branch, cst.FunctionDef) and _chosen(place, branch)):
            continue
        assert isinstance(branch, cst.If | cst.FunctionDef)
        body = branch.body
        assert isinstance(body, cst.IndentedBlock)
        last = max((i for i, each in enumerate(body.body) if _is_update(each)), default=None)
        if last is None or not all(isinstance(each, cst.SimpleStatementLine) for each in body.body[: last + 1]):
            continue
        hoisted, kept = body.body[: last + 1], body.body[last + 1 :]
        if any(calls(each, "apply") for each in kept):
            continue  # the averages still move in the branch
        if isinstance(branch, cst.If) and _follows_the_phase(place, hoisted):
            continue
        if kept:
            yield file.instead(place, *hoisted, branch.with_deep_changes(body, body=kept))  # pyright: ignore
        elif isinstance(branch, cst.If) and isinstance(branch.orelse, cst.Else):
            other = cst.If(cst.UnaryOperation(cst.Not(), branch.test), branch.orelse.body)
            yield file.instead(place, *hoisted, other)  # pyright: ignore
        elif isinstance(branch, cst.If) and branch.orelse is None:
            yield file.instead(place, *hoisted)  # pyright: ignore


def _follows_the_phase(place: Place, updates: Sequence[cst.BaseStatement]) -> bool:
    """Whether what is assigned comes out of a kernel that is told the phase.

    Told that it is inference, ``fused_batch_norm`` hands out the statistics that it was given: when this is run, no
    update changes anything, wherever it stands.
    """
    told = [each for each in place.block.body[: place.index] if calls(each, "fused_batch_norm")]
    given = [name.value for each in told for name in parts(each, m.Name())]  # pyright: ignore
    values = [call.args[0].value for each in updates for call in calls(each, "assign")]
    fed = bool(values) and all(isinstance(value, cst.Name) and value.value in given for value in values)
    return fed and any(mentions(each, *PHASES) for each in told)


def _is_update(statement: cst.CSTNode) -> bool:
    return bool(calls(statement, "assign", "assign_add", "assign_sub"))


def _chosen(place: Place, function: cst.FunctionDef) -> bool:
    """Whether ``tf.cond`` calls the function."""
    return any(
        any(m.matches(arg.value, m.Name(function.name.value)) for arg in call.args)
        for each in place.block.body
        for call in calls(each, "cond")
    )


@mutation("BN3")
def training_removed_from_call(file: File) -> Iterator[cst.Module]:
    """A Keras 3 model's ``call`` takes no ``training`` any more, and so tells it to nobody."""
    for place in file.places:
        function = place.statement
        if file.era != "keras3" or not isinstance(function, cst.FunctionDef) or function.name.value != "call":
            continue
        flag = next((each for each in function.params.params if each.name.value == "training"), None)
        if flag is None or "Model" not in _bases(place) or mentions(file.module, "GradientTape"):
            continue
        params = [each for each in function.params.params if each is not flag]
        params[-1] = params[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        new = function.with_deep_changes(function.params, params=params)
        for call in parts(new, m.Call()):
            told = keyword(call, "training")  # pyright: ignore
            if told is not None:
                new = new.deep_replace(_same(new, call), without(_same(new, call), told))  # pyright: ignore
        if not mentions(new.body, "training"):  # pyright: ignore
            yield file.replaced(function, new)


def _same(node: cst.CSTNode, call: cst.CSTNode) -> cst.Call:
    return next(each for each in parts(node, m.Call()) if each.deep_equals(call))  # pyright: ignore
