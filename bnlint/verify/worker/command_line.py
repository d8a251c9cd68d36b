"""Command-line flags of ``absl``, as TensorFlow programs define them: nobody gave any, so all have their defaults."""

from __future__ import annotations

import sys
from typing import Any, Set


def defined() -> Set[str]:
    """The names of all flags."""
    flags = _flags()
    return set() if flags is None else set(flags)


def parse() -> None:
    """Let code read them that its own program would have parsed first."""
    flags = _flags()
    if flags is not None and not flags.is_parsed():
        flags.mark_as_parsed()


def forget(known: Set[str]) -> None:
    """All but these are gone, so that the same file can define them again."""
    flags = _flags()
    for name in defined() - known:
        delattr(flags, name)


def _flags() -> Any:
    module = sys.modules.get("absl.flags")
    return getattr(module, "FLAGS", None)
