"""The statistics do not live as long as they must."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
from libcst import matchers as m

from mutants.mutation import File, Place, called, calls, keyword, line, mentions, mutation, named, parts, without


def _class_of(place: Place) -> cst.ClassDef | None:
    return next((each for each in reversed(place.around) if isinstance(each, cst.ClassDef)), None)


def _created(file: File, *names: str) -> Iterator[tuple[Place, cst.BaseExpression, cst.Call]]:
    """``self.x = Constructor(...)`` in a class."""
    for place in file.places:
        pair = named(place.statement)
        if pair is None or len(place.around) < 2 or not isinstance(place.around[-1], cst.FunctionDef):
            continue
        target, value = pair
        of_self = isinstance(target, cst.Attribute) and file.code(target).startswith("self.")
        if of_self and called(value) in names and isinstance(value, cst.Call):
            yield place, target, value


@mutation("BN4")
def creation_moved_into_call(file: File) -> Iterator[cst.Module]:
    """The statistic is made by the method that updates it, at each call anew."""
    for place, _, value in _created(file, "Variable") if not file.in_graph else ():
        if mentions(file.module, "ExponentialMovingAverage"):
            continue
        flag = keyword(value, "trainable")
        if flag is None:
            continue
        owner = _class_of(place)
        caller = _method(owner, "__call__")
        if owner is None or caller is None or owner.bases[0].value.attr.value != "Module":  # pyright: ignore
            continue
        used = {each.value for each in parts(value, m.Name())}  # pyright: ignore
        local = {name.value for name in parts(place.around[-1].params, m.Name())} & used  # pyright: ignore
        if local - {"channels", "size", "filters"}:
            continue
        start = place.statement
        for name in local:
            start = start.deep_replace(_read(start, name), cst.parse_expression("x.shape[-1]"))  # pyright: ignore
        if "x" not in {each.name.value for each in caller.params.params}:
            continue
        moved = file.instead(place)
        new = _method(_find(moved, owner.name.value), "__call__")
        assert new is not None
        yield moved.deep_replace(new, new.with_deep_changes(new.body, body=[start, *new.body.body]))  # pyright: ignore


def _read(node: cst.CSTNode, name: str) -> cst.CSTNode:
    return parts(node, m.Name(name))[0]


def _find(module: cst.Module, name: str) -> cst.ClassDef:
    return next(each for each in module.body if isinstance(each, cst.ClassDef) and each.name.value == name)


def _method(owner: cst.ClassDef | None, name: str) -> cst.FunctionDef | None:
    body = owner.body.body if owner is not None else ()
    return next((each for each in body if isinstance(each, cst.FunctionDef) and each.name.value == name), None)


@mutation("BN4")
def layer_made_in_call(file: File) -> Iterator[cst.Module]:
    """``self.norm(x)`` → ``BatchNormalization()(x)``"""
    for place, target, value in _created(file, "BatchNormalization"):
        owner = _class_of(place)
        for use in parts(owner, m.Call()):  # pyright: ignore
            if isinstance(use, cst.Call) and file.code(use.func) == file.code(target):
                moved = file.replaced(use, use.with_changes(func=value))
                yield moved.deep_replace(_statement(moved, place.statement), cst.FlattenSentinel([]))  # pyright: ignore


def _statement(module: cst.Module, statement: cst.BaseStatement) -> cst.CSTNode:
    return next(each for each in parts(module, m.SimpleStatementLine()) if each.deep_equals(statement))


@mutation("BN4")
def weight_made_a_raw_variable(file: File) -> Iterator[cst.Module]:
    """``self.add_weight(...)`` → ``tf.Variable(...)``, which Keras 3 does not save."""
    for _, _, value in _created(file, "add_weight") if file.era == "keras3" else ():
        shape, start = keyword(value, "shape"), keyword(value, "initializer")
        if shape is None or start is None or keyword(value, "trainable") is None:
            continue
        filled = start.value.raw_value  # pyright: ignore
        raw = line("tf.Variable(tf.{filled}({shape}), trainable=False)".replace("{filled}", filled), shape=shape.value)
        made = file.replaced(value, raw.body[0].value)  # pyright: ignore
        yield made.with_changes(body=[*_after_docstring(made, line("import tensorflow as tf"))])


def _after_docstring(module: cst.Module, new: cst.SimpleStatementLine) -> list[cst.BaseStatement]:
    body = list(module.body)
    if any(m.matches(each, m.SimpleStatementLine([m.Import([m.ImportAlias(m.Name("tensorflow"))])])) for each in body):
        return body  # pyright: ignore
    start = next(i for i, each in enumerate(body) if parts(each, m.Import() | m.ImportFrom()))
    return [*body[:start], new, *body[start:]]  # pyright: ignore


@mutation("BN4")
def made_trainable(file: File) -> Iterator[cst.Module]:
    """``trainable=False`` dropped, of variables that are themselves the averages."""
    if mentions(file.module, "ExponentialMovingAverage"):
        return
    for call in calls(file.module, "Variable", "get_variable", "add_weight"):
        flag = keyword(call, "trainable")
        if flag is not None:
            yield file.replaced(call, without(call, flag))
