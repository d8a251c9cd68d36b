"""Dataclasses that only the type checker keeps from being changed.

At run time a frozen dataclass sets its fields one by one through ``object.__setattr__``, which makes it three times as
expensive to create; that is too much for what there are hundreds of thousands of, the values of a module. And its class
takes five times as long to be made with methods that are generated for it, which a run on a few files waits for more
than for anything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses
    from operator import attrgetter
    from reprlib import recursive_repr

    def dataclass(*, frozen: bool = False, eq: bool = True, order: bool = False, **options: bool):
        """`dataclasses.dataclass`, with the hash that a frozen one has."""

        def decorated(cls: type) -> type:
            if order:
                return dataclasses.dataclass(unsafe_hash=frozen, order=True, **options)(cls)
            # A class that is made with slots has its defaults no more.
            body = dict(vars(cls))
            made = dataclasses.dataclass(eq=False, repr=False, init=False, **options)(cls)
            made.__repr__ = _shown
            if "__init__" not in made.__dict__:
                made.__init__ = _generated_when_called(made, body, options | {"slots": False})
            if eq:
                made.__eq__, made.__hash__ = _compared(made, frozen)
            return made

        return decorated

    def _generated_when_called(cls: type, body: dict[str, object], options: dict[str, bool]):
        """``__init__`` of a class, generated when its first object is made: most classes of a run never have any."""

        def first(self, *values: object, **named: object) -> None:
            twin = type(cls.__name__, cls.__bases__, body)
            cls.__init__ = dataclasses.dataclass(eq=False, repr=False, **options)(twin).__init__
            cls.__init__(self, *values, **named)

        return first

    @recursive_repr()
    def _shown(self) -> str:
        shown = (f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def _compared(cls: type, frozen: bool):
        names = [each.name for each in dataclasses.fields(cls) if each.compare]
        values = attrgetter(*names) if names else type

        def equals(self, other: object):
            return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

        def hashed(self) -> int:
            return hash(values(self))

        return equals, hashed if frozen else None


__all__ = ["dataclass"]
