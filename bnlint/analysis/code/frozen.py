"""Dataclasses that only the type checker keeps from being changed.

At run time a frozen dataclass sets its fields one by one through ``object.__setattr__``, which makes it three times as
expensive to create. That is too much for what there are hundreds of thousands of, the values of a module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses

    def dataclass(*, slots: bool, frozen: bool = False):
        """`dataclasses.dataclass`, with the hash that a frozen one has."""
        return dataclasses.dataclass(slots=slots, unsafe_hash=frozen)


__all__ = ["dataclass"]
