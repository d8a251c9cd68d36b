"""The variable gets a value, and it is the wrong one."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
from libcst import matchers as m

from mutants.mutation import File, calls, mentions, mutation, only, parts

ASSIGNS = ("assign", "assign_add", "assign_sub", "update")
MOMENTS = (
    ("mean", "variance"),
    ("mean", "var"),
    ("batch_mean", "batch_var"),
    ("means", "variances"),
    ("batch_mu", "batch_var"),
)


def _updates(file: File) -> Iterator[cst.Call]:
    for call in calls(file.module, *ASSIGNS):
        if "*" in file.code(call):
            yield call


def _complement(file: File, weight: cst.CSTNode) -> cst.CSTNode | None:
    """``m`` for ``1 - m``."""
    if m.matches(weight, m.BinaryOperation(m.Integer("1") | m.Float("1.0"), m.Subtract(), m.Name() | m.Attribute())):
        return weight.right  # pyright: ignore
    return None


@mutation("BN5")
def weights_swapped(file: File) -> Iterator[cst.Module]:
    """``m`` weighs the new value, ``1 - m`` the old one."""
    for update in _updates(file):
        new = update
        changed = False
        weights = [each for each in parts(update, m.BinaryOperation()) if _complement(file, each) is not None]
        for weight in weights:
            plain = _complement(file, weight)
            new = new.deep_replace(weight, cst.Name("OLD"))  # pyright: ignore
            for other in parts(new, m.Name() | m.Attribute()):
                if other.deep_equals(plain):  # pyright: ignore
                    new = new.deep_replace(other, weight)  # pyright: ignore
                    break
            new = new.deep_replace(parts(new, m.Name("OLD"))[0], plain)  # pyright: ignore
            changed = True
        if changed:
            yield file.replaced(update, new)


@mutation("BN5")
def small_momentum(file: File) -> Iterator[cst.Module]:
    """``momentum=0.9`` → ``momentum=0.1``: the weight of the old value, in Keras."""
    for call in calls(file.module, "BatchNormalization", "batch_normalization"):
        for arg in call.args:
            if arg.keyword is not None and arg.keyword.value == "momentum" and m.matches(arg.value, m.Float()):
                rest = f"{1 - float(arg.value.value):.3g}"  # pyright: ignore
                yield file.replaced(arg, arg.with_changes(value=cst.Float(rest)))


@mutation("BN5")
def variance_fed_the_mean(file: File) -> Iterator[cst.Module]:
    """The moving variance follows the mean of the batch."""
    for update in _updates(file):
        for mean, variance in MOMENTS:
            for source in parts(update, m.Name(variance)) if mentions(file.module, mean) else ():
                if not any(attribute.attr is source for attribute in parts(update, m.Attribute())):  # pyright: ignore
                    yield file.replaced(update, update.deep_replace(source, cst.Name(mean)))  # pyright: ignore


@mutation("BN5")
def one_update_dropped(file: File) -> Iterator[cst.Module]:
    """One of the two statistics is not updated."""
    for place in file.places:
        statement = place.statement
        small = only(statement)
        if isinstance(small, cst.Expr) and len(calls(statement, *ASSIGNS, "move", "_follow", "show")) == 1:
            siblings = [each for each in place.block.body if calls(each, *ASSIGNS, "move", "_follow", "show")]
            if len(siblings) == 2:
                yield file.instead(place)
        elif isinstance(small, cst.Assign) and file.in_graph and isinstance(statement, cst.SimpleStatementLine):
            yield from _dropped_from_lists(file, place)


def _dropped_from_lists(file: File, place) -> Iterator[cst.Module]:  # pyright: ignore
    small = only(place.statement)
    target = small.targets[0].target
    if not isinstance(target, cst.Name) or not calls(small.value, "assign", "assign_add", "assign_sub"):
        return
    rest = file.instead(place)
    lists = [
        each
        for each in parts(rest, m.List())
        if any(m.matches(e, m.Element(m.Name(target.value))) for e in each.elements)
    ]  # pyright: ignore
    if len(lists) != 1 or len(lists[0].elements) != 2:
        return
    kept = [
        e.with_changes(comma=cst.MaybeSentinel.DEFAULT)
        for e in lists[0].elements
        if not m.matches(e, m.Element(m.Name(target.value)))
    ]
    yield rest.deep_replace(lists[0], lists[0].with_changes(elements=kept))  # pyright: ignore
