"""Dataclasses as JSON data, and back: checked against their annotations, so that nothing else can come in."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

# Says which class a value has.
_CLASS = "is"


class PlainError(Exception):
    """Data that does not have the form it should have."""


def to_plain(value: Any) -> Any:
    """What :func:`from_plain` reads; fields that have their default are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        plain: dict[str, Any] = {_CLASS: type(value).__name__}
        for each in dataclasses.fields(value):
            held = getattr(value, each.name)
            if each.default is dataclasses.MISSING or held != each.default:
                plain[each.name] = to_plain(held)
        return plain
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [to_plain(item) for item in cast("tuple[Any, ...]", value)]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"{type(value).__name__} is no plain data")


def from_plain(kind: Any, data: Any, names: Mapping[str, Any]) -> Any:
    """A value of a type: a dataclass, an enum, a tuple, a named tuple, a union of these, or a plain one.

    names: what annotations mean that their modules do not import. Raises PlainError.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _one_of(arguments, data, names)
    if origin is Literal:
        return _checked(data, type(data) is str and data in arguments)
    if origin is tuple:
        return tuple(from_plain(arguments[0], item, names) for item in _items(data))
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, data, names)
    if issubclass(kind, Enum):
        return kind(_checked(data, any(data == member.value for member in kind)))
    if issubclass(kind, tuple):
        return _named_tuple(kind, _items(data), names)
    return _checked(data, type(data) is kind or (kind is float and type(data) is int))


def _dataclass(kind: Any, data: Any, names: Mapping[str, Any]) -> Any:
    fields = {each.name: each for each in dataclasses.fields(kind)}
    given = _mapping(data)
    _checked(given, given.pop(_CLASS, None) == kind.__name__ and given.keys() <= fields.keys())
    for name, each in fields.items():
        _checked(given, name in given or each.default is not dataclasses.MISSING)
    hints = _hints(kind, tuple(names.items()))
    return kind(**{name: from_plain(hints[name], held, names) for name, held in given.items()})


def _named_tuple(kind: Any, items: list[Any], names: Mapping[str, Any]) -> Any:
    hints = _hints(kind, tuple(names.items()))
    _checked(items, len(items) == len(hints))
    return kind(*(from_plain(hint, item, names) for hint, item in zip(hints.values(), items, strict=True)))


def _one_of(kinds: tuple[Any, ...], data: Any, names: Mapping[str, Any]) -> Any:
    if data is None:
        return _checked(None, types.NoneType in kinds)
    others = [kind for kind in kinds if kind is not types.NoneType]
    if len(others) == 1:
        return from_plain(others[0], data, names)
    name = _mapping(data).get(_CLASS)
    for kind in others:
        if dataclasses.is_dataclass(kind) and cast("type[Any]", kind).__name__ == name:
            return from_plain(kind, data, names)
    raise PlainError("none of the classes that may stand here")


def _items(data: Any) -> list[Any]:
    return _checked(data, type(data) is list)


def _mapping(data: Any) -> dict[str, Any]:
    return dict(_checked(data, type(data) is dict))


def _checked(data: Any, fits: bool) -> Any:
    if not fits:
        raise PlainError(f"{str(data)[:40]!r} does not fit")
    return data


@cache
def _hints(kind: Any, names: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    return get_type_hints(kind, localns=dict(names))
