"""Dataclasses that only the type checker keeps from being changed.

At run time a frozen dataclass sets its fields one by one through ``object.__setattr__``, which makes it three times as
expensive to create; that is too much for what there are hundreds of thousands of, the values of a module. And its class
takes half as long again to be made, which a run on a few files waits for more than for anything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses

    def dataclass(*, frozen: bool = False, eq: bool = True, **options: bool):
        """`dataclasses.dataclass`, with the hash that a frozen one has."""
        return dataclasses.dataclass(eq=eq, unsafe_hash=frozen and eq, **options)


__all__ = ["dataclass"]
