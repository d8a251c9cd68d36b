"""Classes that only the type checker freezes are compared and hashed as frozen ones are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace

import pytest

from bnlint.frozen import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    row: int


@dataclass(frozen=True, eq=False)
class Room:
    row: int


@dataclass(frozen=True, slots=True)
class House:
    rooms: tuple[int, ...]
    colour: str = field(default="", compare=False)
    plan: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Nothing:
    pass


@dataclass(slots=True)
class Holder:
    things: list[Holder]


@dataclass(slots=True)
class Open:
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    row: int
    things: list[int] = field(default_factory=list[int])


@dataclass(frozen=True)
class Base:
    row: int
    column: int = 1


@dataclass(frozen=True)
class Above(Base):
    width: int = 2

    def __post_init__(self) -> None:
        seen.append(self)


seen: list[Above] = []


def test_made_of_their_fields() -> None:
    assert Named(row=1).things is not Named(row=1).things
    assert (Named(row=1, things=[2]).things, replace(Named(row=1), row=2).row) == ([2], 2)
    made = Above(3, width=4)
    assert (made.row, made.column, made.width, seen) == (3, 1, 4, [made])
    assert House((1,)).colour == ""


@pytest.mark.parametrize("wrong", [lambda: Named(1), lambda: Named(), lambda: Open(1, 2), lambda: Open(line=1)])
def test_of_nothing_else(wrong: Callable[[], object]) -> None:
    for _ in range(2):  # the first time of a class is another way
        with pytest.raises(TypeError, match=r"__init__\(\)"):
            wrong()


def test_by_their_fields() -> None:
    assert {Place(1), Place(1), Place(2)} == {Place(1), Place(2)}
    assert Place(1) < Place(2)


def test_only_by_those_that_count() -> None:
    assert {House((1,), "red"), House((1,), "green"), House((2,))} == {House((1,)), House((2,))}
    assert Nothing() == Nothing()
    assert len({Nothing(), Nothing()}) == 1


def test_shown_as_they_are_written() -> None:
    assert repr(House((1,), "red")) == "House(rooms=(1,), colour='red')"
    assert repr(Nothing()) == "Nothing()"


def test_what_holds_itself_is_shown_once() -> None:
    place = Holder([])
    place.things.append(place)
    assert repr(place) == "Holder(things=[...])"


def test_never_with_another_class() -> None:
    assert Place(1) != Open(1)
    assert House((1,)) != (1,)
    assert Nothing() != Room(1)


def test_by_themselves_where_they_are_not_compared() -> None:
    one, other = Room(1), Room(1)
    assert len({one, other}) == 2


def test_not_at_all_where_they_change() -> None:
    assert Open(1) == Open(1)
    assert Open.__hash__ is None
