"""Classes that only the type checker freezes are compared and hashed as frozen ones are."""

from __future__ import annotations

from dataclasses import field

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
